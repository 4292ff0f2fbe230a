"""Read what `course bring` found on a learner's own model, beside its controls, and count the written findings.

The scores are read and not computed anew: the model need not be here. That is why the teacher's part is the larger one.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from course_utils.capstone.points import CONTROLS, FINDING, Note, Unjudged
from course_utils.capstone.report_file import Report, one_line, shown

COMPARED = (
    ("fit", ("dictionary", "fvu"), ("untrained", "fvu"), False, "unexplained variance, beside the untrained dictionary"),
    ("fit", ("dictionary", "fvu"), ("pca", "fvu"), False, "unexplained variance, beside as many principal directions"),
    ("loss", ("dictionary", "loss_increase"), ("untrained", "loss_increase"), False,
     "what the model's loss rises by, beside the untrained dictionary"),
    ("areas", ("kinds", "latents", "median"), ("kinds", "untrained", "median"), True,
     "median ROC area of latents, beside the untrained dictionary"),
    ("areas", ("kinds", "latents", "median"), ("kinds", "random", "median"), True,
     "median ROC area of latents, beside random directions"),
)  # fmt: skip
"""File, the dictionary's score, a control's, whether higher is better, and what it is."""
LARGEST_FILE = 20_000_000
FINDINGS = 3
LEAST_WORDS = 12


def judge_brought(report: Report) -> tuple[list[Note], list[str]]:
    """Notes and what is missing of project (e)."""
    form = report.form("BROUGHT")
    notes, missing = [], []
    try:
        notes += _judge_scores(report.file("BROUGHT", form.get("folder")))
    except Unjudged as why:
        missing.append(str(why))
    found, more = _judge_findings(report, form.get("findings"))
    return [*notes, *found], [*missing, *more]


def _judge_scores(folder: Path) -> list[Note]:
    model = _read(folder / "manifest.json").get("settings", {})
    model = model.get("model") if isinstance(model, dict) else None
    if not isinstance(model, str):
        raise Unjudged(f"{shown(folder.name)} is no folder of course bring: its manifest names no model")
    if model == "pocket":
        raise Unjudged("the folder is of the pocket model: bring one of your own")
    files = {name: _read(folder / "scores" / f"{name}.json") for name in ("fit", "loss", "areas")}
    notes = []
    for name, ours, theirs, higher, what in COMPARED:
        own, control = _number(files[name], ours), _number(files[name], theirs)
        if own is None or control is None:
            notes.append(Note(0.0, f"{what}: no finite number in {name}.json"))
            continue
        better = own > control if higher else own < control
        notes.append(Note(CONTROLS / len(COMPARED) * better, f"{what}: {own:.3g} and {control:.3g}"))
    return notes


def _read(path: Path) -> dict[str, Any]:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_FILE:
        raise Unjudged(f"{shown(path.name)} is not in the folder: course bring writes it when it has ended")
    try:
        said = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError, OSError):
        said = None
    if not isinstance(said, dict):
        raise Unjudged(f"{shown(path.name)} cannot be read")
    return said


def _number(said: Any, names: tuple[str, ...]) -> float | None:
    for name in names:
        said = said.get(name) if isinstance(said, dict) else None
    good = isinstance(said, int | float) and not isinstance(said, bool) and math.isfinite(said)
    return float(said) if good else None


def _judge_findings(report: Report, findings: object) -> tuple[list[Note], list[str]]:
    given = (
        [one for one in findings if one not in (None, "", {}, ())]
        if isinstance(findings, list | tuple)
        else []
    )
    good, missing, used, against = 0, [], set(), False
    for number, one in enumerate(given[:FINDINGS], 1):
        if why := _amiss(report, one, used):
            missing.append(f"finding {number}: {why}")
            continue
        good, against = good + 1, against or one.get("against_the_method") is True
    if len(given) < FINDINGS:
        missing.append(f"{FINDINGS - len(given)} of {FINDINGS} findings are not written")
    if good == FINDINGS and not against:
        good -= 1
        missing.append("none of the findings is against the method: “against_the_method”: True marks it")
    return [Note(FINDING * good, f"{good} of {FINDINGS} findings count")], missing


def _amiss(report: Report, one: object, used: set[str]) -> str | None:
    if not isinstance(one, dict):
        return "a dict with finding, line and against_the_method is asked"
    text, line = one.get("finding"), one.get("line")
    if not isinstance(text, str) or len(set(text.split())) < LEAST_WORDS:
        return f"a finding takes {LEAST_WORDS} words at least"
    if (why := report.no_evidence(line)) or not isinstance(line, str):
        return why
    if one_line(line) in used:
        return "the same line stands for another finding"
    used.add(one_line(line))
    return None
