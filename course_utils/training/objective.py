"""What `fit_sae` minimises: the loss of the architecture's record, or one of your own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypedDict

from jaxtyping import Float
from torch import Tensor

from course_utils.sae import ARCHITECTURES, SAE, SAEOutput

LossFn = Callable[[Float[Tensor, "batch d_in"], SAEOutput], Float[Tensor, ""]]


class Objective(TypedDict, total=False):
    """What to minimise: the one coefficient that the architecture needs, if any, or a loss in place of its own."""

    l1_coefficient: float | None
    l0_coefficient: float | None
    loss_fn: LossFn | None


def loss_for(sae: SAE, objective: Objective) -> tuple[LossFn, float]:
    """What is minimised, and the coefficient in it (0 if there is none).

    Raises:
        TypeError: if no architecture has such a coefficient.
        ValueError: if the architecture's coefficient is missing, is negative, or one is given that does not belong.
    """
    coefficients: dict[str, Any] = {name: value for name, value in objective.items() if value is not None}
    loss_fn, needed = coefficients.pop("loss_fn", None), sae.spec.coefficient
    for name in coefficients:
        owners = [other for other, spec in ARCHITECTURES.items() if spec.coefficient == name]
        if not owners:
            raise TypeError(f"fit_sae() got an unexpected keyword argument {name!r}")
        if loss_fn is not None:
            raise ValueError(f"loss_fn and {name} do not go together: write the price into loss_fn")
        if name != needed:
            takes = f"it takes {needed}" if needed else "its k makes it sparse"
            raise ValueError(
                f"{name} does not belong to a {sae.architecture} SAE ({takes}): it is for {', '.join(owners)}"
            )
    if loss_fn is not None:
        return lambda x, output: loss_fn(sae.split(x)[1], output), 0.0
    coefficient = coefficients.get(needed) if needed else 0.0
    if coefficient is None:
        raise ValueError(
            f"a {sae.architecture} SAE needs an {needed} (try 1): nothing else {sae.spec.without_it}"
        )
    if not 0 <= coefficient < math.inf:
        raise ValueError(f"{needed} is {coefficient}: a price is a finite number, and not negative")
    return lambda x, output: sae.spec.loss(sae, x, output, coefficient), coefficient
