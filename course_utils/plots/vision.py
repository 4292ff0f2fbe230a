"""The small vision network: its pictures, its units, what silencing them breaks, and where its answers come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.plots.style import BLACK, BLUE, DIVERGING, ORANGE, VERMILLION, axes_or_new


def _bare(ax: Axes) -> Axes:
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_alpha(0.25)
    return ax


def _show_ink(ax: Axes, picture: Float[Tensor, "1 side side"]) -> Axes:
    ax.imshow(picture[0].tolist(), cmap="gray_r", vmin=0, vmax=1)
    return _bare(ax)


def plot_pictures(
    rows: Sequence[Sequence[Float[Tensor, "1 side side"]]],
    row_names: Sequence[str] = (),
    column_names: Sequence[str] = (),
    *,
    title: str = "",
) -> Axes:
    """A table of pictures, ink in black; rows may be of different lengths. Returns its first axes.

    Examples:
        >>> import torch
        >>> blot = torch.eye(3)[None]
        >>> ax = plot_pictures([[blot, blot], [blot]], row_names=["unit 0", "unit 1"])
        >>> [place.axison for place in ax.figure.axes]  # the last place stays empty
        [True, True, True, False]

    Args:
        rows: of pictures whose ink lies between 0 (white) and 1.
        column_names: above the first row, with a line break at each space.
    """
    n_columns = max(map(len, rows))
    figure, axes = plt.subplots(
        len(rows), n_columns, figsize=(0.85 * n_columns, 0.88 * len(rows) + 0.3), squeeze=False
    )
    for r, row in enumerate(rows):
        for c in range(n_columns):
            if c < len(row):
                _show_ink(axes[r, c], row[c])
            else:
                axes[r, c].axis("off")
        if row_names:
            axes[r, 0].set_ylabel(row_names[r], rotation=0, ha="right", va="center", fontsize="small")
    for c, name in enumerate(column_names):
        axes[0, c].set_title(name.replace(" ", "\n"), fontsize="small")
    if title:
        figure.suptitle(title)
    return axes[0, 0]


def plot_table(
    values: Float[Tensor, "n_rows n_columns"],
    row_names: Sequence[str],
    column_names: Sequence[str],
    *,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    signed: bool = False,
    digits: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """A heat map with the numbers in it: blue from zero up, or purple to orange around zero for signed values.

    Examples:
        >>> import torch
        >>> damage = torch.tensor([[9.0, 0.04], [-0.5, 12.0]])
        >>> ax = plot_table(damage, ["unit 0", "unit 1"], ["ring", "cross"], signed=True, digits=1)
        >>> [text.get_text() for text in ax.texts]  # what rounds to zero is left out
        ['9.0', '-0.5', '12.0']

    Args:
        signed: whether values below zero have a colour too.
        digits: after the decimal point.
    """
    ax = axes_or_new(ax, (min(0.56 * len(column_names), 7.8) + 2.2, 0.36 * len(row_names) + 1.6))
    top = values.abs().max().item() or 1.0
    ax.imshow(
        values.tolist(),
        cmap=DIVERGING if signed else "Blues",
        vmin=-top if signed else 0,
        vmax=top,
        aspect="auto",
    )
    for r, row in enumerate(values.tolist()):
        for c, value in enumerate(row):
            text = f"{value:.{digits}f}"
            if text.strip("-0."):  # a table full of zeros hides the rest
                ax.text(
                    c, r, text, ha="center", va="center", fontsize="small",
                    color="white" if abs(value) > 0.6 * top else "black",
                )  # fmt: skip
    ax.set(
        xlabel=xlabel,
        ylabel=ylabel,
        title=title,
        xticks=range(len(column_names)),
        yticks=range(len(row_names)),
    )
    ax.set_xticklabels(column_names, rotation=45, ha="right")
    ax.set_yticklabels(row_names)
    return ax


def plot_widening(
    widths: Sequence[int], effective: Mapping[str, Sequence[float]], *, ax: Axes | None = None
) -> Axes:
    """Effective number of concepts of a unit against the number of units, one line for each way of training.

    Examples:
        >>> ax = plot_widening([4, 8, 16], {"rent 0": [3.0, 2.9, 3.1], "rent 0.01": [2.5, 1.4, 1.1]})
        >>> [label.get_text() for label in ax.get_xticklabels()], ax.get_legend_handles_labels()[1]
        (['4', '8', '16'], ['rent 0', 'rent 0.01'])

    Args:
        widths: numbers of units, drawn at equal distances.
        effective: a value for each of ``widths``, by the way of training; three at most.
    """
    ax = axes_or_new(ax, (5.5, 3.2))
    styles = [(BLUE, "o-"), (VERMILLION, "s--"), (BLACK, "^:")]
    for (name, values), (colour, style) in zip(effective.items(), styles, strict=False):
        ax.plot(range(len(widths)), values, style, color=colour, label=name)
    ax.axhline(1, color=BLACK, linewidth=0.8, alpha=0.4)
    ax.set(
        xticks=range(len(widths)), xlabel="units", ylabel="concepts a unit (effective number)", ylim=(0, None),
        title="1 is a unit that means one thing",
    )  # fmt: skip
    ax.set_xticklabels([str(width) for width in widths])
    ax.legend(frameon=False)
    return ax


def plot_relevance(
    pictures: Sequence[Float[Tensor, "1 side side"]],
    relevance: Sequence[Sequence[Float[Tensor, "1 side side"]]],
    column_names: Sequence[str],
    row_names: Sequence[str] = (),
) -> Axes:
    """Each picture and, beside it, where an answer comes from by several rules: orange for, purple against.

    Each map has its own scale, since only the pattern is compared.

    Examples:
        >>> import torch
        >>> ring, cross = torch.ones(1, 3, 3), torch.eye(3)[None]
        >>> ax = plot_relevance([ring, cross], [[ring, cross], [-ring, -cross]], ["epsilon", "alpha-beta"])
        >>> [place.get_title() for place in ax.figure.axes[:3]]
        ['picture', 'epsilon', 'alpha-beta']

    Args:
        pictures: ink between 0 (white) and 1, one row each.
        relevance: for each rule a map of every picture, from `propagate`.
        column_names: of the rules.
        row_names: beside the pictures.

    Returns:
        The axes of the first picture.
    """
    n = 1 + len(relevance)
    figure, axes = plt.subplots(
        len(pictures), n, figsize=(1.25 * n + 0.9, 1.2 * len(pictures) + 0.3), squeeze=False
    )
    for r, picture in enumerate(pictures):
        _show_ink(axes[r, 0], picture)
        if row_names:
            axes[r, 0].set_ylabel(row_names[r], rotation=0, ha="right", va="center")
        for c, maps in enumerate(relevance, start=1):
            top = maps[r].abs().max().item() or 1.0
            axes[r, c].imshow(maps[r][0].tolist(), cmap=DIVERGING, vmin=-top, vmax=top)
            _bare(axes[r, c])
    for c, name in enumerate(["picture", *column_names]):
        axes[0, c].set_title(name, fontsize="small")
    figure.tight_layout(pad=0.3)
    return axes[0, 0]


def plot_seen(
    picture: Float[Tensor, "1 side side"],
    units: Float[Tensor, "d_units"],
    relevance: Float[Tensor, "1 side side"],
    marked: int | None = None,
    *,
    title: str,
) -> Axes:
    """One picture, what it does to each unit, and where one answer comes from.

    Examples:
        >>> import torch
        >>> ring = torch.ones(1, 3, 3)
        >>> ax = plot_seen(ring, torch.tensor([0.0, 2.5]), ring - 0.5, marked=1, title="why “ring”?")
        >>> [place.get_title() for place in ax.figure.axes]
        ['picture', 'how strongly each unit fires', 'why “ring”?']

    Args:
        picture: ink between 0 (white) and 1.
        units: activation of each unit.
        relevance: of each pixel for the answer: orange for, purple against.
        marked: a unit to point out, counted from 0.
        title: of the relevance.

    Returns:
        The axes of the picture.
    """
    figure, (ink, bars, heat) = plt.subplots(
        1, 3, figsize=(7, 2.3), gridspec_kw={"width_ratios": [1, 1.3, 1]}
    )
    _show_ink(ink, picture).set_title("picture", fontsize="small")
    colours = [ORANGE if i == marked else BLUE for i in range(len(units))]
    bars.bar(range(len(units)), units.tolist(), color=colours)
    bars.set(xlabel="unit", xticks=range(len(units)))
    bars.set_title("how strongly each unit fires", fontsize="small")
    top = relevance.abs().max().item() or 1.0
    heat.imshow(relevance[0].tolist(), cmap=DIVERGING, vmin=-top, vmax=top)
    _bare(heat).set_title(title, fontsize="small")
    figure.tight_layout()
    return ink
