"""The board: dictionaries of one place of the pocket model, a JSON file a row, and the page that is made of them.

`course bench --submit FOLDER` scores a dictionary and writes its row; a pull request puts the row into docs/board/, and
`python tools/board.py` writes docs/board.md. There is no server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course_utils.desk.bench_page import CONTROLS, head_of, shown_score
from course_utils.desk.bring_run import write_json
from course_utils.reading import BENCH_KINDS

HOOK, MODEL = "blocks.2.hook_resid_post", "pocket"
RECIPE = "recipe.md"
MOST_LINES, MOST_LETTERS = 60, 6000
MOST, MOST_COUNTED = 1e6, 10**9
BESIDE = ("untrained", "pca")
NAME = re.compile(r"[\w][\w.-]{0,79}")


def read_recipe(folder: Path) -> str:
    """The recipe in a folder that is handed in.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = Path(folder, "recipe.md").write_text("TopK on a million tokens of the training texts")
        ...     read_recipe(Path(folder))
        'TopK on a million tokens of the training texts'

    Args:
        folder: with a dictionary and ``recipe.md``.

    Raises:
        FileNotFoundError: if the folder or its recipe is not there.
        ValueError: if the recipe is empty, longer than a page, or no text.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {folder}: a dictionary and its {RECIPE} have to lie in one"
        )
    path = folder / RECIPE
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} has no {RECIPE}: say there, on a page at most, how the dictionary was made"
        )
    try:
        if path.stat().st_size > 4 * MOST_LETTERS + 4:
            raise ValueError(
                f"{path} is {path.stat().st_size:,} bytes long: a recipe has {MOST_LETTERS:,} letters at most"
            )
        text = path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8") from None
    if not text or len(text.splitlines()) > MOST_LINES or len(text) > MOST_LETTERS:
        raise ValueError(
            f"{path} has {len(text.splitlines())} lines and {len(text):,} letters: a recipe has some, and at most "
            f"{MOST_LINES} and {MOST_LETTERS:,}"
        )
    return text


def write_row(result: dict[str, Any], recipe: str, folder: Path) -> Path:
    """Keep a row: what `bench` wrote, and the recipe.

    Examples:
        >>> write_row({"version": 2}, "how it was made", Path("rows"))
        Traceback (most recent call last):
        ValueError: the board does not take this row: KeyError: 'dictionary'

    Args:
        result: of one dictionary.
        recipe: as `read_recipe` gives it.
        folder: for the file, which has the dictionary's name.

    Returns:
        The file.

    Raises:
        ValueError: if the board would not take it.
    """
    row = {**result, "recipe": recipe}
    if problem := _problem(row):
        raise ValueError(f"the board does not take this row: {problem}")
    path = folder / f"{result['dictionary']['name']}.json"
    write_json(path, row)
    return path


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """All rows, in the order of their names.

    Examples:
        >>> read_rows(Path("no such folder"))
        []

    Raises:
        ValueError: if a file is no row, naming it.
    """
    rows = []
    for path in sorted(folder.glob("*.json")):
        try:
            row = json.loads(path.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} is not JSON: {error}") from error
        problem = _problem(row)
        if problem:
            raise ValueError(f"{path} is no row of the board: {problem}")
        if row["dictionary"]["name"] != path.stem:
            raise ValueError(f"{path} is the row of {row['dictionary']['name']}: name the file after it")
        rows.append(row)
    return rows


def _problem(row: dict[str, Any]) -> str | None:
    """Why the board does not take a row, if it does not."""
    try:
        return _found_wrong(row)
    except (KeyError, TypeError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"


def _found_wrong(row: dict[str, Any]) -> str | None:
    about, columns = row["dictionary"], row["columns"]
    if row["version"] != 1 or not NAME.fullmatch(about["name"]) or not NAME.fullmatch(about["architecture"]):
        return "another version, or a name that is none"
    if not re.fullmatch("[0-9a-f]{64}", about["sha256"]) or not _is_count(about["n_latents"]):
        return "no sha256, or no number of latents"
    if (row["model"], row["hook"]) != (MODEL, HOOK):
        return f"it is not of {HOOK} of the model {MODEL}"
    if unknown := sorted(set(columns) - set(BENCH_KINDS)):
        return f"it has a column {unknown[0]!r}"
    for name, column in columns.items():
        numbers = [column["score"], *column["controls"].values(), *(column["interval"] or ())]
        if column["better"] != BENCH_KINDS[name].better or not all(
            -MOST <= number <= MOST for number in numbers
        ):
            return f"column {name} has the wrong sign or a number that is not finite"
    if not columns or not all(map(_is_count, row["texts"].values())):
        return "it has no columns, or does not say how many texts it is of"
    text = row["recipe"]
    if not isinstance(text, str) or len(text) > MOST_LETTERS or len(text.splitlines()) > MOST_LINES:
        return "its recipe is no text of a page"
    return None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_COUNTED


def board_page(rows: Sequence[dict[str, Any]]) -> str:
    """docs/board.md.

    Examples:
        >>> "There are no rows yet." in board_page([])
        True

    Args:
        rows: as `read_rows` gives them.

    Returns:
        Markdown; names are plain words, and recipes stand as they are, without markup.
    """
    names = [name for name in BENCH_KINDS if not rows or any(name in row["columns"] for row in rows)]
    heads = {name: head_of(name, BENCH_KINDS[name]._asdict()) for name in names}
    head = ["dictionary", "latents", "architecture", *heads.values()]
    table = [_line(head), "|---" * len(head) + "|"]
    for row in rows:
        about = row["dictionary"]
        cells = [_cell(name, row["columns"].get(name)) for name in names]
        table.append(_line([f"`{about['name']}`", f"{about['n_latents']:,}", about["architecture"], *cells]))
    recipes = [
        f"### {row['dictionary']['name']}\n\nsha256 `{row['dictionary']['sha256']}`\n\n{_plain(row['recipe'])}\n"
        for row in rows
    ]
    meanings = [_line([heads[name], BENCH_KINDS[name].what, BENCH_KINDS[name].source]) for name in names]
    texts = rows[0]["texts"] if rows else None
    return TEXT.format(
        hook=HOOK,
        texts=f" on {texts['judge']:,} held-out texts; what is chosen is chosen on {texts['choose']:,} others"
        if texts
        else "",
        beside=" and ".join(CONTROLS[name] for name in BESIDE),
        table="\n".join(table) if rows else "There are no rows yet.",
        meanings="\n".join(["| column | what it says | source |", "|---|---|---|", *meanings]),
        recipes="\n".join(recipes) if rows else "None yet.\n",
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(name: str, column: dict[str, Any] | None) -> str:
    if column is None:
        return "–"
    beside = [shown_score(name, column["controls"][kind]) for kind in BESIDE if kind in column["controls"]]
    score = shown_score(name, column["score"])
    return f"**{score}** ({', '.join(beside)})" if beside and name != "l0" else f"**{score}**"


def _plain(text: str) -> str:
    """As code, in which nothing is markup; what is no letter is left out."""
    lines = ("".join(c for c in line if c.isprintable()) for line in text.expandtabs(4).splitlines())
    return "\n".join(f"    {line}".rstrip() for line in lines)


TEXT = """# The board

Dictionaries of one place, `{hook}` of the pocket model, scored by `course bench`{texts}.
In brackets the same score of two dictionaries that learned nothing, of the same l0: {beside}.
↑ the higher the better, ↓ the lower. [docs/scores.md](scores.md) says which of such scores rank dictionaries as the truth
does, where the truth is known.

{table}

## What the columns say

{meanings}

Each row is a file in `docs/board/`, with intervals and more controls. This page is written from them by
`python tools/board.py`.

## Hand one in

1. Put a dictionary of a format that `load_sae` reads and a `{recipe}` (a page at most: data, steps, seed, what is new)
   into a folder. Train on texts of the training split only: the board judges by the held-out ones.
2. `course bench --submit FOLDER` checks both, scores the dictionary and writes its row.
3. Put the row into `docs/board/`, run `python tools/board.py`, and open a pull request with both files. Say where the
   weights are; whoever merges scores them again, and compares the sha256.

## Recipes

{recipes}""".replace("{recipe}", RECIPE)
