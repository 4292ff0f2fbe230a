"""Take a concept's latents away: does its probe fail, and do the probes of the other concepts stay right?

SAEBench's targeted probe perturbation (Karvonen et al. 2025, arXiv 2503.09532; Marks et al. 2024, arXiv 2403.19647).
Chosen for a concept are the latents with the largest effect on its probe,

    effect = max(0, mean latent on its texts - mean latent on others) · (probe's weights · W_dec)

They are set to 0 on every token, and what the dictionary misses stays. With A the accuracies before and after, the
score is the mean over concepts i of

    (A_i - A_i after i's removal)  -  mean over the other concepts j of (A_j - A_j after i's removal)
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.reading.probing import mean_differences

N_REMOVED = 10


def removed_parts(
    means: Float[Tensor, "n d_sae"],
    W_dec: Float[Tensor, "d_sae d_in"],
    weights: Float[Tensor, "n_concepts d_in"],
    concept_ids: Int[Tensor, "n"],
    chosen_on: Bool[Tensor, "n"],
    n_removed: int = N_REMOVED,
) -> list[Float[Tensor, "n d_in"]]:
    """For each concept, what its latents write into the mean activation of each text.

    Examples:
        >>> means = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
        >>> ids, all_texts = torch.tensor([0, 1]), torch.tensor([True, True])
        >>> [part.tolist() for part in removed_parts(means, torch.eye(2), torch.eye(2), ids, all_texts, n_removed=1)]
        [[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 2.0]]]

    Args:
        means: each latent's mean over the tokens of each text.
        W_dec: what a latent writes.
        weights: of a probe for each concept, on mean activations.
        concept_ids: of each text.
        chosen_on: the texts that latents are chosen on.
        n_removed: latents a concept; fewer where fewer have an effect above 0.
    """
    present = concept_ids[:, None] == torch.arange(len(weights))
    differences = mean_differences(means[chosen_on], present[chosen_on])
    effects, parts = differences.clamp(min=0) * (weights @ W_dec.T), []
    for effect in effects:
        some = effect.topk(min(n_removed, len(effect))).indices
        some = some[effect[some] > 0]
        parts.append(means[:, some] @ W_dec[some])
    return parts


def targeted_removal(
    x: Float[Tensor, "n d_in"],
    removed: list[Float[Tensor, "n d_in"]],
    weights: Float[Tensor, "n_concepts d_in"],
    biases: Float[Tensor, "n_concepts"],
    concept_ids: Int[Tensor, "n"],
) -> Float[Tensor, "n_concepts"]:
    """The score of each concept; its mean is SAEBench's. Accuracies count rows with the concept and others alike.

    Examples:
        >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> weights, biases, ids = torch.eye(2), torch.full((2,), -0.5), torch.tensor([0, 1])
        >>> targeted_removal(x, [torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.zeros(2, 2)], weights, biases, ids)
        tensor([0.5000, 0.0000])

    Args:
        x: mean activation of each text that is judged.
        removed: for each concept, what is taken from each of them.
        weights, biases: of a probe for each concept.
        concept_ids: of each text.
    """
    n_concepts = len(weights)
    present = concept_ids[:, None] == torch.arange(n_concepts)

    def accuracies(rows: Tensor) -> Tensor:
        said = rows @ weights.T + biases > 0
        right = (said & present).sum(dim=0) / present.sum(dim=0)
        return 0.5 * (right + (~said & ~present).sum(dim=0) / (~present).sum(dim=0))

    before, scores = accuracies(x), []
    for concept, part in enumerate(removed):
        lost = before - accuracies(x - part)
        others = (lost.sum() - lost[concept]) / (n_concepts - 1)
        scores.append(lost[concept] - others)
    return torch.stack(scores)
