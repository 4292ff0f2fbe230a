import matplotlib.pyplot as plt
import pytest
import torch

from course_utils.plots import concepts, figure_png, recordings

plt.switch_backend("Agg")  # no window, whatever the machine

NAMES = ["whale", "wedding", "chess", "anger"]


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def labelled(ax):
    assert ax.get_xlabel() and figure_png(ax).startswith(b"\x89PNG")


def test_every_figure_labels_itself():
    some = torch.tensor([0.9, 0.6, 0.95, 0.7])
    agree = torch.tensor([True, False, True, False])
    for ax in [
        recordings.plot_answers({"a": torch.eye(4), "b": -torch.eye(4)}, NAMES),
        recordings.plot_raster([[0.1, 0.5], [], [0.9], [0.2]], [0, 0, 1, 1], NAMES[:2]),
        recordings.plot_luck(some, 0.7, 0.9, some[:1]),
        recordings.plot_decoding([2, 8, 32], {"crowd": [0, 0, 0.1], "one": [0.1, 0.5, 0.9]}, 0.1),
        recordings.plot_two_speakers({"in": torch.rand(4, 2)}, agree, {"in": ("left", "right")}),
        concepts.plot_leaderboard(NAMES, some, some / 2, n_best=2, n_worst=1),
        concepts.plot_choice_and_judgement(some, some.flip(0)),
        concepts.plot_clean(NAMES, some, some, 0.8),
        concepts.plot_lesion(NAMES, some, some / 9, concept=1, n=3),
    ]:
        labelled(ax)


def test_the_leaderboard_has_the_best_on_top_and_says_how_many_are_left_out():
    ax = concepts.plot_leaderboard(NAMES, torch.tensor([0.9, 0.6, 0.95, 0.7]), torch.full((4,), 0.6), 2, 1)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["chess", "whale", "wedding"]
    assert ax.texts[0].get_text() == "… 1 more …"


def test_clean_neurons_are_counted_and_silent_ones_are_not():
    nan = float("nan")
    ax = concepts.plot_clean(
        NAMES, torch.tensor([0.9, nan, 0.8, 0.9]), torch.tensor([0.9, 0.0, 0.8, 0.1]), 0.8
    )
    assert ax.get_title().startswith("2 of 4")


def test_the_lesioned_concept_is_shown_even_if_it_lost_nothing():
    ax = concepts.plot_lesion(NAMES, torch.tensor([0.3, 0.0, 0.2, 0.1]), torch.zeros(4), concept=1, n=2)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["whale", "wedding"]


def test_the_luck_figure_counts_who_passes():
    ax = recordings.plot_luck(torch.tensor([0.5, 0.75, 0.8]), 0.7, 0.9)
    assert ax.get_title().startswith("2 of 3")
