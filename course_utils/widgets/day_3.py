"""Day 3's explorers: a city seen from any side, packings of directions, and the linear regions of a small network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import ipywidgets as w
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.plots import axes_side_by_side, figure_png, plot_city, plot_packing, plot_regions, seen_from
from course_utils.views import picture
from course_utils.widgets.page import Page, numbers
from course_utils.widgets.panel import Panel
from course_utils.worlds import (
    coherence,
    cosine_matrix,
    linear_regions,
    most_regions,
    optimise_packing,
    random_directions,
    random_network,
    welch_bound,
)


def closest_pair(directions: Float[Tensor, "n d"]) -> tuple[int, int, float]:
    """The two rows with the smallest angle between them, and this angle in degrees.

    Examples:
        >>> i, j, degrees = closest_pair(torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]]))
        >>> i, j, round(degrees)
        (0, 2, 27)

    Args:
        directions: of any length but 0.
    """
    cosines = cosine_matrix(directions).fill_diagonal_(-1)
    i, j = divmod(int(cosines.argmax()), len(directions))
    return i, j, torch.rad2deg(cosines[i, j].clamp(-1, 1).arccos()).item()


def city_panel(places: Float[Tensor, "n 3"], names: Sequence[str]) -> Panel:
    """A city from above and, beside it, turned and tilted; a sentence names the two places that look most alike.

    Examples:
        >>> places = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 2.0]])
        >>> panel = city_panel(places, ["school", "park", "tower"]).set(tilt=90)  # from above
        >>> panel.html.rpartition("<div>")[2]
        'From here school and tower lie 0° apart; in space they are 63° apart.</div>'

    Args:
        places: east, north and up of each place, from the centre.
        names: of the places.
    """

    def view(turn: int, tilt: int) -> str:
        i, j, seen = closest_pair(seen_from(places, turn, tilt))
        real = torch.rad2deg(cosine_matrix(places)[i, j].clamp(-1, 1).arccos()).item()
        said = (
            f"From here {names[i]} and {names[j]} lie {seen:.0f}° apart; in space they are {real:.0f}° apart."
        )
        left, right = axes_side_by_side(2)
        plot_city(places, names, 0, 90, ax=left)
        plot_city(places, names, turn, tilt, ax=right)
        shown = picture(figure_png(right), alt=f"The city as arrows, from above and from the side. {said}")
        return f"{shown}<div>{escape(said)}</div>"

    return Panel(
        view,
        title="The city from any side",
        page=Page("city", lambda: {"places": numbers(places), "names": list(names)}),
        turn=w.IntSlider(value=0, min=-180, max=180, step=5, description="turn (degrees)"),
        tilt=w.IntSlider(value=15, min=0, max=90, step=5, description="tilt (90 is from above)"),
    )


def packing_panel() -> Panel:
    """Spread n directions in d dimensions, at random or optimised, and see the angles that come out.

    Examples:
        >>> panel = packing_panel().set(how="random")
        >>> panel.html.rpartition("<div>")[2]
        '20 random directions in 8 dimensions: the worst |cosine| is 0.82, the Welch bound 0.28.</div>'
    """

    def view(n: int, d: int, how: str, seed: int) -> str:
        directions = (
            random_directions(n, d, seed=seed)
            if how == "random"
            else optimise_packing(n, d, seed=seed, steps=300)
        )
        worst, bound = coherence(directions), welch_bound(n, d)
        said = f"{n} {how} directions in {d} dimensions: the worst |cosine| is {worst:.2f}, the Welch bound {bound:.2f}."
        ax = plot_packing({how: directions})
        return f"{picture(figure_png(ax), alt=f'Histogram of |cosines|. {said}')}<div>{said}</div>"

    return Panel(
        view,
        title="How much room is there?",
        page=Page("packing"),
        slow=True,
        n=w.IntSlider(value=20, min=2, max=60, description="directions"),
        d=w.IntSlider(value=8, min=2, max=16, description="dimensions"),
        how=w.Dropdown(options=["optimised", "random"], value="optimised"),
        seed=w.IntSlider(value=0, min=0, max=9),
    )


def polytope_panel() -> Panel:
    """The linear regions of a random network: choose its width, its depth and the seed of its weights.

    Examples:
        >>> panel = polytope_panel().set(width=2, depth=1)
        >>> panel.html.rpartition("<div>")[2]
        '2 neurons cut this window into 3 regions; no such network has more than 4.</div>'
    """

    def view(width: int, depth: int, seed: int) -> str:
        widths = [width] * depth
        regions = linear_regions(random_network(widths, seed=seed), half_width=2.0)
        said = f"{width * depth} neurons cut this window into {len(regions)} regions; no such network has more than {most_regions(widths, 2):,}."
        return f"{picture(figure_png(plot_regions(regions)), alt=f'A plane cut into polygons. {said}')}<div>{said}</div>"

    return Panel(
        view,
        title="Into how many pieces?",
        page=Page("polytopes"),
        slow=True,
        width=w.IntSlider(value=6, min=2, max=12, description="neurons a layer"),
        depth=w.IntSlider(value=2, min=1, max=3, description="layers"),
        seed=w.IntSlider(value=0, min=0, max=9),
    )
