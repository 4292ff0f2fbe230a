"""The command ``course``: what a learner or a teacher does outside a notebook."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from course_utils.desk.bench_command import add_bench
from course_utils.desk.bring_command import add_bring
from course_utils.desk.export_command import add_export
from course_utils.desk.grade_command import add_grade
from course_utils.desk.judge_command import add_judge
from course_utils.desk.stopping import refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand, as the command ``course`` does.

    Examples:
        >>> main(["grade", "no such folder"])  # "course: no such folder is not a folder" goes to standard error
        2

    Args:
        arguments: the words after ``course``; None takes them from the command line. Without any, the help is printed.

    Returns:
        The exit status: 0 if all went well, 1 if the doctor found something broken or nobody reads the output, 2 if
        something is missing or cannot be read or written, 130 if it was interrupted.

    Raises:
        SystemExit: after ``--help`` (status 0), or if the arguments are wrong (status 2).
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a strange name or an old terminal is no reason to fail
    parser = _parser()
    chosen, more = parser.parse_known_args(arguments)
    if more and chosen.run is not run_start:
        parser.error(f"unknown arguments: {' '.join(more)}")
    chosen.more = more
    if chosen.run is None:
        parser.print_help()
        return 0
    try:
        return chosen.run(chosen)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1


def run_doctor(chosen: argparse.Namespace) -> int:
    """Say what is fine here, what is off, and what to do about it."""
    from course_utils.desk.doctor import examine, in_a_line

    if chosen.quiet:
        line = in_a_line()
        print(line or "", end="\n" if line else "", flush=True)
        return int(line is not None)
    marks, worst = _marks(), 0
    for finding in examine():
        print(finding.line(marks), flush=True)
        worst = max(worst, finding.state == "broken")
    return int(worst)


def run_start(chosen: argparse.Namespace) -> int:
    """Copy the notebooks, and open JupyterLab on the first."""
    from course_utils.desk.start import copy_notebooks, open_lab
    from course_utils.desk.trusted import trust_own

    try:
        for line in copy_notebooks(chosen.folder, update=chosen.update):
            print(line, flush=True)
        trust_own(chosen.folder)
        return 0 if chosen.no_lab else open_lab(chosen.folder, chosen.more)
    except ModuleNotFoundError as error:
        return refused(f"{error.name} is missing: install the course with its extra `lab`")
    except OSError as error:
        return refused(str(error))


def run_progress(chosen: argparse.Namespace) -> int:
    """Say where progress is kept, and show the seven days."""
    from course_utils.exercises import progress_path, progress_shown

    path = progress_path()
    if path is not None:
        print(f"{path}{'' if path.exists() else ' (nothing kept yet)'}\n")
    lines = progress_shown().text.splitlines()
    text = "\n".join(lines if path is None else lines[:-1])  # the last line refers to this command
    print(text if _can_print(text) else text.translate(str.maketrans("●○–", "#.-")))
    return 0


def run_inventory(chosen: argparse.Namespace) -> int:
    """Ask the twenty questions in the terminal, or keep replies that are given."""
    from course_utils.exercises import inventory, item_texts

    try:
        if chosen.replies is None:
            inventory(chosen.when)
            if not sys.stdin.isatty():
                return 0
            chosen.replies = "".join(
                (input(f"{number} of {len(item_texts())}: ").strip() or "-")[:1]
                for number, _ in enumerate(item_texts(), 1)
            )
        inventory(chosen.when, chosen.replies)
    except (ValueError, EOFError) as error:
        return refused(str(error) or "no more answers")
    return 0


def run_deck(chosen: argparse.Namespace) -> int:
    """Write the glossary and the quizzes as cards to learn by heart."""
    try:
        from course_utils.desk.deck import write_deck

        n = write_deck(chosen.out)
    except ModuleNotFoundError as error:
        return refused(f"{error.name} is missing: install the course with its extra `deck`")
    except OSError as error:
        return refused(str(error))
    print(f"wrote {chosen.out}: {n} cards")
    return 0


def _marks() -> tuple[str, ...]:
    marks = ("✓", "!", "✗", "—")
    return marks if _can_print("".join(marks)) else ("ok", "!", "X", "-")


def _can_print(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="course", description="Superposition and sparse autoencoders in seven days."
    )
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    starting = commands.add_parser(
        "start",
        help="copy the notebooks into a folder and open JupyterLab there",
        description="A notebook that is there stays as it is. Other options go on to JupyterLab.",
    )
    starting.set_defaults(run=run_start)
    starting.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path("superposition-in-seven-days"),
        metavar="FOLDER",
        help="where the notebooks go (superposition-in-seven-days)",
    )
    starting.add_argument(
        "--update", action="store_true", help="newer notebooks; yours are kept beside as *.mine.ipynb"
    )
    starting.add_argument("--no-lab", action="store_true", help="copy only")
    checking = commands.add_parser("doctor", help="check this machine, with advice for what is off")
    checking.set_defaults(run=run_doctor)
    checking.add_argument("--quiet", action="store_true", help="one line, if something is off; else none")
    commands.add_parser("progress", help="where progress is kept, and the seven days").set_defaults(
        run=run_progress
    )
    asking = commands.add_parser("inventory", help="twenty questions for before and after the course")
    asking.set_defaults(run=run_inventory)
    asking.add_argument("when", choices=["before", "after"])
    asking.add_argument(
        "replies", nargs="?", help="a letter for each question, - for one left out (asks for them)"
    )
    dealing = commands.add_parser("deck", help="glossary and quizzes as a deck for Anki")
    dealing.set_defaults(run=run_deck)
    dealing.add_argument(
        "--out",
        type=Path,
        default=Path("superposition.apkg"),
        metavar="FILE",
        help="the deck (superposition.apkg)",
    )
    add_export(commands)
    add_bring(commands, _at_least)
    add_bench(commands)
    add_grade(commands, _at_least)
    add_judge(commands)
    return parser


def _at_least(kind: Callable[[str], float], least: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not least <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is less than {least:g}, or not finite")
        return value

    return number


if __name__ == "__main__":
    sys.exit(main())
