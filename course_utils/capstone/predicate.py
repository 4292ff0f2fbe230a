"""Run a learner's ``fires(text)`` in a process of its own, within limits, with no model at hand.

The function gets the texts and nothing else: an explanation that asks the model is none. It is a few lines that stand by
themselves; its process imports a few modules of Python's own, opens no file and no socket, and starts no program
(`predicate_worker`). That keeps out what goes wrong by itself and what is easily tried. It is no sandbox: see `grade`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from course_utils.capstone.points import Unjudged
from course_utils.grade import MARKER, Limits, printable, room, run_watched

LONGEST = 2_000
"""Characters of the function, without comments: an explanation is short, and a table of texts is none."""
LIMITS = Limits(seconds=20, memory=1e9, processes=4, disk=2e7)
KEPT = ("PATH", "SYSTEMROOT", "WINDIR", "LD_LIBRARY_PATH")
ANSWERS_AT_MOST = 1_000_000


def run_predicate(source: str, texts: Sequence[str], limits: Limits = LIMITS) -> list[bool]:
    """What the function says of each text.

    Args:
        source: of a function ``fires``, alone.

    Raises:
        Unjudged: if it is too long, does not end, raises an error or returns something else; with the reason.
    """
    if len(source) > LONGEST:
        raise Unjudged(f"fires has {len(source):,} characters, and an explanation has {LONGEST:,} at most")
    with room() as made:
        job, told = made / "job.json", made / "answers.json"
        job.write_text(json.dumps({"source": source, "texts": list(texts)}), encoding="utf-8")
        told.touch()
        worker = str(Path(__file__).with_name("predicate_worker.py"))
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        env |= {MARKER: made.name, "PYTHONUTF8": "1", "PYTHONHASHSEED": "0"}
        why = run_watched(
            [sys.executable, "-I", "-S", worker, str(job), str(told)], env, made, limits, Event()
        )
        if why:
            raise Unjudged(f"fires was {why}" if why.startswith("stopped") else why)
        raw = told.read_bytes()[: ANSWERS_AT_MOST + 1]
    return _answers(raw, len(texts))


def _answers(raw: bytes, n: int) -> list[bool]:
    """The process may have written anything."""
    try:
        said = json.loads(raw) if len(raw) <= ANSWERS_AT_MOST else {}
    except (ValueError, RecursionError):
        said = {}
    said = said if isinstance(said, dict) else {}
    if isinstance(said.get("why"), str):
        raise Unjudged(f"fires {printable(' '.join(said['why'].split()))[:200]}")
    given = said.get("answers")
    if not isinstance(given, list) or len(given) != n or not all(answer in (0, 1) for answer in given):
        raise Unjudged("fires ended its process without an answer")
    return [bool(answer) for answer in given]
