"""What an architecture adds to an autoencoder: one record each, and nothing of it stands anywhere else.

To add one, write its formulas and an entry of `ARCHITECTURES` (`record` says what each field means): `SAE` builds its
weights from the entry, `fit_sae` minimises its loss, and files, the fast step, resampling and the public autoencoders
read the rest. The tests run over all entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.sae.functions import batch_topk, decode, encode, encode_gated, jumprelu, topk
from course_utils.sae.losses import gated_loss, jumprelu_loss, sae_loss
from course_utils.sae.record import Architecture

if TYPE_CHECKING:
    from course_utils.sae.model import SAE, SAEOutput


def settle_options(name: str, given: Mapping[str, Any], d_sae: int) -> dict[str, Any]:
    """The options of an architecture, from those that were given and are not None.

    Raises:
        TypeError: if no architecture has such an option.
        ValueError: if there is no such architecture, an option belongs to others, or its value does not fit.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {name!r}: there are {', '.join(ARCHITECTURES)}")
    spec = ARCHITECTURES[name]
    for option in (o for o, value in given.items() if value is not None and o not in spec.options):
        owners = [other for other, its in ARCHITECTURES.items() if option in its.options]
        if not owners:
            raise TypeError(f"SAE() got an unexpected keyword argument {option!r}")
        raise ValueError(f"architecture {name!r} takes no {option}: that is for {', '.join(owners)}")
    try:
        return {option: settled(given.get(option), d_sae) for option, settled in spec.options.items()}
    except ValueError as problem:
        raise ValueError(f"architecture {name!r} {problem}") from None


def _k(k: int | None, d_sae: int) -> int:
    if k is None or not 1 <= k <= d_sae:
        raise ValueError(f"needs k between 1 and d_sae = {d_sae}, not {k}")
    return k


def _bandwidth(bandwidth: float | None, d_sae: int) -> float:
    if bandwidth is not None and not bandwidth > 0:
        raise ValueError(f"needs a bandwidth above 0, not {bandwidth}")
    return 0.1 if bandwidth is None else bandwidth


def _by(act: Callable[[SAE, Tensor], Tensor]) -> Callable[[SAE, Tensor], Tensor]:
    """The encoder that differs from others in its activation function only."""
    return lambda sae, x: encode(x, sae.W_enc, sae.b_enc, sae.centre, lambda pre: act(sae, pre))


def _largest_of_batch(sae: SAE, pre_activations: Tensor) -> Tensor:
    """Afterwards latents no longer compete, so that no row depends on the others beside it."""
    if sae.training:
        return batch_topk(pre_activations, sae.options["k"], sae.team)
    return jumprelu(pre_activations, sae.threshold.expand(sae.d_sae))


def _squared_error(sae: SAE, x: Tensor, output: SAEOutput, coefficient: float) -> Tensor:
    return sae_loss(sae.split(x)[1], output, coefficient)


def _absorb_in_gate_and_magnitude(sae: SAE, shift: Tensor) -> None:
    sae.b_gate.add_(shift)
    sae.b_mag.add_(shift * sae.r_mag.exp())


ARCHITECTURES: dict[str, Architecture] = {
    "relu": Architecture(
        encode=_by(lambda sae, pre: torch.relu(pre)),
        loss=_squared_error,
        coefficient="l1_coefficient",
        without_it="makes it sparse",
        starts_shorter=True,
        each_alone=True,
        fast=True,
        stored_as="standard",
    ),
    "topk": Architecture(
        encode=_by(lambda sae, pre: topk(pre, sae.options["k"])),
        loss=_squared_error,
        options={"k": _k},
        revives_dead=True,
        fast=True,
        stored_as="topk",
        cfg=lambda sae: {"k": sae.k, "rescale_acts_by_decoder_norm": False},
    ),
    "batchtopk": Architecture(
        encode=_by(_largest_of_batch),
        loss=_squared_error,
        options={"k": _k},
        threshold="followed",
        revives_dead=True,
        stored_as="jumprelu",
    ),
    "jumprelu": Architecture(
        encode=_by(lambda sae, pre: jumprelu(pre, sae.threshold, sae.options["bandwidth"])),
        loss=jumprelu_loss,
        coefficient="l0_coefficient",
        without_it="raises its thresholds",
        options={"bandwidth": _bandwidth},
        threshold="learned",
        starts_shorter=True,
        stored_as="jumprelu",
    ),
    "gated": Architecture(
        encode=lambda sae, x: encode_gated(x, sae.W_enc, sae.b_gate, sae.b_mag, sae.r_mag, sae.b_dec),
        loss=gated_loss,
        coefficient="l1_coefficient",
        without_it="shuts its gates",
        biases=("b_gate", "b_mag"),
        gains=("r_mag",),
        starts_shorter=True,
        absorb=_absorb_in_gate_and_magnitude,
        stored_as="gated",
    ),
}
"""The kinds of autoencoder, by the name that `SAE` takes: formula, loss, options, and how each is stored."""


# ── Matryoshka (Bussmann et al. 2025, arXiv 2503.17547) ─────────────────────────────────────────────────────────────
#
# The first m latents have to reconstruct alone, for each of some nested m: general features then come first, and are
# not split among the many that follow. Chosen among the batch, as in "batchtopk".


def _prefixes(prefixes: Sequence[int] | None, d_sae: int) -> tuple[int, ...]:
    """Sizes of the nested dictionaries, the whole last; half of each other unless given."""
    settled = tuple(prefixes or (d_sae // n for n in (16, 8, 4, 2, 1) if d_sae >= n))
    if settled[-1] != d_sae or settled[0] < 1 or any(a >= b for a, b in pairwise(settled)):
        raise ValueError(f"needs prefixes that grow from at least 1 to d_sae = {d_sae}, not {settled}")
    return settled


def matryoshka_loss(
    sae: SAE, x: Float[Tensor, "batch d_in"], output: SAEOutput, _: float
) -> Float[Tensor, ""]:
    """Sum over prefixes of the squared error with which the first latents alone reconstruct; mean over the batch."""
    losses = [sae_loss(x, output, 0.0)]
    for m in sae.options["prefixes"][:-1]:
        x_hat = decode(output.latents[:, :m], sae.W_dec[:m], sae.b_dec)
        losses.append((x - x_hat).pow(2).sum(dim=1).mean())
    return torch.stack(losses).sum()


ARCHITECTURES["matryoshka"] = Architecture(
    encode=_by(_largest_of_batch),
    loss=matryoshka_loss,
    options={"k": _k, "prefixes": _prefixes},
    threshold="followed",
    revives_dead=True,
    stored_as="jumprelu",  # all that a reader needs; SAELens stores its own so too
    metadata=lambda sae: {"trained_as": "matryoshka", "prefixes": list(sae.options["prefixes"])},
)
