"""The columns of the bench that need a dictionary and its labelled texts, each for any dictionary alike.

What has to be chosen (a concept's latent, a threshold, a probe) is chosen on the texts to choose by; every number is of
the texts to judge by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.reading.absorbing import MOST_MAIN, absorption_fractions, main_latents
from course_utils.reading.bench_record import Measured, mean_of, middle, resample_counts
from course_utils.reading.bench_texts import BenchTexts
from course_utils.reading.by_text import ByText
from course_utils.reading.concepts import ConceptScores, concept_scores
from course_utils.reading.outliers import outlier_dimensions
from course_utils.reading.probing import Probe, balanced_accuracy, mean_differences, sparse_probe
from course_utils.reading.targeted_removal import removed_parts, targeted_removal
from course_utils.sae import SAE

TOP_TEXTS = 10
"""In which a latent is strongest: most of them have to be of one concept for it to have one."""
STRONG = 0.5
"""As strong as in these (their median), to count as on."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A dictionary and what it did on the texts, with what belongs to the texts alone."""

    sae: SAE
    texts: BenchTexts
    found: ByText

    @property
    def weights(self) -> Float[Tensor, "1 n_texts"]:
        """Each judged text once."""
        return self.texts.judged.double()[None]

    @cached_property
    def concept_scores(self) -> ConceptScores:
        """Of each concept's chosen latent."""
        ids, judged = self.texts.concept_ids, self.texts.judged
        return concept_scores(self.found.peaks, ids, len(self.texts.concepts), held_out=judged).of_chosen()


def _l0(seen: Seen) -> Measured:
    judged = seen.texts.judged
    some = resample_counts(int(judged.sum()))
    own = ByText(*(part[judged] for part in seen.found))
    return Measured(seen.found.l0(seen.weights).item(), seen.texts.n_tokens, middle(own.l0(some)))


def _fvu_of(
    seen: Seen, which: Bool[Tensor, "n_texts"], kept: Tensor | slice = slice(None)
) -> Measured | None:
    which = which & seen.texts.judged
    if which.sum() < 2:
        return None
    own = ByText(*(part[which] for part in seen.found))
    score = own.fvu(torch.ones(1, len(own.n_tokens), dtype=torch.double), kept).item()
    return Measured(score, int(own.n_tokens.sum()), middle(own.fvu(resample_counts(len(own.n_tokens)), kept)))


def _formats(seen: Seen) -> Tensor:
    return torch.tensor([text.group == "format" for text in seen.texts.texts])


def _without_outliers(seen: Seen) -> Measured | None:
    outliers = outlier_dimensions(seen.texts.rows.values)
    if not len(outliers):
        return None
    kept = torch.ones(seen.sae.d_in, dtype=torch.bool).index_fill(0, outliers, False)
    return _fvu_of(seen, seen.texts.judged, kept)


def _dead(seen: Seen) -> Measured:
    dead = seen.found.peaks[seen.texts.judged].amax(dim=0) <= 0
    return Measured(dead.float().mean().item(), seen.texts.n_tokens)


def _probe(k: int) -> Callable[[Seen], Measured]:
    def measure(seen: Seen) -> Measured:
        judged, present, accuracies = seen.texts.judged, seen.texts.concepts_present, []
        largest = _largest(seen.found.means[~judged], present[~judged], k)
        for of, some in zip(present.T, largest, strict=True):
            latents = seen.found.means[:, some]
            probe: Probe = sparse_probe(latents[~judged], of[~judged], k)
            accuracies.append(balanced_accuracy(probe(latents[judged]), of[judged]))
        return mean_of(torch.tensor(accuracies))

    return measure


def _largest(values: Tensor, present: Tensor, n: int) -> Tensor:
    """Of each label the latents whose means differ most, so that a probe need not look at the others."""
    return mean_differences(values, present).abs().topk(min(n, values.shape[1]), dim=1).indices


def sensitivity(seen: Seen) -> tuple[Tensor, Tensor] | None:
    """For each latent that is mostly of one concept: on which share of that concept's unseen texts it is on, and of
    all other texts. None if there is no such latent."""
    judged, ids, n = seen.texts.judged, seen.texts.concept_ids, len(seen.texts.concepts)
    peaks = seen.found.peaks[~judged]
    n_top = min(int(ids[~judged].bincount().max()), len(peaks), TOP_TEXTS)
    strongest = peaks.topk(n_top, dim=0)
    unseen = seen.found.peaks[judged] >= STRONG * strongest.values.median(dim=0).values.clamp(min=1e-12)
    fires = (strongest.values > 0).float()
    counts = torch.zeros(n, peaks.shape[1]).scatter_add_(0, ids[~judged][strongest.indices], fires)
    most, concept = counts.max(dim=0)
    clear = (most >= max(2.0, n_top / 2)).nonzero()[:, 0]
    if not len(clear):
        return None
    per_concept = torch.zeros(n, peaks.shape[1]).index_add_(0, ids[judged], unseen.float())
    n_of = ids[judged].bincount(minlength=n).float()
    on_own = per_concept[concept[clear], clear]
    elsewhere = (per_concept[:, clear].sum(dim=0) - on_own) / (n_of.sum() - n_of[concept[clear]])
    return on_own / n_of[concept[clear]], elsewhere


def _sensitivity(seen: Seen) -> Measured | None:
    found = sensitivity(seen)
    return None if found is None else mean_of(found[0])


def _absorption(seen: Seen) -> Measured | None:
    judged, fractions = seen.texts.judged, []
    x = seen.texts.means
    recognised = seen.texts.group_probes.logits(x) > 0
    present = seen.texts.groups_present
    largest = _largest(seen.found.means[~judged], present[~judged], MOST_MAIN)
    for group, (of, some) in enumerate(zip(present.T, largest, strict=True)):
        main = some[main_latents(seen.found.means[~judged][:, some], of[~judged])]
        rows = of & judged & recognised[:, group]
        if rows.any():
            found = absorption_fractions(
                seen.found.means[rows],
                seen.sae.W_dec,
                x[rows] - seen.sae.b_dec,
                main,
                seen.texts.group_probes.weights[group],
            )
            fractions.append(found.mean())
    return mean_of(torch.stack(fractions)) if fractions else None


def removal(seen: Seen) -> tuple[Tensor, list[Tensor]]:
    """The score of each concept, and what is taken away for it from each judged text."""
    judged, ids = seen.texts.judged, seen.texts.concept_ids
    parts = removed_parts(seen.found.means, seen.sae.W_dec, seen.texts.probes.weights, ids, ~judged)
    return removal_scores(seen, [part[judged] for part in parts]), [part[judged] for part in parts]


def removal_scores(seen: Seen, parts: list[Tensor]) -> Tensor:
    """The same when something else is taken away."""
    judged, ids = seen.texts.judged, seen.texts.concept_ids
    x = seen.texts.means[judged]
    return targeted_removal(x, parts, seen.texts.probes.weights, seen.texts.probes.biases, ids[judged])


MEASURES: dict[str, Callable[[Seen], Measured | None]] = {
    "l0": _l0,
    "fvu": lambda seen: _fvu_of(seen, seen.texts.judged),
    "fvu_topics": lambda seen: _fvu_of(seen, ~_formats(seen)),
    "fvu_formats": lambda seen: _fvu_of(seen, _formats(seen)),
    "fvu_without_outliers": _without_outliers,
    "dead": _dead,
    "recall": lambda seen: mean_of(seen.concept_scores.recall),
    "precision": lambda seen: mean_of(seen.concept_scores.precision.nan_to_num(0)),
    "probe_1": _probe(1),
    "probe_5": _probe(5),
    "sensitivity": _sensitivity,
    "absorption": _absorption,
    "removal": lambda seen: mean_of(removal(seen)[0]),
}
"""None where a dictionary or the texts have nothing to measure it on."""
