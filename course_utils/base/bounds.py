"""Between what a number may lie, by the name of the argument: a name means one thing in the whole package."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from course_utils.base.refusing import shown


class Bounds(NamedTuple):
    """Both ends belong to it, unless it says ``above``."""

    low: float
    high: float
    above: bool = False

    def refuse(self, value: float) -> str | None:
        """What a value has to be that lies outside, or None."""
        if value < self.low or (self.above and value <= self.low):
            return f"{'above' if self.above else 'at least'} {self.low:g}"
        return f"at most {self.high:,.0f}" if value > self.high else None


LARGEST = 1e30
MANY = 10**7
"""More steps, rows or units than a machine of this course will see through; tokens and seeds may be more."""

WHOLE = Bounds(-MANY, MANY)
COUNT = Bounds(1, MANY)
FROM_0 = Bounds(0, MANY)
SHARE = Bounds(0.0, 1.0)
POSITIVE = Bounds(0.0, LARGEST, above=True)
NOT_NEGATIVE = Bounds(0.0, LARGEST)


def _named(bounds: Bounds, names: str) -> dict[str, Bounds]:
    return dict.fromkeys(names.split(), bounds)


INTEGERS = {
    **_named(
        COUNT,
        "n d p k steps batch_size tries rounds starts keep rate side window set_size instances every",
    ),
    **_named(
        COUNT, "d_in d_out d_sae d_hidden d_mlp k_aux dead_after dpi jobs passes context top_k fewest latents"
    ),
    **_named(
        COUNT,
        "n_features n_cells n_stimuli n_stations n_channels n_unknowns n_trials n_blocks n_directions n_units",
    ),
    **_named(
        COUNT,
        "at_most n_concepts n_parts n_tokens n_top n_each n_best n_worst n_named presentations n_judged",
    ),
    **_named(COUNT, "max_tokens_per_text texts_per_shard n_removed"),
    **_named(
        FROM_0, "layer unit latent concept which person station parent first always n_quantiles number step"
    ),
    **_named(
        FROM_0,
        "families together apart circles n_texts epochs warmup_steps digits marked chosen n_concept n_other",
    ),
    **_named(Bounds(1, 10**12), "n_units tokens rows_per_shard buffer_size max_bytes"),
    "colours": Bounds(1, 256),
    "seed": Bounds(0, 2**63 - 1),
}
"""``n_concept`` may be 0. What is not here may be negative: ``position`` counts from the end then."""

NUMBERS = {
    **_named(SHARE, "sparsity duty share decay_share probability recall precision"),
    **_named(POSITIVE, "active bandwidth delta rate high p half_width dpi times smoothing hardness price"),
    **_named(
        NOT_NEGATIVE,
        "l1 l1_coefficient l0_coefficient unit_cost temperature low importance coefficient penalty",
    ),
    **_named(NOT_NEGATIVE, "l0 ridge zipf noise lr peak epsilon shrink width height megabytes"),
    "seconds": Bounds(0.0, 86_400.0, above=True),
}


ELEMENTS: dict[str, Bounds] = {
    "perplexities": POSITIVE,
    **_named(COUNT, "widths n_directions"),
    **_named(FROM_0, "latents neurons which keys"),
}
"""Of each number in a list."""


def check_bounds(name: str, value: Any, *, whole: bool) -> None:
    """Raises a ValueError if a number is NaN, infinite, or outside of what its name allows."""
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}: it has to be finite")
    known, top = (INTEGERS if whole else NUMBERS), name.partition("[")[0]
    bounds = (known.get(name) if top == name else ELEMENTS.get(top)) or (
        WHOLE if whole else Bounds(-LARGEST, LARGEST)
    )
    if wanted := bounds.refuse(value):
        raise ValueError(f"{name} is {shown(value)}: it has to be {wanted}")
