"""Run one notebook to its end, whatever its cells raise: ``python -P worker.py JOB``.

JOB is a JSON file: ``{"notebook": …, "folder": …, "room": …, "result": …, "file_limit": bytes}``. The result holds the
state at every moment, so that it also tells how far a notebook got that was stopped. Outputs are counted and thrown
away; only errors are kept, a line each. It imports what needs no torch.

Where the grader ends without a word (it was killed, or ran out of memory), our standard input does: then the worker
ends what its notebook started, removes the room, and ends too.
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

from course_utils.grade.exercise_calls import exercise_keys
from course_utils.grade.notebook_file import read_notebook
from course_utils.grade.rooms import remove
from course_utils.grade.thread_limit import restrict_threads
from course_utils.grade.watch import MARKER, Family

MAX_ERRORS = 20
MAX_KEYS = 1000
TRIES = 3
LONGEST_SOCKET = 90  # bytes of a path, of which the system takes little more than a hundred
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: an orphan of the notebook becomes our child, and so stays in sight


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    _restrict(job["file_limit"])
    threading.Thread(target=_end_with_the_grader, args=[Path(job["room"])], daemon=True).start()
    result = {"status": "running", "cell": 0, "keys": [], "errors": [], "printed": 0}

    def tell(**news: Any) -> None:
        result.update(news)
        part = Path(job["result"] + ".part")
        part.write_text(json.dumps(result), encoding="utf-8")
        part.replace(job["result"])

    tell()
    try:
        notebook = read_notebook(job["notebook"])
    except (ValueError, OSError) as error:
        return tell(status="not a notebook", why=_line(str(error)))
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if not code:
        return tell(status="empty")
    tell(keys=[key for cell in code for key in exercise_keys(cell.source)][:MAX_KEYS])
    for tries_left in reversed(range(TRIES)):
        try:
            _execute(notebook, job["folder"], Path(job["room"]), tell, result)
        except Exception as error:
            if tries_left and not result["cell"]:
                continue  # its kernel did not come up
            dead = type(error).__name__ == "DeadKernelError"
            why = _line(f"{type(error).__name__}: {error}")
            return tell(status="kernel died" if dead else "failed", why=why)
        return tell(status="ran")
    return None


def _end_with_the_grader(room: Path) -> None:
    """Standard input ends when the grader does: it holds the other end and writes nothing."""
    os.read(0, 1)
    Family(os.environ[MARKER]).end()
    remove(room)
    os._exit(1)


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
            restrict_threads()
        with contextlib.suppress(OSError):
            # if memory runs out, this goes first
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")


def _execute(notebook: Any, folder: str, room: Path, tell: Any, result: dict[str, Any]) -> None:
    from nbclient import NotebookClient

    class Client(NotebookClient):
        def output(self, outs: list, msg: dict, display_id: str | None, cell_index: int) -> None:
            content = msg["content"]
            if msg["msg_type"] == "error":
                if len(result["errors"]) < MAX_ERRORS:
                    line = _line(f"{content.get('ename')}: {content.get('evalue')}")
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
        skip_cells_with_tag="",  # Jupyter runs them all, and so do learners
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": folder}},
    )
    sockets = room / "socket"
    if sys.platform != "win32" and len(os.fsencode(sockets)) < LONGEST_SOCKET:
        kernel = client.create_kernel_manager()
        kernel.transport, kernel.ip = (
            "ipc",
            str(sockets),
        )  # of ports, two of thirty kernels may choose the same
    client.execute()


def _line(message: str) -> str:
    return " ".join(message[:500].split())[:200]


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # a thread of the kernel's client may be stuck
