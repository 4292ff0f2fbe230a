"""Day 2's explorers: what one neuron fires for, side by side; and a look through the small vision network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

import ipywidgets as w
import torch
from torch import Tensor

from course_utils.base import FRAME, no_formulas
from course_utils.lm import Passage
from course_utils.plots import figure_png, plot_seen
from course_utils.views import FAINT, picture, token_strip
from course_utils.widgets.page import Page, numbers, packed
from course_utils.widgets.panel import Panel
from course_utils.worlds import (
    PICTURE_CONCEPTS,
    Pictures,
    Rule,
    VisionNetwork,
    only_output,
    propagate,
    trace_layers,
)


class Side(NamedTuple):
    """One of the things that a neuron fires for."""

    concept: str
    roc_area: float
    """How well the neuron tells the concept."""

    passages: Sequence[Passage]
    """Texts of the concept on which it fires most."""


@no_formulas
def passages_side_by_side(sides: Sequence[Side], *, title: str = "") -> str:
    """A column for each concept: its name, its ROC area and the passages that make the neuron fire most.

    Full orange is the same activation in all columns, so that they can be compared.

    Examples:
        >>> chess = Side("chess", 0.98, [Passage((" e4",), (1.0,), text=0, strongest=1.0)])
        >>> soup = Side("soup", 0.91, [Passage((" hot",), (4.0,), text=1, strongest=4.0)])
        >>> html = passages_side_by_side([chess, soup], title="layer 1, neuron 2")
        >>> html.count("rgba(255,140,0,0.25)"), html.count("rgba(255,140,0,1.00)")  # 1.0 beside a strongest of 4.0
        (1, 1)

    Args:
        title: above the columns; none if it is empty.

    Returns:
        HTML, with all names and texts escaped.
    """
    strongest = max((p.strongest for side in sides for p in side.passages), default=1.0)
    columns = "".join(
        f'<div style="flex:1 1 15em;min-width:0;overflow-wrap:anywhere"><b>{escape(side.concept)}</b> '
        f'<span style="{FAINT}">ROC area {side.roc_area:.2f}</span>'
        + "".join(_passage(p, strongest) for p in side.passages)
        + "</div>"
        for side in sides
    )
    heading = f'<div style="font-size:115%;font-weight:bold">{escape(title)}</div>' if title else ""
    return (
        f'<div style="{FRAME};padding:.6em .9em;line-height:1.5">'
        f'{heading}<div style="display:flex;flex-wrap:wrap;gap:.4em 2em">{columns}</div></div>'
    )


def _passage(passage: Passage, strongest: float) -> str:
    strip = token_strip(passage.tokens, passage.strengths, strongest=strongest)
    return (
        '<div style="margin-top:.6em;border-top:1px solid rgba(128,128,128,.25)">'
        f'<span style="{FAINT}">{passage.strongest:.2f}</span> {strip}</div>'
    )


def neuron_panel(neurons: Mapping[str, Sequence[Side]]) -> Panel:
    """Pick a neuron and see its concepts side by side. Nothing is computed: ``neurons`` holds every view's content.

    Examples:
        >>> chess = Side("chess", 0.98, [Passage((" e4",), (1.0,), text=0, strongest=1.0)])
        >>> soup = Side("soup", 0.91, [Passage((" hot",), (4.0,), text=1, strongest=4.0)])
        >>> panel = neuron_panel({"layer 1, neuron 2": [chess, soup], "layer 3, neuron 4": [soup]})
        >>> "chess" in panel.html, "chess" in panel.set(neuron="layer 3, neuron 4").html
        (True, False)

    Args:
        neurons: by name, one `Side` for each concept that the neuron tells; the first neuron is shown first.
    """
    names = list(neurons)
    menu = w.Dropdown(options=names, value=names[0], description="neuron")
    return Panel(
        lambda neuron: passages_side_by_side(neurons[neuron], title=neuron),
        title="What makes it fire?",
        page=Page("frames", offered={"neuron": names}),
        neuron=menu,
    )


def vision_panel(network: VisionNetwork, pictures: Pictures, rules: Mapping[str, Rule]) -> Panel:
    """Pick a picture, a question and a rule; see which units fire and where the answer comes from.

    Examples:
        >>> from course_utils.worlds import draw_pictures, epsilon_rule
        >>> panel = vision_panel(VisionNetwork(4), draw_pictures(1, seed=0), {"epsilon": epsilon_rule})
        >>> panel.set(concept="sailing boat").html.count("A sailing boat, the activation of each unit")
        1

    Args:
        network: trained or not.
        pictures: the same number of every concept; the slider for the number goes as far as the rarest concept does.
        rules: by name, each as for `propagate`; the first is taken first.
    """
    matrices = network.as_matrices()
    n_each = int(pictures.concept_ids.bincount().min())
    d_units = matrices[-1].shape[0]
    asked = {"the name it gives": -1} | {f"unit {u}": u for u in range(d_units)}

    def view(concept: str, number: int, why: int, rule: str) -> str:
        shown = pictures.pixels[pictures.concept_ids == PICTURE_CONCEPTS.index(concept)][number - 1]
        seen = trace_layers(matrices, shown.view(1, -1))
        units = seen.inputs[-1][0]
        named = PICTURE_CONCEPTS[int(seen.logits.argmax())]
        if why < 0:
            relevance = _to_pixels(
                matrices, seen.inputs, only_output(seen.logits, PICTURE_CONCEPTS.index(named)), rules[rule]
            )
            question = f"why “{named}”?"
        elif units[why] == 0:
            raise ValueError(f"Unit {why} does not fire for this picture, so there is nothing to explain.")
        else:
            relevance = _to_pixels(
                matrices[:-1], seen.inputs[:-1], only_output(units[None], why), rules[rule]
            )
            question = f"why unit {why}?"
        ax = plot_seen(shown, units, relevance.view_as(shown), title=question, marked=why)
        alt = f"A {concept}, the activation of each unit, and the ink that speaks for and against: {question}"
        total = relevance.sum().item()
        return f'{picture(figure_png(ax), alt)}<div style="{FAINT}">named “{named}”; relevance of all pixels together {total:.2f}</div>'

    return Panel(
        view,
        title="Look through the network",
        slow=True,
        page=Page(
            "vision",
            lambda: {
                "filters": [numbers(filters.detach()) for filters in network.filters],
                "W_units": numbers(matrices[-2]),
                "W_out": numbers(matrices[-1]),
                "side": network.side,
                "concepts": list(PICTURE_CONCEPTS),
                "n_each": n_each,
                "pixels": packed(_as_16_bits(pictures, n_each)),
            },
        ),
        concept=w.Dropdown(options=PICTURE_CONCEPTS, value=PICTURE_CONCEPTS[0], description="picture of"),
        number=w.IntSlider(1, 1, n_each, description="number"),
        why=w.Dropdown(options=list(asked.items()), value=-1, description="explain"),
        rule=w.Dropdown(options=list(rules), description="rule"),
    )


def _as_16_bits(pictures: Pictures, n_each: int) -> bytes:
    """The pictures that can be chosen, concept by concept, a number from 0 to 65535 for each pixel."""
    chosen = [pictures.pixels[pictures.concept_ids == c][:n_each] for c in range(len(PICTURE_CONCEPTS))]
    return (65535 * torch.stack(chosen)).round().numpy().astype("<u2").tobytes()


@torch.no_grad()
def _to_pixels(matrices: list[Tensor], inputs: list[Tensor], relevance: Tensor, rule: Rule) -> Tensor:
    return propagate(matrices, inputs, relevance, rule)[0]
