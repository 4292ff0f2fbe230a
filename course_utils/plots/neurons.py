"""Neurons of a language model: what they fire for, from the strongest token to the faintest."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.plots.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, axes_or_new


def plot_spectrum(
    shares: Float[Tensor, "n_kinds n_depths"],
    names: Sequence[str],
    depths: Sequence[int],
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """What a neuron fires for, the further down one looks: stacked shares of each kind among the ``depths`` strongest tokens.

    Args:
        shares: a row for each of ``names``, at most six of them; what is missing to 1 is drawn as everything else.
    """
    ax = axes_or_new(ax, (7, 3.2))
    n_depths = len(depths)
    bottom = [0.0] * n_depths
    colours = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION]
    hatches = ["", "//", "..", "xx", "--", "++"]
    rows = [*shares.tolist(), (1 - shares.sum(dim=0)).clamp(min=0).tolist()]
    for i, (name, row) in enumerate(zip([*names, "everything else"], rows, strict=True)):
        last = i == len(names)
        ax.bar(
            range(n_depths), row, bottom=bottom, width=0.92, label=name, color=GREY if last else colours[i],
            hatch="" if last else hatches[i], edgecolor="white", linewidth=0,
        )  # fmt: skip
        bottom = [a + b for a, b in zip(bottom, row, strict=True)]
    ax.set(
        ylim=(0, 1), ylabel="share of them", title=title, xticks=range(n_depths),
        xlabel="how many of its strongest tokens one looks at",
    )  # fmt: skip
    ax.set_xticklabels([f"{depth:,}" for depth in depths])
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")
    return ax
