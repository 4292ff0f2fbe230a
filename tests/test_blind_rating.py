import pytest

from course_utils.reading import RATINGS, RatingGame


def test_the_order_is_a_shuffle_that_the_seed_decides():
    kinds = ["latent"] * 8 + ["neuron"] * 8
    game = RatingGame(kinds, seed=3)
    assert sorted(game.order) == list(range(16)) and game.order == RatingGame(kinds, seed=3).order
    assert game.order != list(range(16)) != RatingGame(kinds, seed=4).order
    assert [game.kind(place) for place in range(16)] == [kinds[card] for card in game.order]


def test_medians_are_told_for_each_kind():
    game = RatingGame(["latent", "latent", "neuron", "neuron"], seed=0)
    for place in range(4):
        game.rate(place, 4 if game.kind(place) == "latent" else place % 2)
    assert game.n_rated == 4 and game.by_kind()["latent"] == [4, 4]
    assert game.verdict().startswith("latents: median 4 of 4 over 2 rated; neurons: median")


def test_a_rating_can_be_changed_and_taken_back():
    game = RatingGame(["latent", "neuron"])
    game.rate(0, 2)
    game.rate(0, 3)
    assert game.rating(0) == 3 and game.rating(1) is None and game.n_rated == 1
    game.rate(0, None)
    assert game.n_rated == 0 and game.verdict() == "None of the 2 cards is rated yet."


def test_a_kind_without_ratings_is_said_to_have_none():
    game = RatingGame(["latent", "neuron"], seed=0)
    place = [game.kind(0), game.kind(1)].index("neuron")
    game.rate(place, 1)
    assert game.verdict() == "latents: none rated; neurons: median 1 of 4 over 1 rated."


def test_the_scale_says_what_its_numbers_mean():
    assert [value for value in RATINGS.values() if value is not None] == [0, 1, 2, 3, 4]
    assert all(name.startswith(str(value)) for name, value in RATINGS.items() if value is not None)


def test_a_game_needs_cards():
    with pytest.raises(ValueError, match="no cards"):
        RatingGame([])
