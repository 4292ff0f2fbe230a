"""`course bring`: from a model that somebody else trained to a dictionary of it, judged beside controls.

Each stage leaves a product in the run's folder (`bring_run`); those that are there are not made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import torch
from filelock import FileLock, Timeout

from course_utils.base import make_folder, processes
from course_utils.desk.bring_model import (
    choose_place,
    describe_needs,
    device_here,
    weights_fingerprint,
)
from course_utils.desk.bring_page import write_page
from course_utils.desk.bring_run import PAGE, Run
from course_utils.desk.bring_scores import score_areas, score_fit, score_loss
from course_utils.desk.bring_settings import Settings, keep_settings
from course_utils.desk.bring_texts import COURSE, material
from course_utils.desk.bring_train import harvest, harvest_judged, train
from course_utils.lm import load_model
from course_utils.training import WORTH_IT, bfloat16_gain

Say = Callable[[str], None]
INDEX, LOCK = "index.json", ".lock"


def bring(
    model: str,
    out: Path,
    *,
    hook: str | None = None,
    data: Path | None = None,
    latents: int | None = None,
    k: int = 32,
    tokens: int = 500_000,
    passes: int = 8,
    context: int = 256,
    seed: int = 0,
    say: Say = print,
    progress: bool = True,
) -> Path:
    """Check the model, harvest, train, judge, and write the page.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:  # nothing is written for a model that is not there
        ...     bring("no such model", Path(folder, "run"))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        course_utils.lm.sources.ModelUnavailable: there is no folder .../no such model...

    Args:
        model: what `load_model` takes.
        out: the run's folder; one that was begun is gone on with.
        hook: the hook point; None is the residual stream after the middle layer.
        data: texts of one's own (`read_texts`); None takes the course's.
        latents: None is 16 times the hook point's width.
        k: latents active on a token.
        tokens: to harvest.
        passes: how often training goes through them.
        context: tokens of a text that are read.
        seed: of order, start and choice.
        say: takes a line about what goes on.
        progress: show bars.

    Returns:
        The page.

    Raises:
        ModelUnavailable: if the model cannot be had.
        FileNotFoundError: if the data are not there.
        ValueError: if model, texts or settings do not fit, each named, or another program works in the folder.
        OSError: if the disk is full.
    """
    wrapped, team = load_model(model), processes()
    if not team.is_first:
        say, progress = lambda line: None, False
    device = device_here(team.count == 1, team.device)
    place = choose_place(wrapped, hook)
    latents = latents or 16 * place.width
    if k > latents:
        raise ValueError(f"k is {k}, more than the {latents} latents there are")
    say(f"{describe_needs(wrapped, place.width, latents)}")
    say(f"hook point: {place.hook_name} ({place.why})")
    brought = material(data, context=context, seed=seed)
    for note in brought.notes:
        say(f"texts: {note}")
    asked = Settings(
        model=wrapped.cfg.model_name,
        weights=weights_fingerprint(wrapped),
        hook=place.hook_name,
        latents=latents,
        k=k,
        tokens=tokens,
        data=COURSE if data is None else str(data.expanduser().resolve()),
        texts=brought.fingerprint,
        context=context,
        passes=passes,
        seed=seed,
        **_chosen_by_machine(device),
    )
    make_folder(out)
    try:
        with FileLock(out / LOCK, timeout=0) if team.is_first else nullcontext():
            asked = team.gather(keep_settings(out, asked) if team.is_first else asked)[0]
            if asked.device != device.type:  # a run that was begun on another kind goes on where both can
                device = torch.device("cpu")
            if device.type != "cpu":
                wrapped.to(device)
            _work(Run(out, asked, wrapped, brought, team, place.width, progress), say)
    except Timeout:
        raise ValueError(f"another program works in {out}") from None
    return out / PAGE


def _chosen_by_machine(device: torch.device) -> dict[str, str]:
    """bfloat16 where the hardware multiplies in it, and the training step that is fastest here."""
    if device.type == "cuda":
        compute = "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
        return dict(compute=compute, speed="plain", device=device.type)
    rounds = bfloat16_gain() > WORTH_IT
    return dict(
        compute="bfloat16" if rounds else "float32",
        speed="fast_bfloat16" if rounds else "fast",
        device=device.type,
    )


def _work(run: Run, say: Say) -> None:
    """Every stage whose product is missing and needed."""
    stages = list(_stages(run))
    for number, stage in enumerate(stages, 1):
        if not (run.team.is_first or stage.is_shared):
            return  # the first process does the rest by itself
        said, is_there = f"{number}/{len(stages)} {stage.name}", stage.product.exists()
        todo = stage.is_needed and not is_there
        if stage.is_shared:
            todo = run.team.gather(todo)[0]  # as the first sees it: to another a file may look older
        if not todo:
            say(f"{said}: {'there already' if is_there else 'not needed any more'}")
            continue
        say(f"{said} …")
        began = time.monotonic()
        stage.work(run)
        say(f"{said}: {(time.monotonic() - began) / 60:.1f} minutes")


class Stage(NamedTuple):
    """A part of the work, and what shows that it is done."""

    name: str
    work: Callable[[Run], object]
    product: Path
    is_needed: bool = True
    is_shared: bool = False
    """Whether all processes take part; those that are not come last, and are done by the first alone."""


def _stages(run: Run) -> Iterator[Stage]:
    judging = [("fit", score_fit), ("loss", score_loss)] + [("areas", score_areas)] * bool(
        run.material.labels
    )
    scores = [Stage(f"scores: {name}", work, run.scores(name)) for name, work in judging]
    judges = not all(stage.product.exists() for stage in scores)
    harvests = judges or not run.dictionary.exists()
    yield Stage("harvest", harvest, run.harvest / INDEX, harvests, is_shared=True)
    yield Stage(
        "texts to judge by",
        harvest_judged,
        run.judged / INDEX,
        judges or not run.page.exists(),
        is_shared=True,
    )
    yield Stage("training", train, run.dictionary, is_shared=True)
    yield from scores
    yield Stage("page", write_page, run.page)
