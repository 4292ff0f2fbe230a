"""`course bench`: load, score beside controls, and write a JSON file for each dictionary and one page for all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from course_utils.base import DATA, check_writable, make_folder, write_text
from course_utils.desk.bench_dictionaries import Entry, load_entry, with_own_names
from course_utils.desk.bench_page import bench_page
from course_utils.desk.bench_steering import Steering
from course_utils.desk.bring_model import choose_place
from course_utils.desk.bring_run import PAGE, write_json
from course_utils.lm import load_model, load_texts
from course_utils.reading import (
    BENCH_COLUMNS,
    BENCH_KINDS,
    BenchTexts,
    Column,
    bench_dictionary,
    bench_texts,
    l0,
    untaught,
)
from course_utils.sae import SAE

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

COLUMNS = tuple(BENCH_KINDS)
SEED = "seed"
OF_ANOTHER_SEED = {"layer_2_512": "layer_2_512_seed_0", "layer_2_512_seed_0": "layer_2_512"}
FULL, QUICK = dict(n_each=8, n_judged=8), dict(n_each=3, n_judged=3)
NOT_MEASURED = {"hedging": "its definition (Chanin et al. 2025, arXiv 2505.11756) adds latents and trains on"}
Say = Callable[[str], None]


class Asked(NamedTuple):
    """Which dictionaries, at which hook point of which model."""

    model: TransformerBridge
    hook_name: str
    entries: list[Entry]
    controls: dict[str, SAE]


def bench(
    dictionaries: Sequence[str],
    out: Path,
    *,
    model: str = "pocket",
    hook: str | None = None,
    columns: Iterable[str] | None = None,
    controls: dict[str, str] | None = None,
    quick: bool = False,
    say: Say = print,
) -> list[dict[str, Any]]:
    """Score dictionaries beside controls; write ``<name>.json`` for each and ``index.html``.

    Examples:
        >>> bench(["layer_2"], Path("never made"), columns=["beauty"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: there is no column beauty: there are l0, fvu, ...

    Args:
        dictionaries: what `load_entry` takes.
        out: a folder, made if it is not there.
        model: what `load_model` takes.
        hook: the hook point; None is the one that the dictionaries say, or the residual stream after the middle layer.
        columns: some of `COLUMNS`; None is all.
        controls: more dictionaries to put beside each, by name: ``{"seed": "layer_2_512_seed_0"}``.
        quick: a third of the texts.
        say: takes a line about what goes on.

    Returns:
        What was written for each dictionary.

    Raises:
        ModelUnavailable: if the model cannot be had.
        ValueError: if a dictionary cannot be read or does not fit, or there is no such column.
        OSError: if the folder cannot be written, or a dictionary is not there.
    """
    wanted = list(COLUMNS if columns is None else dict.fromkeys(columns))
    if unknown := [name for name in wanted if name not in COLUMNS]:
        raise ValueError(f"there is no column {', '.join(unknown)}: there are {', '.join(COLUMNS)}")
    make_folder(out)
    check_writable(out / PAGE)
    asked = prepare(dictionaries, model, hook, controls or {})
    say(f"texts through the model, at {asked.hook_name} …")
    texts = bench_texts(asked.model, asked.hook_name, load_texts(), **(QUICK if quick else FULL))
    writing = Steering(asked.model, texts) if "steering" in wanted else None
    results = []
    for entry in asked.entries:
        say(f"{entry.name} …")
        result = score(asked, entry, texts, wanted, model, writing)
        results.append(result)
        write_json(out / f"{result['dictionary']['name']}.json", result)
    write_text(out / PAGE, bench_page(results))
    return results


def prepare(dictionaries: Sequence[str], model: str, hook: str | None, controls: dict[str, str]) -> Asked:
    """Everything that can go wrong with what was asked for goes wrong here, before the work."""
    files = [load_entry(given) if not given.endswith(".py") else None for given in dictionaries]
    said = sorted({entry.sae.hook_name for entry in files if entry and entry.sae.hook_name})
    if hook is None and len(said) > 1:
        raise ValueError(
            f"the dictionaries read {' and '.join(said)}: score those of one hook point together"
        )
    wrapped = load_model(model)
    place = choose_place(wrapped, hook or (said[0] if said else None))
    entries = [
        entry or load_entry(given, place.width) for entry, given in zip(files, dictionaries, strict=True)
    ]
    beside = {name: load_entry(given, place.width).sae for name, given in controls.items()}
    named = [*((entry.name, entry.sae) for entry in entries), *beside.items()]
    for name, sae in named:
        if sae.d_in != place.width:
            raise ValueError(
                f"{name} reads activations of {sae.d_in}, those of {model} at {place.hook_name} have {place.width}"
            )
        if sae.hook_name not in (None, place.hook_name):
            raise ValueError(f"{name} says that it reads {sae.hook_name}, not {place.hook_name}")
    return Asked(wrapped, place.hook_name, with_own_names(entries, Path(PAGE).stem), beside)


def score(
    asked: Asked,
    entry: Entry,
    texts: BenchTexts,
    wanted: Sequence[str],
    model: str,
    writing: Steering | None,
) -> dict[str, Any]:
    """One dictionary's scores as they are written."""
    began, cpu = time.monotonic(), time.process_time()
    controls = dict(asked.controls)
    other = OF_ANOTHER_SEED.get(entry.name)
    if SEED not in controls and other and entry.sha256 == _shipped(entry.name).sha256:
        controls[SEED] = _shipped(other).sae
    of_texts = [name for name in wanted if name in BENCH_COLUMNS]
    found = bench_dictionary(asked.model, entry.sae, texts, controls=controls, columns=of_texts)
    columns, missing, seconds = dict(found.columns), dict(found.missing), dict(found.seconds)
    if writing is not None:
        at = time.monotonic()
        columns["steering"] = _steering(writing, entry.sae, controls)
        seconds["steering"] = time.monotonic() - at
    seconds |= {"all": time.monotonic() - began, "all_processor": time.process_time() - cpu}
    return {
        "version": 1,
        "dictionary": entry.about,
        "model": model if "/" not in model and "\\" not in model else Path(model).name,
        "hook": asked.hook_name,
        "texts": {
            "choose": int((~texts.judged).sum()),
            "judge": int(texts.judged.sum()),
            "tokens": texts.n_tokens,
            "concepts": len(texts.concepts),
            "max_tokens_per_text": texts.max_tokens_per_text,
        },
        "columns": {name: columns[name]._asdict() for name in wanted if name in columns},
        "missing": missing | NOT_MEASURED,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
    }


def _shipped(name: str) -> Entry:
    return load_entry(str(DATA / "saes" / name))


def _steering(writing: Steering, sae: SAE, controls: dict[str, SAE]) -> Column:
    texts, kind = writing.texts, BENCH_KINDS["steering"]
    beside = controls | untaught(texts, sae.d_sae, l0(sae.encode(texts.rows.values[:4096])))
    own = writing.of_dictionary(sae)
    scores = {name: writing.of_dictionary(one).score for name, one in beside.items()}
    scores |= writing.without_dictionary
    return Column(own.score, kind.better, own.n, own.interval, kind.what, kind.source, scores)
