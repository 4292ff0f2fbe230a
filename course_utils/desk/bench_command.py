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

Written are OUT/<name>.json for each dictionary, and OUT/index.html, a page that needs nothing else. A quarter of
the texts is read with --quick: for a look, not for a comparison."""

EPILOG = """\
examples:
  course bench layer_2
  course bench layer_2_512 mine/ --control seed=layer_2_512_seed_0
  course bench mine.py --hook blocks.2.hook_resid_post --columns fvu,recall"""


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
    parser.add_argument("--quick", action="store_true", help="a quarter of the texts")
    parser.add_argument("--out", type=Path, default=Path("bench"), metavar="FOLDER", help="(bench)")


def run_bench(chosen: argparse.Namespace) -> int:
    """Score, and say where. Returns the exit status."""
    from course_utils.desk.bench_run import bench
    from course_utils.desk.bring_run import PAGE
    from course_utils.lm import ModelUnavailable

    pairs = [control.partition("=") for control in chosen.control]
    if wrong := [name for name, equals, path in pairs if not (name and equals and path)]:
        return refused(f"--control takes NAME=DICTIONARY, not {wrong[0]!r}")
    columns = None if chosen.columns is None else [name.strip() for name in chosen.columns.split(",")]
    try:
        with terminated_like_interrupted():
            bench(
                chosen.dictionaries,
                chosen.out,
                model=chosen.model,
                hook=chosen.hook,
                columns=columns,
                controls={name: path for name, _, path in pairs},
                quick=chosen.quick,
                say=lambda line: print(line, flush=True),
            )
    except (ModelUnavailable, ModuleNotFoundError, ValueError, OSError) as error:
        return refused(" ".join(str(error).split()))
    print(f"wrote {chosen.out / PAGE}")
    return 0
