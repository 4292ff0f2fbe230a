"""Score a circuit: the judge traces the prompt anew, and takes the circuit out of the real model.

    points = 8 · (completeness - lot) / (0.45 - lot)
           + 6 · (share of the answer lost without it - lot) / 0.3

where "lot" is the same number of random circuits of its size; each part lies between 0 and all of its points.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtyping import Bool
from torch import Tensor

from course_utils.capstone.points import COMPLETE, KNOCKED_OUT, Note, Unjudged
from course_utils.capstone.report_file import Report, shown
from course_utils.circuits import (
    AttributionGraph,
    attribution_graph,
    graph_from_json,
    loss_without,
    part_completeness,
    part_of,
    random_part,
)
from course_utils.lm import load_model
from course_utils.sae import Transcoder, load_transcoder

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

MOST_LATENTS = 40
MOST_TOKENS = 40
TRACED = 300
"""Nodes that are traced back."""
BAR = 0.45
LOST = 0.3
LEAST_LOGITS = 1.0
LOTS = 5
LARGEST_FILE = 50_000_000


@cache
def _pocket() -> tuple[TransformerBridge, dict[int, Transcoder]]:
    model = load_model("pocket")
    layers = range(model.cfg.n_layers)
    return model, {layer: load_transcoder(f"layer_{layer}").requires_grad_(False) for layer in layers}


def judge_circuit(report: Report) -> tuple[list[Note], list[str]]:
    """Notes and what is missing of project (d)."""
    form = report.form("CIRCUIT")
    graph = _trace(form)
    part = _part(report, form, graph)
    n, answer = int(part.sum()), graph.sums[0].item()
    if answer < LEAST_LOGITS:
        raise Unjudged(
            f"{graph.question} has {answer:.1f} logits: the model does not answer so, {LEAST_LOGITS:g} are asked"
        )
    model, transcoders = _pocket()
    lots = [random_part(graph, part, seed=seed) for seed in range(LOTS)]
    complete, lost = part_completeness(graph, part), loss_without(model, transcoders, graph, part) / answer
    lot_complete = sum(part_completeness(graph, lot) for lot in lots) / LOTS
    lot_lost = sum(loss_without(model, transcoders, graph, lot) for lot in lots) / LOTS / answer
    return [
        Note(
            COMPLETE * _between(complete, lot_complete, BAR),
            f"{n} latents for {graph.question}: completeness {complete:.2f}, the bar is {BAR:.2f}, {LOTS} random "
            f"circuits of that size have {lot_complete:.2f}",
        ),
        Note(
            KNOCKED_OUT * _between(lost, lot_lost, lot_lost + LOST),
            f"without them the real model loses {lost:.0%} of {answer:.1f} logits, without the random ones {lot_lost:.0%}; "
            f"{LOST:.0%} more are asked",
        ),
    ], []


def _between(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / max(high - low, 1e-6)))


def _trace(form: dict[str, Any]) -> AttributionGraph:
    prompt, answer = _text(form, "prompt"), _text(form, "answer")
    against = _text(form, "against") if form.get("against") else None
    model, transcoders = _pocket()
    n_tokens = len(model.tokenizer(prompt[:10_000])["input_ids"])
    if n_tokens > MOST_TOKENS:
        raise Unjudged(f"the prompt has {n_tokens} tokens, and {MOST_TOKENS} are traced at most")
    try:
        return attribution_graph(model, transcoders, prompt, answer, against, max_targets=TRACED)
    except ValueError as error:
        raise Unjudged(shown(str(error), 200)[1:-1]) from None


def _text(form: dict[str, Any], name: str) -> str:
    text = form.get(name)
    if not isinstance(text, str) or not text.strip():
        raise Unjudged(f"CIRCUIT's {name} is {shown(text)}: a text is asked")
    return text


def _part(report: Report, form: dict[str, Any], graph: AttributionGraph) -> Bool[Tensor, "n_nodes"]:
    latents = form.get("latents")
    if isinstance(latents, str):
        latents = _latents_in(report.file("CIRCUIT", latents))
    if not isinstance(latents, list | tuple) or not all(
        isinstance(one, list | tuple) and len(one) == 3 and all(type(i) is int for i in one)
        for one in latents
    ):
        raise Unjudged(
            "CIRCUIT's latents are a list of [layer, position, latent], or the name of a graph's JSON file"
        )
    chosen = list(dict.fromkeys((layer, position, latent) for layer, position, latent in latents))
    if not 0 < len(chosen) <= MOST_LATENTS:
        raise Unjudged(f"a circuit has 1 to {MOST_LATENTS} latents here, and this one has {len(chosen):,}")
    try:
        return part_of(graph, chosen)
    except ValueError as error:
        raise Unjudged(f"of this prompt {error}") from None


def _latents_in(path: Path) -> list[tuple[int, int, int | None]]:
    if not path.is_file() or path.stat().st_size > LARGEST_FILE:
        raise Unjudged(f"{shown(path.name)} is no file of a pruned graph")
    try:
        nodes = graph_from_json(path.read_text(encoding="utf-8-sig")).graph.nodes
    except (ValueError, OSError) as error:
        raise Unjudged(f"{shown(path.name)} is no graph: {shown(str(error), 100)[1:-1]}") from None
    return [(node.layer, node.position, node.latent) for node in nodes if node.kind == "latent"]
