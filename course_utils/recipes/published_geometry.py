"""The picture of day 4's paper at its own size, and the law of the loss: `python -m course_utils.recipes.published_geometry`.

400 features in 30 dimensions (Elhage et al. 2022, "The Geometry of Superposition"), at 24 sparsities: the share of a
dimension that each feature has. And one sparsity in growing rooms, with lengths as training leaves them and with all
held near 1: in strong superposition the loss falls about as 1/m (Liu, Liu and Gore 2025, arXiv 2505.10465). Both are far
too slow to train in a notebook; the day draws what is kept in ``data/geometry``. Goes on where it was stopped, model by
model.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from course_utils.worlds import feature_dimensionality, fit_toy_models

N, M = 400, 30
RARITIES = torch.logspace(0.1, 1.3, 24)
"""1 / probability of a feature, one a model."""

ROOMS, SEEDS, RARE = (8, 12, 18, 27, 40), 3, 0.9975
"""Dimensions, starts and the sparsity of the law."""

AT_ONCE = 3
"""Models trained together: what a stop loses."""


def asked(steps: int) -> dict[str, Any]:
    """How all of them are trained."""
    return {"steps": steps, "batch_size": 512, "lr": 2e-3, "progress": False}


def shares(steps: int, out: Path) -> torch.Tensor:
    """(models, N): the share of a dimension that each feature has, by `feature_dimensionality`."""
    parts = []
    for i in range(0, len(RARITIES), AT_ONCE):
        part = out / f"shares_{i}.safetensors"
        if not part.exists():
            models = fit_toy_models(N, M, sparsity=1 - 1 / RARITIES[i : i + AT_ONCE], seed=i, **asked(steps))
            save_file({"shares": feature_dimensionality(models.W).contiguous()}, part)
            print(part.name, flush=True)
        parts.append(load_file(part)["shares"])
    return torch.cat(parts)


def near_one(W: torch.Tensor) -> torch.Tensor:
    """The pull of every direction's length towards 1: (instances, M, N) -> (instances,)."""
    return 0.02 * (W.norm(dim=-2) - 1).square().sum(dim=-1)


def losses(steps: int, out: Path, *, held: bool) -> torch.Tensor:
    """(rooms, seeds): the loss of models of each size at the end; held: no feature may be left out or grow."""
    rows = []
    for m in ROOMS:
        part = out / f"losses_{m}{'_held' * held}.safetensors"
        if not part.exists():
            pull = near_one if held else None
            models = fit_toy_models(
                N, m, sparsity=RARE, instances=SEEDS, seed=m, penalty=pull, **asked(steps)
            )
            save_file({"loss": models.loss().contiguous()}, part)
            print(part.name, flush=True)
        rows.append(load_file(part)["loss"])
    return torch.stack(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train what day 4 draws of large toy models.")
    parser.add_argument("--out", type=Path, default=Path("runs/geometry"))
    parser.add_argument("--steps", type=int, default=4000)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    kept = {
        "rarities": RARITIES,
        "shares": shares(options.steps, options.out).half(),
        "rooms": torch.tensor(ROOMS),
        "losses": losses(options.steps, options.out, held=False),
        "losses_held": losses(options.steps, options.out, held=True),
    }
    save_file(kept, options.out / "geometry.safetensors", metadata={"steps": str(options.steps)})


if __name__ == "__main__":
    main()
