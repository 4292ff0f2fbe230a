"""The one way in which the course writes a file: all of it, or none, and never over what is no plain file.

    with whole_file(path) as unfinished:      # a temporary file beside it
        save_file(weights, unfinished)        # written, flushed, and put in its place when the block ends well

A process that is killed, or a disk that is full, leaves the file that was there before. What such a process leaves
beside it is removed when the same file is written the next time. Symbolic links are written through.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ABANDONED = 24 * 3600.0  # seconds after which nobody still writes, whatever process has that number now


class NotAPlainFile(OSError):
    """A folder, a device or a pipe stands where a file should be written."""


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """The path of a temporary file to write to; it takes the place of ``path`` when the block ends without an error.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     with whole_file(Path(folder, "scores.txt")) as unfinished:
        ...         _ = unfinished.write_text("l0 32", encoding="utf-8")
        ...     [(file.name, file.read_text(encoding="utf-8")) for file in Path(folder).iterdir()]
        [('scores.txt', 'l0 32')]

    Args:
        path: in a folder that exists. If it is a link, what it points to is written. A file that is there keeps its
            permissions.

    Raises:
        NotAPlainFile: if it is a folder, a device, a pipe or a socket: those are never replaced.
        OSError: if it is read-only, or its folder, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    check_writable(target)
    _remove_left_overs(target)
    unfinished = target.with_name(f".{_short(target.name)}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        os.close(
            os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        )  # the umask takes its share
        mode = unfinished.stat().st_mode
        try:
            yield unfinished
        except Exception as error:
            if not isinstance(error, OSError) and "os error 28" in str(error):  # as safetensors says it
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
            raise
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, unfinished)
        else:
            unfinished.chmod(mode)  # safetensors makes the file anew, for its owner alone
        _replace(unfinished, target)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
    _flush_folder(target.parent)


def write_text(path: str | Path, text: str) -> None:
    """Write a text as UTF-8 with ``\\n`` at the ends of lines, all of it or none.

    Half a surrogate pair, which no encoding has a place for, is written as ``?``.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_text(Path(folder, "page.html"), "<p>½</p>")
        ...     Path(folder, "page.html").read_bytes()
        b'<p>\\xc2\\xbd</p>'

    Raises:
        OSError: as `whole_file`.
    """
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", errors="replace", newline="\n")


def check_writable(path: str | Path) -> None:
    """Raise now what `whole_file` would raise after the work was done.

    Examples:
        >>> check_writable("/")
        Traceback (most recent call last):
        course_utils.base.writing.NotAPlainFile: / is no plain file: nothing is written there

    Raises:
        NotAPlainFile: if there is something that is no file.
        OSError: if the file or its folder is read-only, or the folder is missing.
    """
    target = Path(os.path.realpath(path))
    if target.is_symlink() or (target.exists() and not target.is_file()):  # a link to itself leads nowhere
        raise NotAPlainFile(f"{path} is no plain file: nothing is written there")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent}: make it first")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{path} is read-only")
    if not os.access(target.parent, os.W_OK):
        raise PermissionError(f"nothing can be written in {target.parent}")


def make_folder(path: str | Path) -> Path:
    """A folder, made with those above it if it is not there.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     make_folder(Path(folder, "runs", "first")).name
        'first'

    Returns:
        Its path.

    Raises:
        NotAPlainFile: if a file stands where it or one above it should be.
        OSError: if it cannot be made for another reason.
        ValueError: if no folder can have this name.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise NotAPlainFile(f"{path} cannot be a folder: a file or a broken link stands there") from None
    except OSError as error:
        raise type(error)(f"the folder {short_name(path)} cannot be made: {error.strerror}") from error
    except ValueError:
        raise ValueError(f"{str(path)!r} is no name of a folder") from None
    return path


def short_name(path: Path) -> str:
    """A path in a sentence, its middle left out if it is very long."""
    text = str(path)
    return text if len(text) <= 200 else f"{text[:90]}…{text[-90:]}"


def _remove_left_overs(target: Path) -> None:
    """What processes that are no more began to write."""
    left_over = re.compile(rf"\.{re.escape(_short(target.name))}\.(\d+)-[0-9a-f]{{8}}\.part")
    for file in target.parent.iterdir():
        if found := left_over.fullmatch(file.name):
            with contextlib.suppress(OSError):
                if not _is_alive(int(found[1])) or time.time() - file.stat().st_mtime > ABANDONED:
                    file.unlink()


def _short(name: str) -> str:
    """Systems allow names of 255 bytes, and the temporary file's is longer than the file's own."""
    long = os.fsencode(name)
    return name if len(long) <= 200 else hashlib.sha256(long).hexdigest()


def _is_alive(process: int) -> bool:
    """Is there a process of this number? Where asking would end it (Windows), yes."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True


def _replace(new: Path, path: Path) -> None:
    for _ in range(20):
        with contextlib.suppress(PermissionError):  # Windows, while someone reads it
            new.replace(path)
            return
        time.sleep(0.05)
    new.replace(path)


def _flush_folder(folder: Path) -> None:
    """The new name too has to reach the disk; systems that cannot open a folder do that by themselves."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
