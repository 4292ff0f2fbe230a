"""`course judge` on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from course_utils.desk.stopping import refused, terminated_like_interrupted

DESCRIPTION = """\
Judge a capstone report: score what a program can score, and say what is missing.

REPORT is a copy of capstone.ipynb with its forms filled in; files and folders that it names lie beside it. It is
read and not run, but for the function `fires`, which runs in a process of its own for twenty seconds at most.
A teacher marks the rest: --rubric writes the page for that."""


def add_judge(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "judge",
        help="score a capstone report, and say what is missing",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run_judge)
    parser.add_argument("report", type=Path, nargs="?", metavar="REPORT", help="a notebook")
    parser.add_argument(
        "--rubric",
        type=Path,
        nargs="?",
        const=Path("capstone_rubric.html"),
        metavar="FILE",
        help="write the rubric, a page for print (capstone_rubric.html)",
    )


def run_judge(chosen: argparse.Namespace) -> int:
    """Judge a report, or write the rubric, or both. Returns the exit status."""
    from course_utils.base import write_text
    from course_utils.capstone import judge_report, rubric_html

    if chosen.report is None and chosen.rubric is None:
        return refused("which report? course judge REPORT.ipynb, or course judge --rubric")
    try:
        if chosen.rubric is not None:
            write_text(chosen.rubric, rubric_html())
            print(f"wrote {chosen.rubric}")
        if chosen.report is not None:
            with terminated_like_interrupted():
                print("\n".join(judge_report(chosen.report).lines()))
    except ModuleNotFoundError as error:
        return refused(f"{error.name} is missing: install the course with its extra `grade`")
    except OSError as error:
        return refused(str(error))
    except ValueError as error:
        return refused(f"{chosen.report} is no report: {error}")
    return 0
