"""Where is a file that others published: in the Hugging Face cache of this machine, or at the hub?

Nothing here downloads. Ask `cached_folder` first, and `hub_problem` before a download that a learner would wait for.
``HF_HOME``, ``HF_HUB_CACHE``, ``HF_HUB_OFFLINE`` and ``HF_ENDPOINT`` count as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

PROBE = ("openai-community/gpt2", "config.json")  # small, and at every mirror


def cached_folder(repository: str, files: Sequence[str]) -> Path | None:
    """The folder in the cache that holds all of a repository's ``files``, or None. The first file names the folder.

    Examples:
        >>> print(cached_folder("nobody/has-this", ["config.json"]))
        None

    Args:
        repository: ``"owner/name"`` at the hub.
        files: paths within the repository.
    """
    from huggingface_hub import try_to_load_from_cache

    paths = [try_to_load_from_cache(repository, file) for file in files]
    found = [path for path in paths if isinstance(path, str)]
    return Path(found[0]).parent if len(found) == len(paths) else None


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
            answers.put(f"{constants.ENDPOINT} answers {status}" if status >= 500 else None)
        except Exception as error:
            answers.put(f"{constants.ENDPOINT} cannot be reached ({first_line(error)})")

    Thread(target=ask, daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except Empty:
        return f"{constants.ENDPOINT} does not answer"


def first_line(error: Exception) -> str:
    r"""An error of a library in one line.

    Examples:
        >>> first_line(ValueError("it broke.\nhere is a page of advice")), first_line(KeyError("W_enc"))
        ('it broke', "KeyError 'W_enc'")

    Returns:
        The first line of its message without the full stop; the error's type before it if that is a single word.
    """
    line = (str(error).strip().splitlines() or [""])[0].rstrip(" .:")
    return line if " " in line else f"{type(error).__name__} {line}"  # a KeyError says no more than the key
