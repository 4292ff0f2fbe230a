"""`course grade` on the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.desk.stopping import refused, terminated_like_interrupted


def add_grade(commands: Any, at_least: Callable[..., Callable[[str], float]]) -> None:
    """Add the subcommand. ``at_least(kind, n)`` makes argparse refuse what is less."""
    import course_utils.grade

    parser = commands.add_parser(
        "grade",
        help="run a folder of learners' notebooks and report on them",
        description=f"{course_utils.grade.__doc__}\nIt writes report.csv, details.csv and report.html.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run_grade)
    parser.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="every FOLDER/**/*.ipynb is one hand-in; those in FOLDER/NAME are together NAME's",
    )
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="FOLDER", help="where the reports go (here)"
    )
    for name, kind, default, text in (
        ("jobs", at_least(int, 1), 1, "hand-ins run at once"),
        ("time-limit", at_least(float, 1), 600.0, "seconds a hand-in may take"),
        ("memory-limit", at_least(float, 0.1), 4.0, "GB that its processes may hold together"),
        ("max-processes", at_least(int, 3), 64, "processes it may have at once"),
        ("disk-limit", at_least(float, 0.001), 1.0, "GB it may write"),
    ):
        parser.add_argument(
            f"--{name}", type=kind, default=default, metavar="N", help=f"{text} ({default:g})"
        )


def run_grade(chosen: argparse.Namespace) -> int:
    """Run every notebook below a folder, and write the reports. Returns the exit status."""
    from course_utils.grade import find_hand_ins, packed_hand_ins, report_paths

    try:
        n, packed = len(find_hand_ins(chosen.folder)), packed_hand_ins(chosen.folder)
        for path in packed:
            print(f"not read: {path} is an archive, unpack it first", file=sys.stderr)
        if not n:
            return refused(f"no notebooks (*.ipynb) below {chosen.folder}")
        report_paths(chosen.out)
        print(f"{n} hand-in{'s' if n != 1 else ''}, {chosen.jobs} at a time", flush=True)
        return _grade(chosen, n)
    except ModuleNotFoundError as error:
        return refused(f"{error.name} is missing: install the course with its extra `grade`")
    except OSError as error:
        return refused(str(error))


def _grade(chosen: argparse.Namespace, n: int) -> int:
    from course_utils.grade import Limits, Result, grade_folder, write_reports

    limits = Limits(
        chosen.time_limit, chosen.memory_limit * 1e9, chosen.max_processes, chosen.disk_limit * 1e9
    )
    results: list[Result] = []

    def tell(result: Result) -> None:
        results.append(result)
        solved = f"{result.n_solved} of {len(result.outcomes)} solved"
        print(f"{result.learner}: {solved}; {result.status}", flush=True)

    status = 0
    try:
        with terminated_like_interrupted():  # otherwise the hand-ins would run on without us
            results = grade_folder(chosen.folder, limits, chosen.jobs, tell)
    except KeyboardInterrupt:
        if not results:
            raise
        print(f"stopped after {len(results)} of {n}; the reports hold these", file=sys.stderr)
        status = 130
    paths = write_reports(results, chosen.out)
    print(f"wrote {', '.join(map(str, paths))}")
    return status
