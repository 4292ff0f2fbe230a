"""Measure a model: run what the figures hang on, day by day, and keep each figure as soon as it is there.

A run that was stopped goes on at the first figure that is missing, or whose cells have been changed since.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

import course_utils.lm as lm
from course_utils.lm import KNOWN_MODELS, describe_model, have_model, load_model
from tools.real_models.figures import FIGURES
from tools.slices import Notebook, Wanted

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "docs" / "real_models"
FEWEST = 2
"""Texts of a concept that are left, however small the share."""


def notebook(day: int) -> Notebook:
    """The statements of a day."""
    return Notebook(next((ROOT / "notebooks").glob(f"day_{day}_*.ipynb")))


def read(path: Path) -> dict[str, Any]:
    """What is kept of a model; nothing if there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"figures": {}}


def write(path: Path, kept: dict[str, Any]) -> None:
    """Keep it, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(path)


def missing(kept: dict[str, Any], day: int, share: float) -> list[Wanted]:
    """Figures of a day that are not kept, or were measured by other cells or on another share of the texts."""
    cells = notebook(day)
    return [
        wanted
        for wanted in FIGURES[day]
        if (old := kept["figures"].get(wanted.name)) is None
        or (old["code"], old["share"]) != (cells.code_of(wanted), share)
    ]


def measure(
    name: str, days: list[int], shares: dict[int, float], path: Path, only: Sequence[str] = ()
) -> dict[str, Any]:
    """Measure what is missing of some days.

    Args:
        name: as `load_model` takes it.
        days: in this order.
        shares: of the texts that a day reads with this model; what is not named is read whole.
        path: where the figures are kept.
        only: names of figures, where not all are wanted.
    """
    kept = read(path)
    kept["model"], kept["weights"] = _described(name)
    kept["recipe"] = {"command": f"course.py real-models {name}", "torch": torch.__version__.split("+")[0]}
    kept["recipe"]["processor"] = platform.machine()
    with _environment(COURSE_MODEL=name, COURSE_PROGRESS="", TQDM_DISABLE="1", MPLBACKEND="Agg"):
        for day in days:
            share, cells = shares.get(day, 1.0), notebook(day)
            wanted = [one for one in missing(kept, day, share) if not only or one.name in only]
            codes = {one.name: cells.code_of(one) for one in wanted}
            started, paid = time.monotonic(), time.process_time()
            for figure, value in cells.measure(wanted, instead=_fewer(share)):
                kept["figures"][figure] = {"value": rounded(value), "code": codes[figure], "share": share}
                write(path, kept)
                took = f"{time.process_time() - paid:.0f} s of computing, {time.monotonic() - started:.0f} s"
                print(f"day {day}, {took}: {figure} = {kept['figures'][figure]['value']}", flush=True)
    write(path, kept)
    return kept


def rounded(value: Any) -> Any:
    """Floats to six digits, in lists and dictionaries too; a statistic of nothing is None."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if value == value else None
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list | tuple) else value


def _described(name: str) -> tuple[str, str]:
    """The model in a line, and whose weights these are."""
    note = have_model(name).note if name in KNOWN_MODELS else ""
    return describe_model(load_model(name)), note


def _fewer(share: float) -> dict[str, Callable[..., Any]]:
    """What a day draws its texts with, drawing a share of them; nothing if it is to read all."""
    if share == 1:
        return {}
    return {
        "few_of_each_concept": lambda split, n: lm.few_of_each_concept(split, max(FEWEST, round(share * n))),
        "fewer_if_large": lambda model, n: max(1, round(share * lm.fewer_if_large(model, n))),
    }


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
