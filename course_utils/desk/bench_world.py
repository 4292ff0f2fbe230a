"""`course bench --world`: a dictionary of made-up activations, judged by the features that they were made of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from course_utils.base import check_writable, make_folder, write_text
from course_utils.desk.bench_dictionaries import Entry, load_entry, with_own_names
from course_utils.desk.bench_page import bench_page
from course_utils.desk.bring_run import PAGE, write_json
from course_utils.reading import (
    WORLD_KINDS,
    WORLD_LABELS,
    Column,
    hedging,
    judging_rows,
    l0,
    pca_sae,
    score_in_world,
    untrained_sae,
)
from course_utils.sae import SAE
from course_utils.worlds import WORLDS, Drawn, FeatureWorld

SEED = "seed"
CALLED = {"dead_share": "dead"}
Say = Callable[[str], None]


def bench_in_world(
    dictionaries: Sequence[str],
    out: Path,
    world_name: str,
    *,
    columns: Iterable[str] | None = None,
    controls: dict[str, str] | None = None,
    say: Say = print,
) -> list[dict[str, Any]]:
    """Score dictionaries of a world whose features are known; write what `bench` writes.

    Args:
        dictionaries: what `load_entry` takes.
        out: a folder, made if it is not there.
        world_name: a key of `WORLDS`.
        columns: some of `WORLD_KINDS`; None is all.
        controls: more dictionaries to put beside each; ``"seed"`` is what ``stability`` compares with.
        say: takes a line about what goes on.

    Returns:
        What was written for each dictionary.

    Raises:
        ValueError: if a dictionary cannot be read or is not of this world, or there is no such column.
        OSError: if the folder cannot be written, or a dictionary is not there.
    """
    world = WORLDS[world_name]
    wanted = list(WORLD_KINDS if columns is None else dict.fromkeys(columns))
    if unknown := [name for name in wanted if name not in WORLD_KINDS]:
        raise ValueError(
            f"there is no column {', '.join(unknown)} in a world: there are {', '.join(WORLD_KINDS)}"
        )
    make_folder(out)
    check_writable(out / PAGE)
    entries = with_own_names([load_entry(given, world.d) for given in dictionaries], Path(PAGE).stem)
    beside = {name: load_entry(given, world.d).sae for name, given in (controls or {}).items()}
    for name, sae in [*((entry.name, entry.sae) for entry in entries), *beside.items()]:
        if sae.d_in != world.d:
            raise ValueError(
                f"{name} reads activations of {sae.d_in}, those of the world {world_name} have {world.d}: train it on "
                f"FeatureWorld.batches of course_utils.worlds.WORLDS[{world_name!r}]"
            )
    rows, results = judging_rows(world), []
    for entry in entries:
        say(f"{entry.name} …")
        result = _score(entry, beside, world, rows, wanted) | {"world": world_name}
        results.append(result)
        write_json(out / f"{entry.name}.json", result)
    write_text(out / PAGE, bench_page(results))
    return results


def _score(
    entry: Entry,
    controls: dict[str, SAE],
    world: FeatureWorld,
    rows: tuple[Drawn, Drawn],
    wanted: Sequence[str],
) -> dict[str, Any]:
    began = time.monotonic()
    choose, judge = rows
    k = max(1, round(l0(entry.sae.encode(judge.x))))
    beside = {
        **controls,
        "untrained": untrained_sae(choose.x.mean(dim=0), entry.sae.d_sae, min(k, entry.sae.d_sae), seed=1),
        "pca": pca_sae(choose.x, min(k, 2 * world.d)),
    }
    own = _scores(entry.sae, world, rows, controls.get(SEED))
    others = {
        name: _scores(sae, world, rows, controls.get(SEED)) for name, sae in beside.items() if name != SEED
    }
    if SEED in controls:
        others[SEED] = _scores(controls[SEED], world, rows, entry.sae)
    n = {name: len(judge.x) for name in ("l0", "fvu", "dead")} | {"crowding": entry.sae.d_sae}
    n |= {"probe_1": WORLD_LABELS, "probe_5": WORLD_LABELS, "absorption": world.families}
    n |= {"hedging": 2 * world.together, "stability": entry.sae.d_sae}
    columns = {}
    for name in wanted:
        if name in own:
            kind = WORLD_KINDS[name]
            scores = {other: found[name] for other, found in others.items() if name in found}
            columns[name] = Column(
                own[name], kind.better, n.get(name, world.n_features), None, kind.what, kind.source, scores
            )._asdict()
    return {
        "version": 1,
        "dictionary": entry.about,
        "model": "a made-up world",
        "hook": "rows",
        "texts": {"choose": len(choose.x), "judge": len(judge.x)},
        "columns": columns,
        "missing": {name: WHY_MISSING[name] for name in wanted if name not in own},
        "seconds": {"all": round(time.monotonic() - began, 2)},
    }


WHY_MISSING = {
    "stability": "no dictionary of another seed stands beside it (--control seed=…)",
    "absorption": "the world has no parents with children",
    "hedging": "the world has no pairs that come together",
}


def _scores(
    sae: SAE, world: FeatureWorld, rows: tuple[Drawn, Drawn], sibling: SAE | None
) -> dict[str, float]:
    found = score_in_world(sae, world, rows, sibling)
    leaning = hedging(sae, world)
    scores = {CALLED.get(name, name): score for name, score in found.items()}
    return scores if leaning is None else scores | {"hedging": leaning}
