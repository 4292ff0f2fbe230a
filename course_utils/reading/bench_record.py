"""What a column of the bench is: its name, which way is better, what it says, and where its definition is from."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

RESAMPLES = 1000
SAEBENCH = "SAEBench (Karvonen et al. 2025, arXiv 2503.09532)"


class Kind(NamedTuple):
    """What is known of a column before anything is measured."""

    better: Literal["higher", "lower"]
    what: str
    source: str


BENCH_KINDS = {
    "l0": Kind(
        "lower",
        "Active latents a token, on average: compare dictionaries of about one l0.",
        f"{SAEBENCH}, L0",
    ),
    "fvu": Kind(
        "lower",
        "Share of the variance of held-out activations that the reconstruction leaves unexplained.",
        f"{SAEBENCH}: 1 - explained variance",
    ),
    "fvu_topics": Kind("lower", "The same on texts about topics alone, around their own mean.", "as fvu"),
    "fvu_formats": Kind(
        "lower", "The same on texts in formats (code, HTTP, DNA …) alone, around their own mean.", "as fvu"
    ),
    "fvu_without_outliers": Kind(
        "lower", "The same without the dimensions whose mean square is over 100 times the median's.", "as fvu"
    ),
    "loss": Kind(
        "lower",
        "Nats a token that the model's next-token loss rises by with the reconstruction in place of the activation.",
        f"{SAEBENCH}, whose loss score divides it by what zeros cost",
    ),
    "dead": Kind(
        "lower",
        "Share of the latents that are active on none of the held-out tokens.",
        f"{SAEBENCH}: 1 - alive",
    ),
    "recall": Kind(
        "higher",
        "Of the held-out texts of a concept, the share that its latent finds; latent and threshold (best F1) are "
        "chosen on other texts.",
        "day 6; mean over concepts",
    ),
    "precision": Kind(
        "higher",
        "Of the held-out texts that the same latent picks at the same threshold, the share that is of the concept; 0 "
        "where it picks none.",
        "day 6; mean over concepts",
    ),
    "probe_1": Kind(
        "higher",
        "Balanced accuracy on held-out texts of a logistic regression on the 1 latent whose means differ most.",
        f"{SAEBENCH}, sparse probing with k = 1 (Gurnee et al. 2023, arXiv 2305.01610)",
    ),
    "probe_5": Kind("higher", "The same with 5 latents.", f"{SAEBENCH}, sparse probing with k = 5"),
    "sensitivity": Kind(
        "higher",
        "A latent whose ten strongest texts are mostly of one concept: the share of unseen texts of that concept in "
        "which it gets half as strong as in those; mean over such latents.",
        "after Measuring Sparse Autoencoder Feature Sensitivity (2025), arXiv 2509.23717, with unseen texts of the "
        "concept for generated ones",
    ),
    "absorption": Kind(
        "lower",
        "Of a group of topics (sea, animals …): how much of its direction others write where its own latents fall "
        "short, on held-out texts that a dense probe recognises.",
        f"{SAEBENCH}, absorption fraction (Chanin et al. 2024, arXiv 2409.14507), with groups for first letters",
    ),
    "removal": Kind(
        "higher",
        "With a concept's 10 latents set to 0: what its probe loses in accuracy, less what the other concepts' "
        "probes lose by the same edit.",
        f"{SAEBENCH}, targeted probe perturbation with n = 10",
    ),
    "stability": Kind(
        "higher",
        "Share of the living latents that a dictionary of another seed has too: one to one, cosine 0.7 or more.",
        "Paulo and Belrose (2025), arXiv 2501.16615",
    ),
    "steering": Kind(
        "higher",
        "Share of texts about the concept, as a judge of words says, when its latent's direction is added as strongly "
        "as doubles the perplexity of what is written.",
        "day 7; the idea after AxBench (Wu et al. 2025, arXiv 2501.17148)",
    ),
}


SYNTH = "SynthSAEBench (Chanin et al. 2026, arXiv 2602.14687)"
WORLD_KINDS = {
    "l0": BENCH_KINDS["l0"]._replace(what="Active latents a row, on average; about six features are on."),
    "fvu": BENCH_KINDS["fvu"],
    "dead": BENCH_KINDS["dead"]._replace(what="Share of the latents that are active on none of the rows."),
    "crowding": Kind(
        "lower", "Cosine of a latent with its nearest other, mean over the living latents.", SYNTH
    ),
    "probe_1": BENCH_KINDS["probe_1"]._replace(
        what="Balanced accuracy of a logistic regression on the 1 latent whose means differ most: is a feature on?"
    ),
    "probe_5": BENCH_KINDS["probe_5"],
    "absorption": BENCH_KINDS["absorption"]._replace(
        what="Share of a parent's rows on which its latent is off and others write its direction.",
        source="Chanin et al. (2024), arXiv 2409.14507, as in SAEBench",
    ),
    "stability": BENCH_KINDS["stability"],
    "matched_cosine": Kind(
        "higher", "Cosine of each feature with the one latent that is its own, mean over the features.", SYNTH
    ),
    "firing_f1": Kind(
        "higher", "F1 of each feature's own latent: on where the feature is, off elsewhere.", SYNTH
    ),
    "hedging": Kind(
        "lower",
        "Of features that come in pairs: cosine of a feature's own latent with what is new in its partner's direction.",
        "after Chanin et al. (2025), arXiv 2505.11756",
    ),
}
"""The columns of a world whose features are known."""


class Measured(NamedTuple):
    """One number, of how many it is the mean, and between what it lies in 95 % of the resamples."""

    score: float
    n: int
    interval: tuple[float, float] | None = None


class Column(NamedTuple):
    """A score of a dictionary beside the same score of its controls."""

    score: float
    better: Literal["higher", "lower"]
    n: int
    interval: tuple[float, float] | None
    what: str
    source: str
    controls: dict[str, float]


def mean_of(values: Float[Tensor, "n"], *, seed: int = 0) -> Measured:
    """The mean with its interval: the middle 95 % of 1,000 resamples.

    Examples:
        >>> found = mean_of(torch.tensor([0.0, 1.0, 1.0, 0.0]))
        >>> found.score, found.n, found.interval
        (0.5, 4, (0.0, 1.0))

    Args:
        values: what it is the mean of.
        seed: of the resamples.

    Raises:
        ValueError: if there are no values.
    """
    if not len(values):
        raise ValueError("a mean of nothing")
    found = resample_counts(len(values), seed=seed) @ values.double() / len(values)
    return Measured(values.double().mean().item(), len(values), middle(found))


def resample_counts(n: int, *, seed: int = 0) -> Float[Tensor, "resamples n"]:
    """How often each of n things is in each resample."""
    drawn = torch.randint(n, (RESAMPLES, n), generator=torch.Generator().manual_seed(seed))
    return torch.zeros(RESAMPLES, n, dtype=torch.double).scatter_add_(
        1, drawn, torch.ones(drawn.shape).double()
    )


def middle(values: Float[Tensor, "n"]) -> tuple[float, float]:
    """The middle 95 %."""
    low, high = values.double().quantile(torch.tensor([0.025, 0.975], dtype=torch.double)).tolist()
    return low, high
