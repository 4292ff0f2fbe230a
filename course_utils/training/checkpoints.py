"""A training run on disk, to go on from where it stopped: exactly as if it had not.

What a run is at a step is more than its weights: Adam's averages, how long each latent has been silent, the scale, the
best weights so far, and the record of the run (`run.Run`). The batches are not stored; the run is given the same ones
again, and passes over those that it has seen. So whatever else changes a run has to be the same too, and is compared by
name: all that `fit_sae` is given, but for `MAY_CHANGE`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils.base import first_line, make_folder, whole_file
from course_utils.sae import SAE
from course_utils.training.objective import Objective
from course_utils.training.options import Revival, Schedule

MAY_CHANGE = ("progress", "checkpoint", "checkpoint every", "device", "number of processes")
"""What a run may go on with anew. Everything else changes its numbers; these at most round them otherwise."""

LOST = "not recorded"


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """A few letters that are others if any number, shape or dtype is."""
    found = hashlib.sha256()
    for name, value in tensors.items():
        found.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        found.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:12]


def names_of(functions: Sequence[Any]) -> list[str]:
    """What functions are called in their module: all that can be compared of them."""
    return [f"{f.__module__}.{getattr(f, '__qualname__', type(f).__qualname__)}" for f in functions]


def describe_batch(x: Tensor) -> dict[str, Any]:
    """What shows whether a batch is the same one."""
    return {"batch shape": tuple(x.shape), "batch dtype": str(x.dtype), "batch": fingerprint({"": x})}


def settings_of(
    sae: SAE,
    speed: str,
    steps: int | None,
    schedule: Schedule,
    revival: Revival,
    callbacks: Sequence[Any],
    objective: Objective,
) -> dict[str, Any]:
    """All that changes the run, under the names that a user gave it by. `MAY_CHANGE` is what is left out."""
    loss_fn = objective.get("loss_fn")
    return {
        "d_in": sae.d_in, "d_sae": sae.d_sae, "architecture": sae.architecture, **sae.options,
        "dtype": str(sae.W_dec.dtype), "starting weights": fingerprint(sae.state_dict()),
        "steps": steps, **asdict(schedule), "speed": speed,
        **{f"revival's {name}": value for name, value in asdict(revival).items()},
        **{name: value for name, value in objective.items() if name != "loss_fn" and value is not None},
        "loss_fn": names_of([loss_fn] if loss_fn else []), "callbacks": names_of(callbacks),
    }  # fmt: skip


def save_checkpoint(path: Path, settings: dict[str, Any], **state: Any) -> None:
    """A process that is killed while it writes leaves the one before."""
    make_folder(path.parent)
    with whole_file(path) as unfinished:
        torch.save(dict(settings=settings, **state), unfinished)


def load_checkpoint(path: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """What was saved, or None if nothing was yet.

    Raises:
        ValueError: if it is of another run, or damaged.
    """
    if not path.is_file():
        return None
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        saved = dict(state["settings"])
    except Exception as error:  # a damaged file, or another kind of file, breaks torch.load in many places
        raise ValueError(
            f"{path} is no whole checkpoint: remove it, or name another ({first_line(error)})"
        ) from error
    refuse_other(path, saved, settings)
    return state


def refuse_other(path: Path, saved: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Compare two sets of settings.

    Raises:
        ValueError: if they differ; it names each setting that does.
    """
    names = [name for name in {**now, **saved} if saved.get(name, LOST) != now.get(name, LOST)]
    if names:
        each = "; ".join(f"{name} was {saved.get(name, LOST)}, is {now.get(name, LOST)}" for name in names)
        raise ValueError(f"{path} is of another run ({each}): remove it, or name another checkpoint")
