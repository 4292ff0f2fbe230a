"""`course bench` on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from course_utils.desk.stopping import refused, terminated_like_interrupted

DESCRIPTION = """\
How good is a dictionary? Scored in minutes on labelled texts, each number beside its controls.

DICTIONARY is a name that ships (layer_2), a folder or file of a format that load_sae reads, or a path that ends
in .py. Such a module is code, and it is RUN with your rights: take it from people you trust only. It defines one
object, called dictionary, with encode (n, d_in) -> (n, d_sae), all at least 0, and decode back.

Written are OUT/<name>.json for each dictionary, and OUT/index.html, a page that needs nothing else. A third of
the texts is read with --quick: for a look, not for a comparison."""

EPILOG = """\
examples:
  course bench layer_2
  course bench layer_2_512 mine/ --control seed=layer_2_512_seed_0
  course bench mine.py --hook blocks.2.hook_resid_post --columns fvu,recall"""

MADE_HERE = (
    "untrained",
    "pca",
    "probe",
    "mean_difference",
    "random",
    "other_texts",
    "no_push",
    "mean",
    "zeros",
)
"""Names of controls that are not the user's to give."""


def add_bench(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "bench",
        help="score dictionaries beside controls, on one page",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run_bench)
    parser.add_argument(
        "dictionaries", nargs="+", metavar="DICTIONARY", help="a name, a folder, a file, or a module"
    )
    parser.add_argument("--model", default="pocket", metavar="MODEL", help="a folder or a name (pocket)")
    parser.add_argument("--hook", metavar="NAME", help="the hook point (as the dictionaries say)")
    parser.add_argument("--columns", metavar="A,B", help="only these; a name that is none lists all")
    parser.add_argument(
        "--control",
        action="append",
        default=[],
        metavar="NAME=DICTIONARY",
        help="one more control, such as seed=… or frozen=…; may be repeated",
    )
    parser.add_argument(
        "--world",
        choices=("independent", "everything"),
        help="no model: the dictionaries were trained in this made-up world, whose features are known",
    )
    parser.add_argument(
        "--submit",
        action="store_true",
        help="DICTIONARY is a folder with a dictionary of the pocket model's layer 2 and recipe.md: check both, score, "
        "and write its row for docs/board.md",
    )
    parser.add_argument("--quick", action="store_true", help="a third of the texts")
    parser.add_argument("--out", type=Path, default=Path("bench"), metavar="FOLDER", help="(bench)")


def run_bench(chosen: argparse.Namespace) -> int:
    """Score, and say where. Returns the exit status."""
    from course_utils.desk.board import read_recipe, write_row
    from course_utils.desk.bring_run import PAGE
    from course_utils.lm import ModelUnavailable

    if problem := _cannot_be(chosen):
        return refused(problem)
    try:
        recipe = read_recipe(Path(chosen.dictionaries[0])) if chosen.submit else None
        with terminated_like_interrupted():
            results = _bench(chosen)
        row = None if recipe is None else write_row(results[0], recipe, chosen.out / "board")
    except (ModelUnavailable, ModuleNotFoundError, ValueError, OSError) as error:
        return refused(" ".join(str(error).split()))
    print(f"wrote {chosen.out / PAGE}")
    if row is not None:
        print(
            f"wrote {row}: put it into docs/board/ of a clone, run python tools/board.py there, and open a pull request "
            "with both files that says where the weights are"
        )
    return 0


def _bench(chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """In a world or on a model."""
    from course_utils.desk.bench_run import bench
    from course_utils.desk.bench_world import bench_in_world
    from course_utils.desk.board import HOOK

    columns = None if chosen.columns is None else [name.strip() for name in chosen.columns.split(",")]
    controls = dict(control.split("=", 1) for control in chosen.control)

    def say(line: str) -> None:
        print(line, flush=True)

    if chosen.world:
        return bench_in_world(
            chosen.dictionaries, chosen.out, chosen.world, columns=columns, controls=controls, say=say
        )
    return bench(
        chosen.dictionaries,
        chosen.out,
        model=chosen.model,
        hook=HOOK if chosen.submit else chosen.hook,
        columns=columns,
        controls=controls,
        quick=chosen.quick,
        say=say,
    )


def _cannot_be(chosen: argparse.Namespace) -> str | None:
    """What does not go together."""
    for control in chosen.control:
        name, _, path = control.partition("=")
        if not (name and path):
            return f"--control takes NAME=DICTIONARY, not {control!r}"
        if name in MADE_HERE:
            return f"the control {name!r} is made here: call yours something else"
    if chosen.world and (chosen.hook or chosen.quick or chosen.submit or chosen.model != "pocket"):
        return "--world needs no model: leave --model, --hook, --quick and --submit out"
    return _cannot_submit(chosen) if chosen.submit else None


def _cannot_submit(chosen: argparse.Namespace) -> str | None:
    """Why a row cannot be made of what was asked for."""
    if len(chosen.dictionaries) != 1:
        return f"--submit takes one folder, not {len(chosen.dictionaries)}"
    if chosen.dictionaries[0].endswith(".py"):
        return "--submit takes no code: save the dictionary in a format that load_sae reads"
    if chosen.quick or chosen.columns or chosen.hook or chosen.model != "pocket":
        return (
            "--submit scores all columns of the pocket model's layer 2 on all texts: leave --quick, --columns, --hook and "
            "--model out"
        )
    return None
