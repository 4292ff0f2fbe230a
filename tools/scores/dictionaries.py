"""The worlds in which scores are scored, and the dictionaries that are trained in each."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

from course_utils.sae import SAE
from course_utils.training import fit_sae
from course_utils.worlds import WORLDS, FeatureWorld

STEPS, BATCH = 1000, 512
SIZES, SEEDS = (128, 512), (0, 1)
SPARSITIES: dict[str, list[dict[str, Any]]] = {
    **{name: [{"k": k} for k in (4, 8)] for name in ("topk", "batchtopk", "matryoshka")},
    "relu": [{"l1_coefficient": c} for c in (4.0, 12.0)],
    "gated": [{"l1_coefficient": c} for c in (6.0, 20.0)],
    "jumprelu": [{"l0_coefficient": c} for c in (0.2, 1.0)],
}
"""Found by trying, so that some have about as many latents on as there are features on."""


class Plan(NamedTuple):
    """One dictionary to train."""

    world: str
    architecture: str
    d_sae: int
    sparsity: int
    """Which of the architecture's settings."""
    seed: int

    @property
    def name(self) -> str:
        return f"{self.world}/{self.architecture}-{self.d_sae}-{self.sparsity}-seed{self.seed}"

    @property
    def sibling(self) -> Plan:
        """The same with the other seed."""
        return self._replace(seed=1 - self.seed)


def plans() -> list[Plan]:
    """All of them; a plan and its sibling one after the other."""
    shapes = product(WORLDS, SPARSITIES, SIZES, range(2), SEEDS)
    return [Plan(*shape) for shape in shapes]


def scored_world(name: str) -> FeatureWorld:
    """One of `WORLDS`, with the seed that docs/scores.md was measured with."""
    return replace(WORLDS[name], seed=0)


def train(plan: Plan) -> SAE:
    """The dictionary of a plan: seconds on one core."""
    world, options = scored_world(plan.world), SPARSITIES[plan.architecture][plan.sparsity]
    k = options.get("k")
    # Matryoshka's prefixes come from the package; weights start and batches are drawn from the plan's seed
    sae = SAE(world.d, plan.d_sae, plan.architecture, seed=plan.d_sae + plan.seed, **({"k": k} if k else {}))
    price = {name: value for name, value in options.items() if name != "k"}
    batches = world.batches(STEPS, BATCH, seed=100 + plan.seed)
    fit_sae(sae, batches, steps=STEPS, lr=3e-3, progress=False, **price)
    return sae
