"""What several processes make of one batch: each works on its share of the rows, and all take the same step.

gradient = sum over the processes of  (their rows / all rows) * (gradient of the mean loss over their rows)
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.base import Processes
from course_utils.sae import SAE
from course_utils.training.history import Measurement


def of_all(
    mine: Measurement,
    rows: Float[Tensor, "share d_in"],
    whole: Float[Tensor, "batch d_in"],
    team: Processes,
) -> Measurement:
    """One process's measurement of its rows, and the others' of theirs, as if one had measured the whole batch."""
    if team.count == 1:
        return mine
    sums = len(rows) * torch.tensor([mine.loss, mine.mse, mine.l0], dtype=torch.double, device=whole.device)
    team.sum_([sums])
    loss, mse, l0 = (sums / len(whole)).tolist()
    variance = (whole - whole.mean(dim=0)).pow(2).sum(dim=1).mean().item()
    return mine._replace(loss=loss, mse=mse, l0=l0, fvu=mse / variance if variance else math.nan)


@torch.no_grad()
def average_gradients_(sae: SAE, share: float, team: Processes) -> None:
    """Make every process's gradients that of the whole batch; ``share`` is this process's part of its rows."""
    if team.count == 1:
        return
    slopes = [parameter.grad for parameter in sae.parameters() if parameter.grad is not None]
    for slope in slopes:
        slope *= share
    team.sum_(slopes)
