"""What changes when a dictionary grows: latents split into narrower ones, and narrow ones take cases from a wide one.

Splitting is read off the decoders: a latent of the larger dictionary belongs to the latent of the smaller one whose
direction is nearest. Absorption is read off the firing: a latent that tells a wide concept is silent on a part of it
for which another latent fires (Chanin et al. 2024, arXiv 2409.14507, who have latents for first letters and measure it
by ablation; here both sides are labelled texts, and recall is enough).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.reading.concepts import ConceptScores


class Family(NamedTuple):
    """To which latent of a smaller dictionary each latent of a larger one belongs."""

    parent: Int[Tensor, "d_large"]
    """The latent of the smaller dictionary whose direction is nearest."""

    cosine: Float[Tensor, "d_large"]
    """Of the angle between the two directions."""

    def children(self, parent: int, at_least: float = 0.5) -> list[int]:
        """The latents that belong to ``parent`` with a cosine of ``at_least`` or more, nearest first."""
        mine = ((self.parent == parent) & (self.cosine >= at_least)).nonzero()[:, 0]
        return mine[self.cosine[mine].argsort(descending=True)].tolist()

    def n_children(self, d_small: int, at_least: float = 0.5) -> Int[Tensor, "d_small"]:
        """How many belong to each of the ``d_small`` latents of the smaller dictionary; counted as in `children`."""
        return self.parent[self.cosine >= at_least].bincount(minlength=d_small)


def family(small: Float[Tensor, "d_small d_in"], large: Float[Tensor, "d_large d_in"]) -> Family:
    """Each row's nearest direction among those of the smaller dictionary.

    Examples:
        >>> found = family(small=torch.eye(2), large=torch.tensor([[2.0, 0.0], [1.0, 0.5], [0.0, 3.0]]))
        >>> found.parent, found.children(0)
        (tensor([0, 0, 1]), [0, 1])

    Args:
        small, large: decoder directions of two dictionaries, a row a latent (``sae.W_dec``), of any length.
    """
    cosine, parent = (normalize(large, dim=1) @ normalize(small, dim=1).T).max(dim=1)
    return Family(parent, cosine)


def recall_by_part(
    pooled: Float[Tensor, "n_texts"], threshold: float, part_ids: Int[Tensor, "n_texts"], n_parts: int
) -> Float[Tensor, "n_parts"]:
    """Share of each part's texts on which a unit reaches its threshold; not a number for a part without texts.

    Examples:
        >>> pooled = torch.tensor([2.0, 3.0, 0.0, 2.5])  # the last two texts are of part 1
        >>> recall_by_part(pooled, threshold=2.0, part_ids=torch.tensor([0, 0, 1, 1]), n_parts=2)
        tensor([1.0000, 0.5000])

    Args:
        pooled: the unit's strongest activation in each text.
        threshold: the activation from which on the unit says "yes".
        part_ids: the part of each text, 0 … n_parts - 1.
    """
    hits = (pooled >= threshold).float()
    return torch.zeros(n_parts, dtype=torch.float32).index_add_(0, part_ids, hits) / part_ids.bincount(
        minlength=n_parts
    )


class Hole(NamedTuple):
    """A part of a wide concept on which the wide concept's latent is silent while a narrow one fires."""

    wide: int
    """Number of the wide concept."""

    wide_latent: int
    """The latent that tells it best."""

    part: int
    wide_recall: float
    """Of the wide concept's other texts, how many its latent finds."""

    recall: float
    """Of the part's texts, how many the same latent finds."""

    narrow_latent: int
    """The latent that tells the part best."""

    narrow_recall: float
    """Of the part's texts, how many the part's own latent finds."""

    @property
    def depth(self) -> float:
        """How much of what the wide latent misses here another latent has: the smaller of both differences."""
        return round(
            min(self.wide_recall, self.narrow_recall) - self.recall, 6
        )  # equal shares are equally deep


def find_holes(
    pooled: Float[Tensor, "n_texts d_sae"],
    wide: ConceptScores,
    narrow: ConceptScores,
    wide_of_part: Int[Tensor, "n_parts"],
    part_ids: Int[Tensor, "n_texts"],
    judged: Bool[Tensor, "n_texts"],
) -> list[Hole]:
    """Every part of every wide concept, deepest hole first.

    Examples:
        >>> from course_utils.reading import concept_scores
        >>> parts, wide_of_part = torch.tensor([0, 1, 2, 3, 3, 3]), torch.tensor([0, 0, 0, 1])  # three animals, a tool
        >>> pooled = torch.stack([(parts == 1) | (parts == 2), parts == 0], dim=1).float()  # latent 0 misses part 0
        >>> wide, narrow = concept_scores(pooled, wide_of_part[parts], 2), concept_scores(pooled, parts, 4)
        >>> find_holes(pooled, wide, narrow, wide_of_part, parts, judged=torch.ones(6, dtype=torch.bool))[0]
        Hole(wide=0, wide_latent=0, part=0, wide_recall=1.0, recall=0.0, narrow_latent=1, narrow_recall=1.0)

    Args:
        pooled: each latent's strongest activation in each text.
        wide, narrow: scores of the latents for the wide concepts and for their parts; both choose on training texts.
        wide_of_part: the wide concept that each part belongs to.
        part_ids: the part of each text.
        judged: texts to count, the held-out ones.

    Returns:
        One `Hole` for each part that has texts and siblings.

    Raises:
        ValueError: if ``pooled`` has other latents than ``wide`` scores.
    """
    if pooled.shape[1] != len(wide.threshold):
        raise ValueError(f"pooled has {pooled.shape[1]} latents, wide scores {len(wide.threshold)}")
    ids, n_parts, holes = part_ids[judged], len(wide_of_part), []
    sizes = ids.bincount(minlength=n_parts)
    for concept in wide_of_part.unique().tolist():
        parts = (wide_of_part == concept).nonzero()[:, 0].tolist()
        latent = int(wide.chosen[concept])
        recall = recall_by_part(pooled[judged, latent], wide.threshold[latent, concept].item(), ids, n_parts)
        for part in parts:
            others = [p for p in parts if p != part and sizes[p]]
            if not others or not sizes[part]:
                continue
            own = int(narrow.chosen[part])
            elsewhere = (recall[others] * sizes[others]).sum() / sizes[others].sum()
            holes.append(
                Hole(
                    concept,
                    latent,
                    part,
                    elsewhere.item(),
                    recall[part].item(),
                    own,
                    narrow.recall[own, part].item(),
                )
            )
    return sorted(holes, key=lambda hole: -hole.depth)
