"""Pairs of figures that only mean something together: what a dose buys and costs, two knives on the same concepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.plots.steering import Curve, plot_doses
from course_utils.plots.style import BLACK, axes_in_a_row
from course_utils.plots.vision import plot_table


def plot_dose_and_price(
    doses: Sequence[float],
    rates: Mapping[str, tuple[Float[Tensor, "n_doses"], Float[Tensor, "n_doses"]]],
    perplexities: Mapping[str, Float[Tensor, "n_doses"]],
    prompt: tuple[float, float, float] | None = None,
) -> list[Axes]:
    """The concept rate by dose, and the same rates by what they cost; one line for each way to steer.

    Examples:
        >>> import torch
        >>> rates = {"latent": (torch.tensor([0.0, 0.5]), torch.tensor([0.0, 0.1]))}
        >>> bought, paid = plot_dose_and_price([0, 10], rates, {"latent": torch.tensor([12.0, 80.0])})
        >>> bought.lines[0].get_xdata().tolist(), paid.lines[0].get_xdata().tolist()
        ([0, 10], [12.0, 80.0])

    Args:
        doses: in tenths of a typical activation's distance from the mean, as the axis says.
        rates: for each of at most five ways to steer (mean, standard error) of the share of texts about the concept, at
            each dose.
        perplexities: of what was written at each dose, under the same names.
        prompt: (mean, standard error, perplexity) of texts that were asked for and not pushed, one point on the right.

    Returns:
        The two axes, rates by dose on the left and rates by perplexity on the right.
    """
    axes = axes_in_a_row([1, 1], (10, 3.8))
    bought = {name: Curve(doses, mean.tolist(), error.tolist()) for name, (mean, error) in rates.items()}
    paid = {name: curve._replace(x=perplexities[name].tolist()) for name, curve in bought.items()}
    plot_doses(
        bought, xlabel="dose (10: as far as a typical activation is from the mean)",
        ylabel="share of texts about the concept", title="what a dose buys", ax=axes[0],
    )  # fmt: skip
    plot_doses(
        paid,
        xlabel="perplexity of what was written",
        ylabel="",
        title="… and what it costs",
        legend=False,
        ax=axes[1],
    )
    costs = [p.item() for cost in perplexities.values() for p in cost]
    if prompt:
        mean, error, price = prompt
        axes[1].errorbar(
            price, mean, yerr=error, label="asked for, no push", fmt="*", markersize=12, color=BLACK
        )
        axes[1].annotate(
            "asked for,\nno push", (price, mean), (9, 4), textcoords="offset points", fontsize="small"
        )
        costs.append(price)
    axes[1].set_xscale("log")
    ticks = [
        t
        for t in (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
        if 0.8 * min(costs) <= t <= 1.25 * max(costs)
    ]
    axes[1].set_xticks(ticks, [f"{t:,}" for t in ticks])
    axes[1].minorticks_off()
    return axes


def plot_two_knives(tables: Mapping[str, Float[Tensor, "n n"]], concepts: Sequence[str]) -> list[Axes]:
    """A damage table for each knife, rows meant to be removed, columns what loses; each with a colour scale of its own.

    Examples:
        >>> import torch
        >>> tables = {"ten latents": torch.eye(2), "ten neurons": torch.ones(2, 2)}
        >>> axes = plot_two_knives(tables, ["sea", "chess"])  # the latents cut what they should, the neurons everything
        >>> [ax.get_title() for ax in axes], [len(ax.texts) for ax in axes]
        (['without ten latents', 'without ten neurons'], [2, 4])

    Args:
        tables: for each of two or more knives the loss added, in nats a token; in row i concept i was to be removed.
        concepts: a name for each row and column.

    Returns:
        One axes for each table, from left to right.
    """
    figure, axes = plt.subplots(
        1, len(tables), figsize=(4.9 * len(tables), 4.8), layout="constrained", sharey=True
    )
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        plot_table(
            table,
            concepts,
            concepts,
            signed=True,
            digits=1,
            title=f"without {name}",
            xlabel="what loses",
            ax=ax,
        )
        figure.colorbar(ax.images[0], ax=ax, shrink=0.7)
    axes[0].set_ylabel("meant to remove")
    figure.suptitle("extra loss in nats a token; each table has a colour scale of its own", fontsize=10)
    return list(axes)
