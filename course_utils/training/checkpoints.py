"""A training run on disk, to go on from where it stopped: exactly as if it had not.

What a run is at a step is more than its weights: Adam's averages, how long each latent has been silent, the scale, the
best weights so far, and the record of the run. The batches are not stored; the run is given the same ones again, and
passes over those that it has seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from course_utils.sae import SAE


def settings_of(sae: SAE, **others: Any) -> dict[str, Any]:
    """What has to be the same for a checkpoint to fit."""
    return dict(d_in=sae.d_in, d_sae=sae.d_sae, architecture=sae.architecture, k=sae.k, **others)


def save_checkpoint(path: Path, settings: dict[str, Any], **state: Any) -> None:
    """Write it beside, then put it in place: a process that is killed while it writes leaves the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")
    torch.save(dict(settings=settings, **state), unfinished)
    unfinished.replace(path)


def load_checkpoint(path: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """What was saved, or None if nothing was yet.

    Raises:
        ValueError: if it is of another run.
    """
    if not path.is_file():
        return None
    state = torch.load(path, weights_only=True, map_location="cpu")
    if state["settings"] != settings:
        differ = [name for name in settings if settings[name] != state["settings"].get(name)]
        was = ", ".join(f"{name} {state['settings'].get(name)}" for name in differ)
        raise ValueError(f"{path} is of another run ({was}): remove it, or name another checkpoint")
    return state
