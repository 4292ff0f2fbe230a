"""What the explorers show on pages that nothing runs behind: data/live/day_N.json.

    python -m course_utils.recipes.live_pages notebooks/day_3_*.ipynb [--only city_panel …]

Of a notebook the statements that an explorer depends on are run, in this process, with the pocket model; each explorer that
hands something to pages gives its data. What it shows first has to be what the notebook keeps. Beside the data, in
``tests/live_states/``, stands what the explorer says in Python at some fifty settings, which the browser's scripts have
to say too.
"""

from __future__ import annotations

import argparse
import ast
import dis
import json
import os
import random
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import MagicMock, patch

from course_utils.base import DATA, write_text
from course_utils.grade import read_notebook
from course_utils.widgets import Panel, live_view, words

N_STATES = 50
TRAINED, DRAWN_FROM = {"network", "sae"}, {"generator", "draw"}
"""Names of what is trained in place, and of what every draw moves on."""
STATES = Path(__file__).resolve().parents[2] / "tests" / "live_states"


class Piece(NamedTuple):
    """A statement of a cell."""

    cell: int
    source: str
    shows: bool
    """Whether it is the explorer itself."""


def pieces(sources: list[str], panels: Sequence[str] = ()) -> list[Piece]:
    """The cells' statements, in order; only explorers that these functions make count, or all."""
    call = re.compile(rf"\b({'|'.join(panels)})\(" if panels else r"_panel\(")
    found = []
    for number, source in enumerate(sources):
        body = ast.parse(source).body
        for statement in body:
            last = statement is body[-1] and isinstance(statement, ast.Expr)
            text = ast.unparse(statement)
            found.append(Piece(number, text, last and bool(call.search(text))))
    return found


def needed(every: list[Piece]) -> list[Piece]:
    """The explorers, and the statements that make, change or train what they use.

    Examples:
        >>> some = needed(pieces(["a = 1", "b = 2\\nprint(a)", "b += 1", "city_panel(b)"]))
        >>> [piece.source for piece in some]
        ['b = 2', 'b += 1', 'city_panel(b)']
    """
    names, chosen, missing = [_names(piece.source) for piece in every], set[int](), set[str]()
    for _ in range(4):  # again while a function uses what is made below it
        wanted = set(missing)
        for i in reversed(range(len(every))):
            makes, changes, uses = names[i]
            if every[i].shows or every[i].cell == 0 or i in chosen or (makes | changes) & wanted:
                chosen.add(i)
                wanted = wanted - makes | uses
        made = {name for i in chosen for name in names[i][0]}
        missing = {name for i in chosen for name in names[i][2]} - made
    return [every[i] for i in sorted(chosen)]


def _names(source: str) -> tuple[set[str], set[str], set[str]]:
    """What a statement makes, what it changes in place, and what it uses, functions in it included."""
    makes, uses = set[str](), set[str]()
    within = [compile(source, "cell", "exec")]
    while within:
        code = within.pop()
        for step in dis.get_instructions(code):
            if step.opname in ("STORE_NAME", "STORE_GLOBAL"):
                makes.add(step.argval)
            elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL"):
                uses.add(step.argval)
        within += [const for const in code.co_consts if hasattr(const, "co_names")]
    changes = set(
        re.findall(r"\b(\w+)(?:\[[^=\n]*\] *[-+*/]?=[^=]|\.(?:append|extend|update|add_)\()", source)
    )
    changes |= uses & (DRAWN_FROM | (TRAINED if re.search(r"\b(fit|train)_?\w*\(", source) else set()))
    return makes, changes, uses


def panels_of(notebook: Path, panels: Sequence[str] = ()) -> Iterator[Panel]:
    """Run what is needed of a notebook; each panel that a cell ends in, as soon as it is there.

    Raises:
        ValueError: if a panel does not show what the notebook keeps.
    """
    made: dict[str, Any] = {"__name__": "__main__"}
    cells = [c for c in read_notebook(notebook).cells if c.cell_type == "code"]
    for piece in needed(pieces([cell.source for cell in cells], panels)):
        if not piece.shows:
            exec(piece.source, made)
            continue
        panel = eval(piece.source, made)
        if isinstance(panel, Panel) and panel.page is not None:
            kept = next(
                o.data["text/html"] for o in cells[piece.cell].outputs if "text/html" in o.get("data", {})
            )
            if words(kept) != (now := words(panel._repr_mimebundle_()["text/html"])):
                raise ValueError(f"{panel.title} shows now: {now}\nand the notebook keeps: {words(kept)}")
            yield panel


def some_states(view: dict[str, Any], seed: int = 0) -> list[dict[str, Any]]:
    """Settings that the page can be brought to: all if they are few, else drawn evenly."""
    generator, found = random.Random(seed), {}
    for _ in range(20 * N_STATES):
        state = {control["name"]: _drawn(control, generator) for control in view["controls"]}
        found[json.dumps(state)] = state
        if len(found) == N_STATES:
            break
    return list(found.values())


def _drawn(control: dict[str, Any], generator: random.Random) -> Any:
    if control["kind"] != "range":
        return generator.choice(control["values"])
    steps = round((control["max"] - control["min"]) / control["step"])
    value = control["min"] + control["step"] * generator.randint(0, steps)
    return round(value, 10) if isinstance(value, float) else value


def brief(said: str) -> str:
    """A long text as its beginning and its checksum."""
    return said if len(said) <= 600 else f"{said[:200]}… {sha256(said.encode()).hexdigest()}"


def _some_axes(n: int | Sequence[float], *size: object) -> list[MagicMock]:
    return [MagicMock() for _ in range(n if isinstance(n, int) else len(n))]


@contextmanager
def without_drawing() -> Iterator[None]:
    """Only words count: the plots that an explorer draws are left out."""
    explorers = [
        module for name, module in sys.modules.items() if name.startswith("course_utils.widgets.day_")
    ]
    drawing = [module for module in explorers if hasattr(module, "figure_png")]
    with ExitStack() as left_out:
        for module in drawing:
            stubs: dict[str, Any] = {name: MagicMock() for name in vars(module) if name.startswith("plot_")}
            stubs |= {name: _some_axes for name in vars(module) if name.startswith("axes_")}
            for name, stub in {**stubs, "figure_png": lambda ax: b"drawn"}.items():
                left_out.enter_context(patch.object(module, name, stub))
        yield


def main(notebook: Path, panels: Sequence[str]) -> None:
    folders = {DATA / "live": {}, STATES: {}}
    for folder, kept in folders.items():
        folder.mkdir(exist_ok=True)
        if (path := folder / f"{notebook.name[:5]}.json").exists():
            kept |= {each["title"]: each for each in json.loads(path.read_text(encoding="utf-8"))}
    for panel in panels_of(notebook, panels):
        view = live_view(panel)
        some = some_states(view)
        with without_drawing():
            said = [{"state": s, "said": brief(words(panel.shown_at(**s)))} for s in some]
        for (folder, kept), new in zip(
            folders.items(), (view, {"title": panel.title, "states": said}), strict=True
        ):
            kept[panel.title] = new
            text = json.dumps(list(kept.values()), ensure_ascii=False, separators=(",", ":"))
            write_text(folder / f"{notebook.name[:5]}.json", text + "\n")
        print(f"{panel.title}: {len(json.dumps(view)) / 1e3:.0f} kB, {len(some)} states", flush=True)


if __name__ == "__main__":
    os.environ |= {"COURSE_MODEL": "pocket", "COURSE_PROGRESS": "", "TQDM_DISABLE": "1", "MPLBACKEND": "agg"}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="PANEL", help="functions, such as city_panel"
    )
    asked = parser.parse_args()
    main(asked.notebook, asked.only)
