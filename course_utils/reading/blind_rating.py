"""A blind rating: cards of two kinds, shuffled, and a count of what each kind was given.

Whoever rates must not know which card is of which kind, so the order is drawn at random and the kinds are told at the
end only. Bricken et al. (2023) rated neurons and latents in this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from statistics import median

from course_utils.base import require_index

RATINGS = {
    "not yet": None,
    "0 · no idea": 0,
    "1 · a hunch": 1,
    "2 · a subject, with many exceptions": 2,
    "3 · a subject, with few": 3,
    "4 · one clear subject": 4,
}
"""What a card can be given: the words on the button, and the number that is kept."""


class RatingGame:
    """The kind and the rating of each card, in a random order; what a card shows is up to the caller.

    Examples:
        >>> game = RatingGame(["latent", "neuron"])
        >>> game.rate(0, 4)  # the card that is shown first: nobody knows yet which it is
        >>> game.rate(1, 1)
        >>> game.verdict()
        'latents: median 1 of 4 over 1 rated; neurons: median 4 of 4 over 1 rated.'

    Args:
        kinds: of each card, ``["latent", "latent", "neuron", …]``.
        seed: of the order in which they are shown.

    Attributes:
        order: for each place, which of ``kinds`` the card shown there is.

    Raises:
        ValueError: if there are no cards.
    """

    def __init__(self, kinds: Sequence[str], *, seed: int = 0) -> None:
        if not kinds:
            raise ValueError("there are no cards to rate")
        self._kinds = list(kinds)
        self.order = Random(seed).sample(range(len(kinds)), len(kinds))
        self._ratings: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._kinds)

    def rate(self, place: int, rating: int | None) -> None:
        """Rate the card at a place in the order, counted from 0; None takes a rating back.

        Args:
            rating: one of the values of `RATINGS`.
        """
        if rating is None:
            self._ratings.pop(place, None)
        else:
            self._ratings[place] = rating

    def rating(self, place: int) -> int | None:
        """The rating of the card at a place in the order; None if it has none."""
        return self._ratings.get(place)

    @property
    def n_rated(self) -> int:
        """Cards that have a rating."""
        return len(self._ratings)

    def kind(self, place: int) -> str:
        """What the card at this place is: not to be shown before it is rated."""
        require_index("place", place, len(self), "cards")
        return self._kinds[self.order[place]]

    def by_kind(self) -> dict[str, list[int]]:
        """The ratings that each kind was given, lowest first."""
        found: dict[str, list[int]] = {kind: [] for kind in dict.fromkeys(self._kinds)}
        for place, rating in self._ratings.items():
            found[self.kind(place)].append(rating)
        return {kind: sorted(ratings) for kind, ratings in found.items()}

    def verdict(self) -> str:
        """One sentence: the median of each kind, as far as there are ratings."""
        if not self._ratings:
            return f"None of the {len(self)} cards is rated yet."
        parts = [
            f"{kind}s: median {median(ratings):g} of 4 over {len(ratings)} rated"
            if ratings
            else f"{kind}s: none rated"
            for kind, ratings in self.by_kind().items()
        ]
        return "; ".join(parts) + "."
