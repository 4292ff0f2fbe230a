"""Download files of one repository into the Hugging Face cache: what `HubFiles.fetch` runs as a program of its own.

    python -m course_utils.base.hub_download OWNER/NAME FILE …

Files are called after their SHA-256, or their Git object, in the cache. One that does not have it is removed and fetched
once more; huggingface_hub compares sizes only. If anything fails, the last line that is printed says why.
"""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

from course_utils.base.hub import first_line, in_words, is_damaged

FIRST_ANSWER = 10.0  # seconds to the first byte of an answer


def download(repository: str, file: str) -> None:
    """One file, with its checksum compared.

    Raises:
        ValueError: if it came with other bytes twice, or the hub names no checksum.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    # it becomes the name of a file in the cache
    etag = get_hf_file_metadata(hf_hub_url(repository, file), timeout=FIRST_ANSWER).etag
    if not re.fullmatch(r"[0-9a-fA-F]{32,64}(-\d+)?", etag or ""):
        raise ValueError(f"the hub calls {file} {str(etag)[:40]!r}, which is no checksum")
    for _ in range(2):
        path = Path(hf_hub_download(repository, file, etag_timeout=FIRST_ANSWER))
        if not is_damaged(path):
            return
        blob = path.resolve()
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
            status = getattr(getattr(error, "response", None), "status_code", None)
            sys.exit(f"the hub {in_words(status)}: {file}" if status else first_line(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
