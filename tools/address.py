"""The repository's address. It stands in pyproject.toml, under [project.urls], or nowhere yet.

Python's own library is all it needs: `course.py lab` offers the address of a clone's origin.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = re.compile(r'^(\[project\.urls\].*\n)(?:Repository = "(.*)"\n)?', re.MULTILINE)
ORIGIN = re.compile(r"(?:https://(?:[^@/]*@)?|ssh://git@|git@)github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?")


def checked(url: str) -> str:
    """The address without a slash or ``.git`` at its end.

    Raises:
        ValueError: if it is not ``https://github.com/OWNER/NAME``, which both launchers need.
    """
    short = url.removesuffix("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", short):
        raise ValueError(f"{url!r} is not of the form https://github.com/OWNER/NAME")
    return short


def address(root: Path = ROOT) -> str | None:
    """What pyproject.toml gives, or None.

    Raises:
        ValueError: if no launcher could use it.
    """
    found = TABLE.search((root / "pyproject.toml").read_text(encoding="utf-8"))
    return checked(found[2]) if found and found[2] else None


def with_address(project: str, repository: str | None) -> str:
    """The text of pyproject.toml with this address; None takes it out.

    Raises:
        ValueError: if it has no table ``[project.urls]``.
    """
    line = f'Repository = "{repository}"\n' if repository else ""
    text, n = TABLE.subn(lambda found: found[1] + line, project)
    if n != 1:
        raise ValueError(f"{n} tables [project.urls] in pyproject.toml, where one belongs")
    return text


def origin(root: Path = ROOT) -> str | None:
    """Where this clone comes from, if that is GitHub, which both launchers read from."""
    if not (root / ".git").exists():
        return None
    asked = ["git", "-C", str(root), "config", "--get", "remote.origin.url"]
    try:
        done = subprocess.run(asked, capture_output=True, encoding="utf-8", errors="replace", timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = ORIGIN.fullmatch(done.stdout.strip())
    return f"https://github.com/{found[1]}" if found else None


def offer(root: Path = ROOT) -> str:
    """A line for whoever could have buttons and has none; empty for all others."""
    found = None if address(root) else origin(root)
    return f"For Binder and Colab buttons that open this clone: course.py address {found}" if found else ""
