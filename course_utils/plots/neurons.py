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
    """What a neuron fires for: shares of each kind among its strongest tokens, stacked, the further down one looks.

    Examples:
        >>> import torch
        >>> ax = plot_spectrum(torch.tensor([[0.75, 0.25]]), ["whales"], depths=[10, 1000])
        >>> [[float(bar.get_height()) for bar in bars] for bars in ax.containers]  # whales, then everything else
        [[0.75, 0.25], [0.25, 0.75]]

    Args:
        shares: a row for each of ``names``, at most six of them; what is missing to 1 is drawn as everything else.
        names: of the kinds.
        depths: how many of the strongest tokens each column of ``shares`` is about.
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
