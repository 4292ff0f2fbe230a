"""Do the edges of the shipped transcoders' graphs hold in the real model? `python -m course_utils.recipes.checked_edges`.

Twenty held-out sentences that ask for a name, and twenty beginnings of held-out texts, where the likeliest next token is
asked about against the runner-up. Each graph is pruned to `prune`'s own bars. Then each source is removed, halved and
doubled: all sources of the names' graphs, and `DRAWN` of the larger ones of the texts, by lot. Writes ``edges.json``;
about four minutes of one processor, and what is done already is kept in ``--out``.
"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import torch

from course_utils.circuits import CheckedEdges, agreement, attribution_graph, check_edges, prune
from course_utils.interventions import prompt_ids, word_after
from course_utils.lm import indirect_object_prompts, load_model, load_texts
from course_utils.sae import Transcoder, load_transcoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformer_lens.model_bridge import TransformerBridge

log = logging.getLogger("checked_edges")

EACH, SHORTEST, DRAWN = 20, 12, 200
STRENGTHS = (0.0, 0.5, 2.0)


class Question(NamedTuple):
    prompt: str
    answer: str
    against: str


def about_names(model: TransformerBridge) -> Iterator[Question]:
    """Who is given something, rather than who gives."""
    sentences = indirect_object_prompts("held_out")
    for s in Random(0).sample(sentences, len(sentences)):
        if all(word_after(model, s.prompt, name) for name in (s.indirect_object, s.subject)):
            yield Question(s.prompt, f" {s.indirect_object}", f" {s.subject}")


def about_texts(model: TransformerBridge) -> Iterator[Question]:
    """What comes next, rather than the second guess."""
    texts = [t.text for t in load_texts("held_out") if t.group != "format"]
    for text in Random(0).sample(texts, len(texts)):
        words = text.split()
        prompts = (" ".join(words[:n]) for n in range(4, len(words)))
        prompt = next((p for p in prompts if len(prompt_ids(model, p)) > SHORTEST), None)
        if prompt is None:
            continue
        two = model(prompt_ids(model, prompt)[None])[0, -1].topk(2).indices
        answer, against = (model.tokenizer.decode([token]) for token in two.tolist())
        if all(len(prompt_ids(model, token)) == 2 for token in (answer, against)):
            yield Question(prompt, answer, against)


def check(
    model: TransformerBridge, transcoders: dict[int, Transcoder], question: Question, drawn: int | None
) -> list[CheckedEdges]:
    """In the whole model, and along the edges alone."""
    start = perf_counter()
    whole = attribution_graph(model, transcoders, question.prompt, question.answer, question.against)
    seconds, graph = perf_counter() - start, prune(whole)
    log.info(
        "%s: %d tokens, a graph of %d nodes in %.2f s", question, len(graph.tokens), len(graph.nodes), seconds
    )
    if drawn is not None:
        sources = (graph.edges != 0).any(dim=0).nonzero()[:, 0]
        some = sources[torch.randperm(len(sources), generator=torch.Generator().manual_seed(0))[:drawn]]
        graph = replace(graph, edges=graph.edges * torch.zeros(len(graph.nodes)).index_fill(0, some, 1.0))
    return [
        check_edges(model, transcoders, graph, strengths=STRENGTHS),
        check_edges(model, transcoders, graph, strengths=STRENGTHS[:1], direct=True),
    ]


@torch.no_grad()
def main(out: Path, each: int) -> None:
    model = load_model("pocket")
    transcoders = {layer: load_transcoder(f"layer_{layer}") for layer in range(model.cfg.n_layers)}
    out.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[list[CheckedEdges]]] = {}
    for kind, questions in {"names": about_names(model), "texts": about_texts(model)}.items():
        found[kind] = []
        for number, question in enumerate(islice(questions, each)):
            path = out / f"{kind}_{number}.pt"
            if not path.is_file():
                drawn = DRAWN if kind == "texts" else None
                torch.save(check(model, transcoders, question, drawn), path)
            found[kind].append(torch.load(path, weights_only=False))
    found["all"] = [*found["names"], *found["texts"]]
    report = {
        kind: {
            "sentences": len(checks),
            "in_the_whole_model": [a._asdict() for a in agreement(*(whole for whole, _ in checks))],
            "along_the_edge": [a._asdict() for a in agreement(*(direct for _, direct in checks))],
        }
        for kind, checks in found.items()
    }
    (out / "edges.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    log.info("%s", json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/checked_edges"))
    parser.add_argument("--each", type=int, default=EACH, help="sentences of a kind, to try it")
    a = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    main(a.out, a.each)
