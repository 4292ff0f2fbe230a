"""What a test needs of the system that not every system has: where it is missing, the test is skipped and says why.

pytestmark = needs.linux("it reads /proc")
@needs.links
"""

import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest


def posix(what: str) -> pytest.MarkDecorator:
    """A mark for a test of forks, pipes, signals or permissions."""
    return pytest.mark.skipif(not hasattr(os, "fork"), reason=f"needs POSIX: {what}")


def linux(what: str) -> pytest.MarkDecorator:
    """A mark for a test of something that only Linux has."""
    return pytest.mark.skipif(sys.platform != "linux", reason=f"needs Linux: {what}")


@cache
def can_link() -> bool:
    """Windows lets only some users make symbolic links."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            Path(folder, "link").symlink_to(folder)
        except (OSError, NotImplementedError):
            return False
    return True


links = pytest.mark.skipif(not can_link(), reason="needs symbolic links, which this user may not make")


def link_or_copy(link: Path, file: Path) -> None:
    """As huggingface_hub's cache holds a file: a link, or a copy where there are none."""
    if can_link():
        link.symlink_to(file)
    else:
        shutil.copy(file, link)
