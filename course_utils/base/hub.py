"""Where is a file that others published: in the Hugging Face cache of this machine, or at the hub?

`HubFiles` names files of one repository: ``find()`` looks on this machine only, ``fetch()`` asks the hub whether it
answers at all and then downloads them. Whoever wants files of the hub takes this way.
``HF_HOME``, ``HF_HUB_CACHE``, ``HF_HUB_OFFLINE`` and ``HF_ENDPOINT`` count as everywhere.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from filelock import FileLock, Timeout

from course_utils.base.fetching import Unavailable, run_fetch

T = TypeVar("T")
PACKAGE = Path(__file__).parents[2]  # where course_utils is found, for a program of its own
PROBE = ("openai-community/gpt2", "config.json")  # small, and at every mirror


@dataclass(frozen=True)
class HubFiles:
    """Files of one repository at the hub that are of use together."""

    title: str
    """What a sentence calls them: ``"GPT-2 small"``."""

    repository: str
    """``"owner/name"``."""

    files: tuple[str, ...]
    """Paths within the repository; the first one's folder is the one that is found."""

    megabytes: float
    """What a download takes."""

    older_names: tuple[str, ...] = ()
    """Names under which older programs cached the same repository."""

    def find(self) -> Path | None:
        """The folder that holds all files if they are on this machine."""
        names = (self.repository, *self.older_names)
        return next((folder for name in names if (folder := cached_folder(name, self.files))), None)

    def fetch(self) -> Path:
        """The folder that holds all files, which come from the hub if they are not on this machine.

        Raises:
            Unavailable: with the reason, without a full stop.
        """
        if folder := self.find():
            return folder
        if problem := hub_problem():
            raise Unavailable(f"{self.title} is not complete in the Hugging Face cache and {problem}")
        try:
            reason = self._download()
        except Unavailable as limit:
            reason = str(limit)
            if lock := self._held_lock():
                reason += f"; another program holds {lock}: end it"
        if folder := self.find():
            return folder
        raise Unavailable(f"the download of {self.title} broke off ({reason})")

    def read(self, reader: Callable[[Path], T]) -> T:
        """What a reader makes of the folder, which comes from the hub if it is not on this machine.

        Where the reader raises a ValueError and files in the cache are damaged, those are fetched again, once.

        Raises:
            Unavailable: with the reason, without a full stop.
            ValueError: if the files are as the hub has them, and cannot be read.
        """
        folder = self.fetch()
        try:
            return reader(folder)
        except ValueError:
            if not self.remove_damaged():
                raise
        return reader(self.fetch())

    def remove_damaged(self) -> list[str]:
        """Remove files from the cache that are not what the hub said of them, if it answers. Returns their names."""
        gone: list[str] = []
        if hub_problem():
            return gone
        for repository in (self.repository, *self.older_names):
            if (folder := cached_folder(repository, self.files)) is None:
                continue
            for _ in Path(self.files[0]).parts[1:]:
                folder = folder.parent
            for file in self.files:
                if is_damaged(path := folder / file):
                    path.resolve().unlink(missing_ok=True)
                    path.unlink(missing_ok=True)
                    gone.append(file)
        return gone

    def _held_lock(self) -> Path | None:
        """What another process holds, and may be stopped or suspended with."""
        from huggingface_hub import constants

        locks = Path(constants.HF_HUB_CACHE, ".locks", f"models--{self.repository.replace('/', '--')}")
        for path in sorted(locks.glob("*.lock")):
            lock = FileLock(path)
            try:
                lock.acquire(timeout=0)
            except (Timeout, OSError, NotImplementedError):
                return path
            lock.release()
        return None

    def _download(self) -> str:
        """Have a program of its own download them, which can be ended whatever it waits for. Returns its last line."""
        from huggingface_hub import constants

        paths = [str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])]
        fetched = run_fetch(
            [sys.executable, "-P", "-m", "course_utils.base.hub_download", self.repository, *self.files],
            Path(constants.HF_HUB_CACHE) / f"models--{self.repository.replace('/', '--')}",
            title=f"{self.title} from {constants.ENDPOINT}",
            megabytes=self.megabytes,
            environment={
                "PYTHONPATH": os.pathsep.join(paths),
                "HF_ENDPOINT": constants.ENDPOINT,
                "HF_HUB_CACHE": constants.HF_HUB_CACHE,
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            },
        )
        return (fetched.said.strip().splitlines() or ["something is missing"])[-1]


def cached_folder(repository: str, files: Sequence[str]) -> Path | None:
    """The folder in the cache that holds all of a repository's ``files``, or None. The first file names the folder.

    Examples:
        >>> print(cached_folder("nobody/has-this", ["config.json"]))
        None

    Args:
        repository: ``"owner/name"`` at the hub.
        files: paths within the repository.

    Raises:
        ValueError: if no file is asked for, or there can be no such repository.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    if not files:
        raise ValueError("files is empty: name the files that are of use together")
    try:
        paths = [try_to_load_from_cache(repository, file) for file in files]
    except HFValidationError as error:
        raise ValueError(f"repository is {repository!r}, not OWNER/NAME") from error
    found = [path for path in paths if isinstance(path, str)]
    return Path(found[0]).parent if len(found) == len(paths) else None


def is_damaged(path: Path) -> bool:
    """Whether a file of the hub's cache has other bytes than its name says.

    A blob is called after its SHA-256, if it is large, else after its Git object; what is called otherwise, as where
    there are no links, is not known.
    """
    blob = path.resolve()
    kind = {64: hashlib.sha256(), 40: hashlib.sha1(usedforsecurity=False)}.get(len(blob.name))
    if kind is None or not blob.is_file():
        return False
    if kind.name == "sha1":
        kind.update(f"blob {blob.stat().st_size}\0".encode())
    with blob.open("rb") as content:
        while part := content.read(1 << 20):
            kind.update(part)
    return kind.hexdigest() != blob.name


def hub_problem(seconds: float = 3.0) -> str | None:
    """Why the hub cannot be asked, or None if it answers.

    The question is put in a thread of its own: neither a name server nor a hub that trickles keeps to a timeout.

    Examples:
        >>> from unittest.mock import patch
        >>> with patch("huggingface_hub.constants.HF_HUB_OFFLINE", True):  # as if the variable were set
        ...     hub_problem()
        'HF_HUB_OFFLINE is set'

    Args:
        seconds: how long to wait for an answer.

    Returns:
        The reason in a few words, without a full stop.
    """
    from huggingface_hub import constants, get_session, hf_hub_url

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    answers: SimpleQueue[str | None] = SimpleQueue()

    def ask() -> None:
        try:
            status = get_session().head(hf_hub_url(*PROBE), timeout=seconds).status_code
            busy = status == 429 or status >= 500
            answers.put(f"{constants.ENDPOINT} {in_words(status)}" if busy else None)
        except Exception as error:
            answers.put(f"{constants.ENDPOINT} cannot be reached ({first_line(error)})")

    Thread(target=ask, daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except Empty:
        return f"{constants.ENDPOINT} does not answer"


STATUS = {
    401: "asks for an account (401): run `hf auth login`, or unset HF_TOKEN if it is an old one",
    403: "does not give it to this account (403)",
    404: "does not have it (404)",
    429: "is asked too often from here (429): wait some minutes",
}


def in_words(status: int) -> str:
    """What a hub's status means to who waits for a file.

    Examples:
        >>> in_words(404), in_words(503)
        ('does not have it (404)', 'is out of order (503)')
    """
    return STATUS.get(status, f"is out of order ({status})" if status >= 500 else f"answers {status}")


def first_line(error: Exception) -> str:
    r"""An error of a library in one sentence.

    Examples:
        >>> first_line(ValueError("it broke. Here is a page of advice")), first_line(KeyError("W_enc"))
        ('it broke', "KeyError 'W_enc'")

    Returns:
        The first sentence of its message's first line, without the full stop; the error's type before it if that is a
        single word.
    """
    line = re.split(r"\. +(?=[A-Z])", (str(error).strip().splitlines() or [""])[0])[0].rstrip(" .:")
    return line if " " in line else f"{type(error).__name__} {line}"  # a KeyError says no more than the key
