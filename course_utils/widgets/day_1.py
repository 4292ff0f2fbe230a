"""Day 1's explorers: look for the grandmother cell yourself, and look what a language model's best neurons fire for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

import ipywidgets as w
import torch
from torch import Tensor

from course_utils.base import BLUE_RGB, FRAME, ORANGE_RGB
from course_utils.lm import Passage
from course_utils.reading import ConceptScores, chance_roc_area, concept_scores
from course_utils.views import FAINT, token_strip
from course_utils.widgets.page import Page, numbers
from course_utils.widgets.panel import Panel
from course_utils.worlds import Recording, selectivity

CARD = f"{FRAME};padding:.6em .9em;line-height:1.5;max-width:60em"


def cell_view(recording: Recording, names: Sequence[str], cell: int, about: str = "") -> str:
    """One cell: a row for each stimulus, a box for each presentation (darker for more spikes), a bar for the mean."""
    spikes, n = recording.spikes[:, cell], len(names)
    counts = [spikes[recording.stimulus == s].int().tolist() for s in range(n)]
    most, top = max(1, int(spikes.max())), max(max(sum(c) / len(c) for c in counts), 1e-9)
    rows = "".join(
        f'<tr><td style="text-align:right;padding:0 .6em 0 0">{escape(name)}</td>'
        f'<td style="text-align:left;white-space:nowrap;padding:0">{_boxes(c, most)}</td>'
        f"{_bar(sum(c) / len(c), top, f'{sum(c) / len(c):.1f}')}</tr>"
        for name, c in zip(names, counts, strict=True)
    )
    return (
        f'<div style="{CARD}"><b>Cell {cell}</b><span style="{FAINT};margin-left:1em">{about}</span>'
        f'<table style="border-collapse:collapse;font-size:90%;line-height:1.25;margin-top:.4em">{rows}</table></div>'
    )


def _boxes(counts: Sequence[int], most: int) -> str:
    return "".join(
        f'<span title="{c} spikes" style="display:inline-block;width:1.4em;text-align:center;margin-right:1px;'
        f'background:rgba({ORANGE_RGB},{c / most:.2f})">{c}</span>'
        for c in counts
    )


def _bar(value: float, top: float, said: str, width: float = 12) -> str:
    """Two cells of a table: the number, and a bar that grows to the right, and shrinks where there is little room."""
    style = f"display:block;height:.7em;width:{100 * value / top:.0f}%;background:rgba({BLUE_RGB},.9)"
    return (
        f'<td style="text-align:right;padding:0 .6em">{said}</td>'
        f'<td style="text-align:left;width:{width}em;padding:0"><span style="{style}"></span></td>'
    )


def cell_panel(
    recording: Recording, names: Sequence[str], kinds: Sequence[str], *, person: int = 0, first: int = 0
) -> Panel:
    """Go through the cells of a recording, blind; tick a box to see the scores for one person, another for the truth.

    Examples:
        >>> stimulus = torch.arange(2).repeat_interleave(20)  # two people, shown 20 times each
        >>> recording = Recording(torch.stack([6.0 * (stimulus == 0), torch.ones(40)], dim=1), stimulus)
        >>> panel = cell_panel(recording, ["your grandmother", "the mayor"], ["grandmother cell", "indifferent"])
        >>> panel.set(scores=True).html.count("beyond luck"), panel.set(cell=1).html.count("within luck")
        (1, 1)

    Args:
        names: of the stimuli.
        kinds: what each cell really is.
        person: number of the stimulus that is looked for.
        first: the cell shown first.
    """
    is_person = (recording.stimulus == person).long()
    area = concept_scores(recording.spikes, is_person, 2).roc_area[:, 1]
    means = torch.stack(
        [recording.spikes[recording.stimulus == s].mean(dim=0) for s in range(len(names))], dim=1
    )
    index = selectivity(means).nan_to_num(0)
    n_person = int(is_person.sum())
    luck = chance_roc_area(n_person, len(is_person) - n_person, len(kinds)).item()

    def view(cell: int, scores: bool, truth: bool) -> str:
        about = []
        if scores:
            verdict = "beyond luck" if area[cell] > luck else "within luck's reach"
            about.append(
                f"selectivity {index[cell]:.2f} · ROC area for {escape(names[person])} {area[cell]:.2f} "
                f"({verdict}, {luck:.2f})"
            )
        if truth:
            about.append(f"<b>{escape(kinds[cell])}</b>")
        return cell_view(recording, names, cell, " · ".join(about))

    return Panel(
        view,
        title=f"Which cell knows {names[person]}?",
        page=Page(
            "cell",
            lambda: {
                "names": list(names),
                "person": names[person],
                "kinds": list(kinds),
                "spikes": [
                    [recording.spikes[recording.stimulus == s, c].int().tolist() for s in range(len(names))]
                    for c in range(len(kinds))
                ],
                "area": numbers(area),
                "index": numbers(index),
                "luck": luck,
            },
        ),
        cell=w.IntSlider(first, 0, len(kinds) - 1),
        scores=w.Checkbox(False, description="show its scores", indent=False),
        truth=w.Checkbox(False, description="tell me what it is", indent=False),
    )


class NeuronCard(NamedTuple):
    """What the browser shows of one neuron; everything is computed beforehand."""

    name: str
    """Of the neuron: ``layer 0, neuron 7``."""

    profile: Sequence[tuple[str, float]]
    """The concepts that it tells best, with the ROC areas on held-out texts."""

    passages: Sequence[tuple[str, Passage]]
    """The held-out texts on which it fires most, each with its concept."""


def neuron_view(concept: str, scores: ConceptScores, chance: float, card: NeuronCard) -> str:
    """The neuron chosen for a concept: how good it is at that, what else it tells, and what it fires for.

    Args:
        scores: of this neuron and concept alone.
    """
    area, chosen_by = scores.roc_area.item(), scores.train_roc_area.item()
    verdict = "" if area > chance else " (no more than luck reaches)"
    facts = (
        f"ROC area {area:.2f} on held-out texts{verdict}, {chosen_by:.2f} on those that chose it · "
        f"precision {scores.precision.nan_to_num(0).item():.0%} · recall {scores.recall.item():.0%}"
    )
    bars = "".join(
        f'<tr><td style="text-align:right;padding-right:.6em">{_marked(name, name == concept)}</td>'
        f"{_bar(max(a - 0.5, 0), 0.5, f'{a:.2f}', 14)}</tr>"
        for name, a in card.profile
    )
    texts = "".join(
        f'<div style="margin-top:.3em"><span style="{FAINT}">{_marked(of, of == concept)} · {p.strongest:.2f}</span> '
        f"{token_strip(p.tokens, p.strengths, strongest=card.passages[0][1].strongest)}</div>"
        for of, p in card.passages
    )
    return (
        f'<div style="{CARD}"><b>{escape(concept)}: {escape(card.name)}</b><div>{facts}</div>'
        f'<div style="{FAINT};margin-top:.5em">What it tells best, ROC area</div>'
        f'<table style="border-collapse:collapse;font-size:90%">{bars}</table>'
        f'<div style="{FAINT};margin-top:.5em">Where it fires most, of all held-out texts</div>{texts}</div>'
    )


def _marked(text: str, is_it: bool) -> str:
    return f"<b>{escape(text)}</b>" if is_it else escape(text)


def concept_panel(
    scores: ConceptScores, chance: Tensor, cards: Mapping[str, NeuronCard], first: str | None = None
) -> Panel:
    """Pick a concept and see the neuron that the training texts chose for it.

    Examples:
        >>> whale = Passage((" a", " whale"), (0.0, 2.0), text=0, strongest=2.0)
        >>> card = NeuronCard("layer 0, neuron 7", profile=[("whales", 0.9)], passages=[("whales", whale)])
        >>> scores = ConceptScores(*(torch.tensor([0.9]) for _ in range(5)))  # one concept, all five scores 0.9
        >>> panel = concept_panel(scores, chance=torch.tensor([0.95]), cards={"whales": card})
        >>> "ROC area 0.90 on held-out texts (no more than luck reaches)" in panel.html
        True

    Args:
        scores: of each concept's chosen neuron: ``concept_scores(…).of_chosen()``.
        chance: ROC area that luck reaches, for each concept, (n_concepts,): from `chance_roc_area`.
        cards: by concept, in the order of the scores.
        first: the concept shown first; None takes the first of ``cards``.
    """
    order = list(cards)

    def view(concept: str) -> str:
        c = order.index(concept)
        return neuron_view(
            concept, ConceptScores(*(score[c] for score in scores)), chance[c].item(), cards[concept]
        )

    menu = w.Dropdown(options=sorted(order), value=first or order[0], description="concept")
    page = Page("frames", offered={"concept": menu.options})
    return Panel(view, title="Each concept's best neuron", page=page, concept=menu)
