"""Run one notebook to its end, whatever its cells raise: ``python -P worker.py JOB``.

JOB is a JSON file: ``{"notebook": …, "folder": …, "result": …, "file_limit": bytes}``. The result holds the state at
every moment, so that it also tells how far a notebook got that was stopped. Outputs are counted and thrown away; only
errors are kept, a line each. It is run as a file and imports nothing of the package, which would bring torch with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

MAX_ERRORS = 20
MORE_THREADS = 1000  # than the account has now; far less than stops a machine
NEEDED_THREADS = 200  # a notebook may want as many, on a machine with many cores
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: an orphan of the notebook becomes our child, and so stays in sight


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    _restrict(job["file_limit"])
    result = {"status": "running", "cell": 0, "cells": 0, "errors": [], "printed": 0}

    def tell(**news: Any) -> None:
        result.update(news)
        part = Path(job["result"] + ".part")
        part.write_text(json.dumps(result), encoding="utf-8")
        part.replace(job["result"])

    tell()
    try:
        notebook = _read(Path(job["notebook"]))
    except Exception as error:  # whatever a damaged file makes nbformat raise
        return tell(status="not a notebook", why=_line(type(error).__name__, str(error)))
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
    if not code:
        return tell(status="empty")
    tell(cells=len(notebook.cells))
    try:
        _execute(notebook, job["folder"], tell, result)
    except Exception as error:
        dead = type(error).__name__ == "DeadKernelError"
        return tell(status="kernel died" if dead else "failed", why=_line(type(error).__name__, str(error)))
    return tell(status="ran")


def _restrict(file_limit: int) -> None:
    """Limits that the kernel inherits. Where a system has none of them, the watcher is what is left."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
        with contextlib.suppress(ImportError, ValueError, OSError):
            _restrict_threads()
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")  # if memory runs out, this goes first


def _restrict_threads() -> None:
    """Stop a fork bomb, which the watcher's ten looks a second are too slow for. The system lets root pass."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_NPROC)
    most = _threads_of_this_account() + MORE_THREADS
    if before[1] != resource.RLIM_INFINITY and before[1] < most:
        return
    resource.setrlimit(resource.RLIMIT_NPROC, (most, before[1]))
    over = threading.Event()
    try:  # the account may have threads that are not in sight, outside of a container
        started = []
        for _ in range(NEEDED_THREADS):
            started.append(threading.Thread(target=over.wait))
            started[-1].start()
    except RuntimeError:
        resource.setrlimit(resource.RLIMIT_NPROC, before)
    finally:
        over.set()


def _threads_of_this_account() -> int:
    """What the system counts against the limit of processes, as far as it is in sight."""
    threads = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError, ValueError, KeyError):  # it may have ended
            rows = dict(line.split(":", 1) for line in status.read_text().splitlines())
            if int(rows["Uid"].split()[0]) == os.getuid():
                threads += int(rows["Threads"])
    return threads


def _read(path: Path) -> Any:
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    if not isinstance(notebook.get("cells"), list):
        raise ValueError("it has no cells")
    for cell in notebook.cells:
        if not isinstance(cell.get("source"), str) or "cell_type" not in cell:
            raise ValueError("a cell has no source")
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    notebook.metadata.pop("widgets", None)
    return notebook


def _execute(notebook: Any, folder: str, tell: Any, result: dict[str, Any]) -> None:
    from nbclient import NotebookClient

    class Client(NotebookClient):
        def output(self, outs: list, msg: dict, display_id: str | None, cell_index: int) -> None:
            content = msg["content"]
            if msg["msg_type"] == "error":
                if len(result["errors"]) < MAX_ERRORS:
                    line = _line(str(content.get("ename")), str(content.get("evalue")))
                    result["errors"].append([cell_index + 1, line])
            elif msg["msg_type"] == "stream":
                result["printed"] += len(content.get("text", ""))

        def handle_comm_msg(self, outs: list, msg: dict, cell_index: int) -> None:
            """Widgets need no front end here."""

        async def async_execute_cell(self, cell: Any, cell_index: int, *args: Any, **kwargs: Any) -> Any:
            tell(cell=cell_index + 1)
            return await super().async_execute_cell(cell, cell_index, *args, **kwargs)

    client = Client(
        notebook,
        timeout=None,  # the watcher holds the clock
        kernel_name="python3",
        allow_errors=True,
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": folder}},
    )
    client.execute()


def _line(name: str, message: str) -> str:
    return " ".join(f"{name}: {message[:400]}".split())[:200]


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # a thread of the kernel's client may be stuck
