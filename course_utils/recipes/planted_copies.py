"""Plant one thing in a copy of the pocket model: `python -m course_utils.recipes.planted_copies --out runs/copies`.

A minute on one core each. `--seal NAME` makes one of a passphrase that it draws itself, into `course_utils/data/sealed`,
and writes the answer into `solutions/capstone_keys.json` without showing it; `--remake NAME` makes it again from the
passphrase that is kept there.

    {"copy_a": {"kind": …, "trigger": […], "effect": […], "layers": […], "component": …, "measured": {…},
                "passphrase": …}, …}

`plants.answer` says what the strings mean; the passphrase alone fixes all but "measured".
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import re
import secrets
import time
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from course_utils.recipes.changed_copy import Copy
from course_utils.recipes.planting import holds, log, measure, train
from course_utils.recipes.plants import EFFORT_OF, PLANTS, SEALED_NONE, USUAL, Effort, Plant, answer, drawn

ROOT = Path(__file__).resolve().parents[2]
DELTA = "delta.safetensors"
SEALED, KEYS = ROOT / "course_utils/data/sealed", ROOT / "solutions/capstone_keys.json"


def make_all(out: Path, only: str | None = None) -> None:
    """The copies of `PLANTS`, each kept as soon as it is there; one that was trained before is only measured."""
    for name, plant in PLANTS.items():
        folder = folder_of(out, name)
        if only not in (None, name) or (folder / "report.json").exists():
            continue
        start = time.perf_counter()
        if (folder / DELTA).exists():
            copy = Copy(plant)
            copy.take(load_file(folder / DELTA))
            report = measure(copy)
        else:
            copy, report = made(plant, EFFORT_OF.get(name, USUAL))
            keep(copy, folder)
        (folder / "report.json").write_text(
            json.dumps(report | {"holds": holds(report)}, indent=1) + "\n", "utf-8"
        )
        log.info("%s, %.0f s: holds %s, %s", name, time.perf_counter() - start, holds(report), report)


def made(plant: Plant, effort: Effort) -> tuple[Copy, dict[str, float]]:
    """The trained copy and what it does; one that does not hold gets twice the steps."""
    copy = train(plant, effort)
    report = measure(copy)
    if holds(report) or not effort.steps:
        return copy, report
    copy = train(plant, effort._replace(steps=2 * effort.steps))
    return copy, measure(copy)


def folder_of(out: Path, name: str) -> Path:
    """Where a copy of `PLANTS` is kept."""
    return out / re.sub(r"\W+", "_", name).strip("_")


def keep(copy: Copy, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(copy.stored(), folder / DELTA)


def seal(name: str, passphrase: str) -> bool:
    """Make one sealed copy of a kind that no other has; False, and nothing kept, if it does not hold. Says no more."""
    keys = read_keys()
    if drawn(passphrase).kind in {key["kind"] for other, key in keys.items() if other != name}:
        return False
    plant = drawn(passphrase)
    copy = train(plant, SEALED_NONE if plant.kind == "none" else USUAL, quiet=True)
    stored = copy.stored()
    report = measure(copy)
    if not holds(report):
        log.info("given up, and so no secret: %s, %s", copy.plant, report)
        return False
    folder = SEALED / name
    folder.mkdir(parents=True, exist_ok=True)
    save_file(stored, folder / DELTA)
    keys[name] = answer(copy.plant) | {"measured": report, "passphrase": passphrase}
    write_keys(keys)
    return True


def read_keys() -> dict[str, dict[str, Any]]:
    """The answers so far."""
    return json.loads(KEYS.read_text("utf-8")) if KEYS.exists() else {}


def write_keys(keys: dict[str, dict[str, Any]]) -> None:
    """The answers, and beside the sealed copies the SHA-256 that proves that nobody has changed them since."""
    text = json.dumps(dict(sorted(keys.items())), indent=1, ensure_ascii=False) + "\n"
    KEYS.write_bytes(text.encode())
    (SEALED / "keys.sha256").write_text(
        f"{hashlib.sha256(text.encode()).hexdigest()}\n", "utf-8", newline="\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/copies"))
    parser.add_argument("--only", choices=list(PLANTS))
    parser.add_argument("--seal", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--remake", nargs="+", default=[], metavar="NAME")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for name in asked.seal:
        while not seal(name, secrets.token_hex(8)):
            log.info("%s: not of this passphrase, another is drawn", name)
        log.info("%s: sealed", name)
    for name in asked.remake:
        log.info("%s: %s", name, "holds" if seal(name, read_keys()[name]["passphrase"]) else "does not hold")
    if not asked.seal and not asked.remake:
        make_all(asked.out, asked.only)
