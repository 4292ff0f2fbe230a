"""`course export` on the command line: one page a notebook, whatever becomes of the others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from course_utils.desk.stopping import refused


def add_export(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("export", help="write notebooks as pages or slides that need nothing else")
    parser.set_defaults(run=run_export)
    parser.add_argument("notebooks", type=Path, nargs="+", metavar="NOTEBOOK", help="*.ipynb, outputs kept")
    parser.add_argument("--slides", action="store_true", help="one screen a heading")
    parser.add_argument(
        "--live", action="store_true", help="explorers and quizzes work on the page, by script"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="FOLDER", help="where the pages go (here)"
    )


def run_export(chosen: argparse.Namespace) -> int:
    """Write notebooks as pages. Returns the exit status: 2 if one of them could not be written."""
    try:
        from course_utils.base import make_folder
        from course_utils.desk.export import export_html

        make_folder(chosen.out)
    except ModuleNotFoundError as error:
        return refused(f"{error.name} is missing: install the course with its extra `export`")
    except OSError as error:
        return refused(str(error))
    status, names = 0, page_names(chosen.notebooks)
    if any(name != notebook.stem for notebook, name in names.items()):
        print("notebooks of one name: their pages take the names of their folders too", file=sys.stderr)
    for notebook, name in names.items():
        out = chosen.out / f"{name}{'_slides' if chosen.slides else ''}.html"
        tell = partial(_warn, notebook)
        try:
            export_html(notebook, out, slides=chosen.slides, live=chosen.live, told=tell)
            print(f"wrote {out}", flush=True)
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            status = refused(str(error) if str(notebook) in str(error) else f"{notebook}: {error}")
        except Exception as error:  # the others are to be written, whatever this one holds
            said = f"{type(error).__name__}: {error}"
            status = refused(f"{notebook} cannot be exported; please report this line: {said}")
    return status


def _warn(notebook: Path, sentence: str) -> None:
    print(f"{notebook}, {sentence}", file=sys.stderr, flush=True)


def page_names(notebooks: Iterable[Path]) -> dict[Path, str]:
    """A name for each notebook's page; where two would be the same, the names of their folders tell them apart.

    Examples:
        >>> list(page_names([Path("anna/day_1.ipynb"), Path("ben/day_1.ipynb"), Path("day_2.ipynb")]).values())
        ['anna_day_1', 'ben_day_1', 'day_2']

    Returns:
        By notebook, each once, in their order.
    """
    full = {path: path.parent.resolve() / path.name for path in notebooks}
    once = {place: path for path, place in reversed(full.items())}
    waiting, names, depth = list(once), dict[Path, str](), 0
    while waiting:
        wanted = {place: _name(place, depth) for place in waiting}
        taken = [name.casefold() for name in (*names.values(), *wanted.values())]
        last = all(depth > len(place.parts) for place in waiting)
        for place, name in wanted.items():
            if last:
                names[place] = f"{name}_{waiting.index(place) + 1}"
            elif taken.count(name.casefold()) == 1:
                names[place] = name
        waiting = [place for place in waiting if place not in names]
        depth += 1
    return {path: names[place] for path, place in full.items() if once[place] is path}


def _name(place: Path, depth: int) -> str:
    folders = [part for part in place.parent.parts if part != place.anchor]
    return "_".join([*folders[max(len(folders) - depth, 0) :], place.stem])
