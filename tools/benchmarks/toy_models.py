"""The sweep of toy models, against the loop of the published notebook, as it describes it.

Elhage et al. 2022, github.com/anthropics/toy-models-of-superposition: all instances in one batch, features on if a
uniform number falls below their probability and then uniform, autograd, AdamW. Written anew here, without its bar.
"""

from __future__ import annotations

import statistics

import torch
from timing import Row, in_turn, ratios
from torch import nn

from course_utils.worlds import ToyModels, fit_toy_models

STEPS, OF = 240, 10_000  # the schedule, and how seldom the loss is recorded, are those of the long run
SIZES = {(8, 80, 20): (3, 4), (20, 200, 20): (None, None)}
"""(instances, features, dimensions) → what must and what shall be reached."""
BATCH = 1024


class Notebook:
    def __init__(self, instances: int, n_features: int, d_hidden: int):
        self.probability = (20 ** -torch.linspace(0, 1, instances))[:, None]
        self.importance = 0.9 ** torch.arange(n_features)[None, :]
        self.W = nn.Parameter(nn.init.xavier_normal_(torch.empty(instances, n_features, d_hidden)))
        self.b = nn.Parameter(torch.zeros(instances, n_features))
        self.optimiser = torch.optim.AdamW([self.W, self.b], lr=1e-3)

    def train(self) -> None:
        for _ in range(STEPS):
            shape = (BATCH, *self.b.shape)
            on = torch.rand(shape) <= self.probability
            features = torch.where(on, torch.rand(shape), torch.zeros(()))
            hidden = torch.einsum("bif,ifh->bih", features, self.W)
            output = torch.relu(torch.einsum("bih,ifh->bif", hidden, self.W) + self.b)
            loss = (self.importance * (features.abs() - output) ** 2).mean(dim=(0, 2)).sum()
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()


def ours(instances: int, n_features: int, d_hidden: int) -> None:
    """The first steps of a run of 10,000."""

    def stop(step: int, models: ToyModels) -> None:
        if step == STEPS:
            raise KeyboardInterrupt  # fit_toy_models keeps what there is

    fit_toy_models(
        n_features,
        d_hidden,
        sparsity=1 - 20 ** -torch.linspace(0, 1, instances),
        importance=0.9 ** torch.arange(n_features),
        steps=OF,
        batch_size=BATCH,
        lr=1e-3,
        on_step=stop,
        progress=False,
    )


def rows() -> list[Row]:
    found = []
    for sizes, (must, aim) in SIZES.items():
        notebook = Notebook(*sizes)
        seconds = in_turn({"notebook": notebook.train, "ours": lambda sizes=sizes: ours(*sizes)})
        milliseconds = {name: 1000 * statistics.median(times) / STEPS for name, times in seconds.items()}
        note = f"{milliseconds['notebook']:.1f} ms and {milliseconds['ours']:.1f} ms a step"
        work = f"toy-model sweep, {' × '.join(map(str, sizes))}, batch {BATCH}"
        found.append(
            Row(work, "the published notebook's loop", ratios(seconds, "notebook", "ours"), must, aim, note)
        )
    return found
