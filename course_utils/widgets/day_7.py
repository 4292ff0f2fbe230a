"""Day 7's explorers: a dial that steers while the model writes, doses concept by concept, a map of patches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import ipywidgets as w
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.base import FRAME, no_formulas
from course_utils.interventions import (
    PATCHABLE_PARTS,
    Units,
    direction_unit,
    patching_map,
    prompt_ids,
    stream,
    word_after,
)
from course_utils.plots import figure_png, plot_dose_and_price, plot_patching_map
from course_utils.views import FAINT, picture
from course_utils.widgets.page import Page, numbers
from course_utils.widgets.panel import Control, Panel

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

    from course_utils.lm import IndirectObjectSentence


class StreamingPanel(Panel):
    """A panel whose view is a stream of pages, each shown as soon as it is there; the last one stays.

    Examples:
        >>> panel = StreamingPanel(lambda n: (f"{i} of {n}" for i in range(1, n + 1)), n=w.IntSlider(3))
        >>> panel.html
        '3 of 3'

    Args:
        view: takes the controls' values by name, yields one HTML string after the other.
        title, page, controls: as for `Panel`. Sliders report when they are let go.
    """

    sign = "writing …"

    def __init__(
        self,
        view: Callable[..., Iterator[str]],
        *,
        title: str = "",
        page: Page | None = None,
        **controls: Control,
    ) -> None:
        super().__init__(view, title=title, slow=True, page=page, idle=lambda values: (), **controls)

    def _pages(self, values: dict[str, Any]) -> Iterator[str]:
        return self._view(**values)


@no_formulas
def texts_side_by_side(prompt: str, texts: Mapping[str, str]) -> str:
    """A column for each text: what was done to the model, the prompt in bold, and what it wrote.

    Examples:
        >>> html = texts_side_by_side("The sea", {"untouched": " was calm", "sea: add +6": " sea <sea>"})
        >>> html.count("<b>The sea</b>"), " sea &lt;sea&gt;" in html
        (2, True)

    Args:
        texts: by what was done, what the model wrote after the prompt.

    Returns:
        HTML, with the prompt, the names and the texts escaped.
    """
    columns = "".join(
        f'<div style="flex:1 1 16em;min-width:14em"><div style="{FAINT}">{escape(name)}</div>'
        f'<div style="white-space:pre-wrap"><b>{escape(prompt)}</b>{escape(text)}</div></div>'
        for name, text in texts.items()
    )
    return (
        f'<div style="{FRAME};padding:.6em .9em;line-height:1.5;'
        f'display:flex;flex-wrap:wrap;gap:.6em 2em">{columns}</div>'
    )


def dial_panel(
    model: TransformerBridge,
    units: Mapping[str, tuple[Units, float]],
    *,
    prompt: str = "In the morning",
    dial: float = 6.0,
    n_tokens: int = 40,
) -> StreamingPanel:
    """Turn a dial from -10 to +10 and watch the model write, beside what it writes untouched.

    Examples:
        >>> from course_utils.lm import load_model
        >>> model = load_model("pocket")
        >>> sea = direction_unit(model.W_U[:, prompt_ids(model, " sea")[1]], "blocks.2.hook_resid_post")
        >>> panel = dial_panel(model, {"sea": (sea, 4.0)}, dial=10.0, n_tokens=2)  # 10 marks of 4 each
        >>> "<b>In the morning</b> sea sea" in panel.html
        True

    Args:
        units: name → (what is turned, its value at one mark of the dial). "add" adds that many marks, "clamp" holds the
            value at them, "scale" multiplies the value by the dial: 1 leaves it, 0 ablates. The first is taken first.
        prompt: the one to start with.
        dial: where it stands at first.
        n_tokens: to write at most.
    """

    @lru_cache(maxsize=8)  # each holds the keys and values of its tokens
    def alone(prompt: str, seed: int) -> tuple[Iterator[list[str]], list[str]]:
        """The model untouched, and what it wrote so far, which no turn of the dial changes."""
        nothing = direction_unit(
            torch.ones(model.cfg.d_model), f"blocks.{model.cfg.n_layers - 1}.hook_resid_post"
        )
        return stream(model, nothing, [0.0], prompts=prompt, n_tokens=n_tokens, seed=seed), [""]

    def view(
        what: str, how: Literal["add", "clamp", "scale"], dial: float, prompt: str, seed: int
    ) -> Iterator[str]:
        chosen, mark = units[what]
        amount = dial if how == "scale" else dial * mark
        untouched, own = alone(prompt, seed)
        turned = stream(model, chosen, [amount], prompts=prompt, how=how, n_tokens=n_tokens, seed=seed)
        steered = [""]
        for i in range(1, n_tokens + 1):
            if len(own) <= i:
                own += next(untouched, own[-1:])
            steered = next(turned, steered)
            yield texts_side_by_side(prompt, {"untouched": own[i], f"{what}: {how} {dial:+g}": steered[0]})

    return StreamingPanel(
        view,
        title="Turn the dial",
        page=Page(
            "frames",
            offered={
                "what": list(units),
                "how": ["add"],
                "dial": sorted({3.0, 10.0, dial}),
                "prompt": [prompt],
                "seed": [0],
            },
        ),
        what=w.Dropdown(options=list(units), value=next(iter(units))),
        how=w.ToggleButtons(options=["add", "clamp", "scale"], value="add"),
        dial=w.FloatSlider(value=dial, min=-10, max=10, step=0.5),
        prompt=w.Text(value=prompt, continuous_update=False, layout=w.Layout(width="24em")),
        seed=w.BoundedIntText(value=0, min=0, max=999),
    )


def dose_panel(
    concepts: Sequence[str],
    doses: Sequence[float],
    rates: Mapping[str, Float[Tensor, "n_concepts n_doses"]],
    log_perplexities: Mapping[str, Float[Tensor, "n_concepts n_doses"]],
) -> Panel:
    """What each way to steer did to one concept: what the means over all concepts were made from.

    Examples:
        >>> rates = {"latent": torch.tensor([[0.0, 0.25], [0.0, 1.0]])}  # 2 concepts at 2 doses
        >>> panel = dose_panel(["whales", "chess"], [0.0, 4.0], rates, {"latent": torch.ones(2, 2)})
        >>> panel.html.partition("</div>")[0]  # of the texts, at the best dose for whales
        '<div>latent: at most 25%'

    Args:
        doses: strengths of steering, the same for all concepts.
        rates: by the way to steer, the share of texts that speak of the concept.
        log_perplexities: by the same names, the mean loss of these texts in nats a token.
    """

    def view(concept: str) -> str:
        i = concepts.index(concept)
        bought = {name: (rate[i], torch.zeros(len(doses))) for name, rate in rates.items()}
        paid = {name: cost[i].exp() for name, cost in log_perplexities.items()}
        best = {name: rate[i].max().item() for name, rate in rates.items()}
        said = "; ".join(f"{escape(name)}: at most {share:.0%}" for name, share in best.items())
        ax = plot_dose_and_price(doses, bought, paid)[0]
        shown = picture(figure_png(ax), f"Share of texts about {concept} by dose and by perplexity; {said}")
        return f"<div>{said}</div>{shown}"

    return Panel(
        view,
        title="One concept at a time",
        slow=True,
        page=Page(
            "dose",
            lambda: {
                "doses": list(doses),
                "rates": {name: numbers(rate) for name, rate in rates.items()},
                "log_perplexities": {name: numbers(cost) for name, cost in log_perplexities.items()},
            },
        ),
        concept=w.Dropdown(options=list(concepts), value=concepts[0]),
    )


class PatchedSentence(NamedTuple):
    """What one part of the model gives back, and the words around it."""

    brought_back: Float[Tensor, "n_rows n_columns"]
    rows: list[str]
    columns: list[str]
    lines: list[str]
    note: str


def patching_panel(
    model: TransformerBridge,
    sentences: Sequence[IndirectObjectSentence],
    corrupt: Callable[[str, str, str], str],
) -> Panel:
    """Pick a sentence and a part of the model; see how much of the answer each patch brings back.

    Examples:
        >>> from course_utils.lm import IndirectObjectSentence, load_model
        >>> sentence = IndirectObjectSentence("Kate and David ran, Kate told", "David", "Kate", end="")
        >>> corrupt = lambda prompt, subject, other: prompt.replace(f", {subject}", f", {other}")
        >>> panel = patching_panel(load_model("pocket"), [sentence], corrupt)
        >>> "corrupted: Kate and David ran, David told" in panel.html
        True

    Args:
        sentences: each has a corrupted version with as many tokens, and its names are one token each in this
            model; the first is shown first.
        corrupt: (prompt, subject, indirect object) → the prompt with another answer.
    """

    def measured(sentence: int, part: str) -> PatchedSentence:
        s = sentences[sentence]
        other = corrupt(s.prompt, s.subject, s.indirect_object)
        ids, other_ids = prompt_ids(model, s.prompt)[None], prompt_ids(model, other)[None]
        right, wrong = (word_after(model, s.prompt, name) for name in (s.indirect_object, s.subject))
        if right is None or wrong is None:
            raise ValueError(f"{s.indirect_object} or {s.subject} is more than one token in this model")
        found = patching_map(
            model, ids, other_ids, part, lambda logits: logits[..., -1, right] - logits[..., -1, wrong]
        )
        if part == "heads":
            columns = [f"head {h}" for h in range(model.cfg.n_heads)]
        else:
            columns = [model.tokenizer.decode([i]) if p else "BOS" for p, i in enumerate(ids[0].tolist())]
        lines = [
            f"clean: {s.prompt} … ({found.clean:+.1f})",
            f"corrupted: {other} … ({found.corrupted:+.1f})",
        ]
        note = f"in brackets: logit of {s.indirect_object} less logit of {s.subject}"
        rows = [f"layer {layer}" for layer in range(model.cfg.n_layers)]
        return PatchedSentence(found.brought_back, rows, columns, lines, note)

    def view(sentence: int, part: str) -> str:
        found = measured(sentence, part)
        ax = plot_patching_map(found.brought_back, found.rows, found.columns, title=part, ylabel="patched at")
        said = "".join(f"<div>{escape(line)}</div>" for line in found.lines)
        shown = picture(figure_png(ax), f"Share of the answer that patching the {part} brings back, by layer")
        return f'{said}<div style="{FAINT}">{escape(found.note)}</div>{shown}'

    def all_maps() -> dict[str, list[dict[str, Any]]]:
        found = {part: [measured(i, part) for i in range(len(sentences))] for part in PATCHABLE_PARTS}
        return {
            part: [each._asdict() | {"brought_back": numbers(each.brought_back)} for each in maps]
            for part, maps in found.items()
        }

    return Panel(
        view,
        title="Where does the answer come from?",
        slow=True,
        page=Page("patching", all_maps),
        sentence=w.Dropdown(options=[(s.prompt, i) for i, s in enumerate(sentences)], value=0),
        part=w.ToggleButtons(options=list(PATCHABLE_PARTS), value="residual stream"),
    )
