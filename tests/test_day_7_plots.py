import matplotlib.pyplot as plt
import pytest
import torch

from course_utils.plots import dose_response, figure_png, steering

plt.switch_backend("Agg")  # no window, whatever the machine


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def drawn(ax):
    assert figure_png(ax).startswith(b"\x89PNG")


CURVES = {
    "latent": steering.Curve([0, 1], [0.1, 0.9], [0.0, 0.1]),
    "random": steering.Curve([0, 1], [0.1, 0.1]),
}


def test_every_figure_labels_itself():
    some = torch.tensor([0.1, -0.5, 2.0, 0.0])
    for ax in [
        steering.plot_doses(CURVES, xlabel="dose", ylabel="rate"),
        steering.plot_guess_and_truth(some, some * 2, xlabel="guess", ylabel="truth"),
        steering.plot_patching_map(
            some.view(2, 2), ["low", "high"], ["a", "b"], xlabel="token", marked=(0, 1)
        ),
    ]:
        assert ax.get_xlabel()
        drawn(ax)


def test_a_map_has_its_first_row_at_the_bottom_and_writes_what_matters():
    ax = steering.plot_patching_map(torch.tensor([[1.0, 0.0], [0.05, -0.4]]), ["low", "high"], ["a", "b"])
    assert ax.get_ylim()[0] < ax.get_ylim()[1]
    assert sorted(t.get_text() for t in ax.texts) == ["-0.4", "1.0"]


def test_dose_and_price_share_their_rates():
    rate, cost = torch.tensor([0.0, 0.5]), torch.tensor([10.0, 80.0])
    axes = dose_response.plot_dose_and_price([0, 5], {"latent": (rate, rate / 10)}, {"latent": cost})
    lines = [ax.containers[0][0] for ax in axes]
    assert list(lines[0].get_ydata()) == list(lines[1].get_ydata()) == [0.0, 0.5]
    assert list(lines[1].get_xdata()) == [10.0, 80.0] and axes[1].get_xscale() == "log"
    drawn(axes[0])


def test_what_was_asked_for_is_one_point_beside_the_lines():
    lines = {"latent": (torch.tensor([0.0, 0.5]), torch.tensor([0.0, 0.1]))}
    axes = dose_response.plot_dose_and_price(
        [0, 5], lines, {"latent": torch.tensor([10.0, 80.0])}, prompt=(0.6, 0.1, 4.0)
    )
    (point,) = [bar[0] for bar in axes[1].containers if bar.get_label() == "asked for, no push"]
    assert (list(point.get_xdata()), list(point.get_ydata())) == ([4.0], [0.6])
    assert 5 in axes[1].get_xticks() and len(axes[0].containers) == 1
    drawn(axes[0])


def test_two_knives_stand_side_by_side():
    tables = {"latents": torch.eye(2), "neurons": torch.zeros(2, 2)}
    axes = dose_response.plot_two_knives(tables, ["a", "b"])
    assert [ax.get_title() for ax in axes] == ["without latents", "without neurons"]
    drawn(axes[0])
