"""Download files of one repository into the Hugging Face cache: what `HubFiles.fetch` runs as a program of its own.

    python -m course_utils.base.hub_download OWNER/NAME FILE …

Large files are called after their SHA-256 in the cache. One that does not have it is removed and fetched once more;
huggingface_hub compares sizes only. If anything fails, the last line that is printed says why.
"""

from __future__ import annotations

import hashlib
import signal
import sys
from pathlib import Path

from course_utils.base.hub import first_line


def download(repository: str, file: str) -> None:
    """One file, with its SHA-256 compared.

    Raises:
        ValueError: if it came with other bytes twice.
    """
    from huggingface_hub import hf_hub_download

    for _ in range(2):
        path = Path(hf_hub_download(repository, file))
        blob = path.resolve()
        if len(blob.name) != 64:  # small files have another name; so has a copy where there are no links
            return
        with blob.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() == blob.name:
                return
        path.unlink()
        blob.unlink(missing_ok=True)
    raise ValueError(f"{file} arrived with other bytes than the hub says, twice")


def main(repository: str, *files: str) -> None:
    """Download all of them.

    Raises:
        SystemExit: with the reason, in one line.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that temporary files are removed
    for file in files:
        try:
            download(repository, file)
        except Exception as error:  # the network's, the hub's or the disk's
            while error.__cause__ and isinstance(
                error.__cause__, Exception
            ):  # huggingface_hub wraps what happened
                error = error.__cause__
            sys.exit(first_line(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
