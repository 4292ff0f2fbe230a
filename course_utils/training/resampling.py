"""Give dead latents a second life, by the protocol of Bricken et al. (2023).

A dead latent gets no gradient, since it is active nowhere. Now and then each is pointed at an input that the
autoencoder explains badly:

    odds       of an input, proportional to the square of its loss ||x - x_hat||^2
    decoder    the chosen input, scaled to length 1
    encoder    the same direction, 0.2 times as long as the live latents' encoder directions are on average
    bias       0, and Adam forgets what it knew of these entries

Published: at steps 25,000, 50,000, 75,000 and 100,000, dead = silent for 12,500 steps, losses on 819,200 inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.sae import SAE, Transcoder
from course_utils.training.fit import TrainingState


def resampling_odds(x: Float[Tensor, "n d_in"], x_hat: Float[Tensor, "n d_in"]) -> Float[Tensor, "n"]:
    """The chance that each input is chosen: proportional to the square of its squared error; they sum to 1.

    Examples:
        >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])  # losses 1, 1 and 2
        >>> resampling_odds(x, torch.zeros(3, 2))
        tensor([0.1667, 0.1667, 0.6667])
    """
    loss = (x - x_hat).pow(2).sum(dim=1)
    return loss.pow(2) / loss.pow(2).sum()


def fresh_pairs(
    chosen: Float[Tensor, "n_dead d_in"], W_enc: Float[Tensor, "d_in d_sae"], dead: Bool[Tensor, "d_sae"]
) -> tuple[Float[Tensor, "n_dead d_in"], Float[Tensor, "d_in n_dead"]]:
    """New decoder rows and encoder columns for the dead latents, one for each chosen input.

    Examples:
        >>> W_enc, dead = torch.tensor([[10.0, 0.0, 9.0], [0.0, 10.0, 9.0]]), torch.tensor([False, False, True])
        >>> rows, columns = fresh_pairs(torch.tensor([[6.0, 8.0]]), W_enc, dead)
        >>> rows, columns.T  # live columns are 10 long, so the new one is 2 long
        (tensor([[0.6000, 0.8000]]), tensor([[1.2000, 1.6000]]))

    Args:
        chosen: inputs, centred or not: only their direction counts.
        W_enc: of all latents, whose live ones set the length of the new encoder directions.
        dead: which latents are to get a new pair; at least one has to be live.

    Returns:
        Rows for ``W_dec`` (n_dead, d_in) of length 1 and columns for ``W_enc`` (d_in, n_dead).
    """
    rows = chosen / chosen.norm(dim=1, keepdim=True)
    length = 0.2 * W_enc[:, ~dead].norm(dim=0).mean()
    return rows, length * rows.T


@torch.no_grad()
def resample_dead_(
    sae: SAE,
    optimiser: torch.optim.Optimizer,
    dead: Bool[Tensor, "d_sae"],
    x: Float[Tensor, "n d_in"],
    *,
    seed: int,
    odds: Callable[[Tensor, Tensor], Tensor] = resampling_odds,
    fresh: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]] = fresh_pairs,
) -> int:
    """Point every dead latent at an input of ``x`` (scaled as in training).

    Without a live latent, or without a dead one, nothing happens.

    Examples:
        >>> sae, dead = SAE(2, 4), torch.tensor([False, False, False, True])
        >>> x = torch.tensor([[3.0, 4.0]])  # the only input there is
        >>> resample_dead_(sae, torch.optim.Adam(sae.parameters()), dead, x, seed=0), sae.W_dec[3].data
        (1, tensor([0.6000, 0.8000]))

    Args:
        optimiser: the Adam of the run; it forgets what it knew of the dead latents.
        dead: which latents are to be pointed anew.
        x: inputs to judge by and to choose from; those of length 0 are never chosen.
        seed: of the choice of inputs.
        odds, fresh: the two formulas of the protocol, to try others: `resampling_odds` and `fresh_pairs` show what they
            are given and have to return.

    Returns:
        How many latents were resampled.

    Raises:
        ValueError: if it is a `Transcoder`.
    """
    if isinstance(sae, Transcoder):
        raise ValueError(
            "a dead latent is pointed at an input, and a transcoder writes something else: see Revival"
        )
    if not dead.any() or dead.all():
        return 0
    n_dead = int(dead.sum())
    x = x[x.norm(dim=1) > 0]  # silence points nowhere
    generator = torch.Generator().manual_seed(seed)
    chosen = x[torch.multinomial(odds(x, sae(x).x_hat), n_dead, replacement=True, generator=generator)]
    sae.W_dec[dead], sae.W_enc[:, dead] = fresh(chosen, sae.W_enc.detach(), dead)
    for name, parameter in sae.named_parameters():
        if name in (*sae.spec.biases, *sae.spec.gains):
            parameter[dead] = 0.0
        elif name == "threshold":
            parameter[dead] = sae.options["bandwidth"]
        for moment in optimiser.state.get(parameter, {}).values():
            if moment.shape == parameter.shape and name != "b_dec":
                moment[(slice(None), dead) if name == "W_enc" else dead] = 0.0
    return n_dead


def resampler(
    inputs: Float[Tensor, "n d_in"],
    at_steps: Collection[int],
    dead_after: int,
    *,
    seed: int = 0,
    odds: Callable[[Tensor, Tensor], Tensor] = resampling_odds,
    fresh: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]] = fresh_pairs,
) -> Callable[[TrainingState], None]:
    """A callback for `fit_sae` that resamples after the steps given.

    Examples:
        >>> from course_utils.training import Revival, fit_sae
        >>> inputs = torch.tensor([[4.0, 3.0], [3.0, 4.0]])  # two inputs, so two of eight latents fire
        >>> revive, counted = resampler(inputs, at_steps=[1], dead_after=4), Revival(dead_after=4)
        >>> sae = SAE(2, 8, "topk", k=1)
        >>> fit_sae(sae, [inputs] * 3, revival=counted, callbacks=[revive], progress=False).dead_share
        [0.0, 0.75, 0.0]

    Args:
        inputs: raw activations to judge by and to choose from.
        at_steps: numbers of steps, counted from 0.
        dead_after: tokens of silence after which a latent counts as dead.
        seed: of the choice of inputs.
        odds, fresh: the two formulas of the protocol, to try others, as for `resample_dead_`.

    Returns:
        What to pass in ``callbacks=[…]``.
    """

    def callback(state: TrainingState) -> None:
        step = state.measurement.step
        if step in at_steps:
            # counted, not remembered: a run may go on from a checkpoint
            before = sum(earlier < step for earlier in at_steps)
            dead = state.silent_tokens >= dead_after
            x = inputs * state.scale
            resample_dead_(state.sae, state.optimiser, dead, x, seed=seed + before, odds=odds, fresh=fresh)
            state.silent_tokens[dead] = 0

    return callback
