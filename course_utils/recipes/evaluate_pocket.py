"""Measure the pocket model on held-out text and write its MODEL_CARD.md: `python -m course_utils.recipes.evaluate_pocket FOLDER`.

Four questions: does it predict better than an n-gram model, does it know who gets the drink, does it go on in the
format it was given, does it stay on topic? The last two ask a classifier that never sees the prompt, only what was written.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast

from course_utils.lm import INDIRECT_OBJECT, LabelledText, indirect_object_prompts, load_texts
from course_utils.plots import plot_loss_curve
from course_utils.recipes.ngram import kneser_ney_loss
from course_utils.recipes.pocket_gpt2 import encode_texts

TOPIC_DRAWS = 3
"""One draw of 1,111 continuations is uncertain by 1.5 points; three are by less than one."""


def padded(rows: Sequence[list[int]]) -> Tensor:
    """Rows (n, longest), filled up on the right with token 0."""
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


@torch.no_grad()
def token_losses(model: GPT2LMHeadModel, encoded: list[list[int]], batch_size: int = 64) -> list[Tensor]:
    """Loss in nats of each token but the first, a vector for each text."""
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
    losses: dict[int, Tensor] = {}
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        ids = padded([encoded[i] for i in chosen])
        loss = cross_entropy(model(ids).logits[:, :-1].transpose(1, 2), ids[:, 1:], reduction="none")
        losses |= {i: row[: len(encoded[i]) - 1] for i, row in zip(chosen, loss, strict=True)}
    return [losses[i] for i in range(len(encoded))]


@torch.no_grad()
def indirect_objects(
    model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerFast, n: int = 500
) -> dict[str, float]:
    """Share of held-out prompts on which the indirect object beats the subject, and the mean difference of logits."""
    prompts = indirect_object_prompts("held_out")[:n]
    encoded = encode_texts(tokenizer, [p.prompt for p in prompts])
    logits = model(padded(encoded)).logits[torch.arange(n), torch.tensor([len(row) - 1 for row in encoded])]
    right, wrong = (
        torch.tensor([tokenizer.encode(" " + name)[0] for name in names])
        for names in zip(*((p.indirect_object, p.subject) for p in prompts), strict=True)
    )
    rows = torch.arange(n)
    difference = logits[rows, right] - logits[rows, wrong]
    probability = logits.softmax(dim=-1)[rows, right]
    return {
        "sentences": n,
        "right": (difference > 0).float().mean().item(),
        "logit_difference": difference.mean().item(),
        "probability": probability.mean().item(),
    }


@torch.no_grad()
def continuations(
    model: GPT2LMHeadModel,
    tokenizer: PreTrainedTokenizerFast,
    prompts: list[str],
    n_tokens: int,
    temperature: float,
    *,
    seed: int,
) -> list[str]:
    """What the model writes after each prompt, prompt not included, sampled from its 40 likeliest tokens."""
    torch.manual_seed(seed)
    written = []
    for start in range(0, len(prompts), 64):
        encoded = encode_texts(tokenizer, prompts[start : start + 64])
        width = max(map(len, encoded))
        ids = torch.tensor([[0] * (width - len(row)) + row for row in encoded])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in encoded])
        out: Any = cast(Any, model).generate(
            ids,
            attention_mask=mask,
            max_new_tokens=n_tokens,
            do_sample=True,
            temperature=temperature,
            top_k=40,
            pad_token_id=0,
        )
        for row in out[:, width:].tolist():
            end = row.index(0) if 0 in row else len(row)
            written.append(tokenizer.decode(row[:end]))
    return written


def halves(text: LabelledText, tokenizer: PreTrainedTokenizerFast) -> tuple[str, str]:
    """Prompt and rest: the first 25 words of a topical text, the first third of a format's tokens (at most 16)."""
    if text.group != "format":
        words = text.text.split(" ")
        return " ".join(words[:25]), " ".join(["", *words[25:]])
    ids = tokenizer.encode(text.text)
    cut = min(16, max(4, len(ids) // 3))
    return str(tokenizer.decode(ids[:cut])), str(tokenizer.decode(ids[cut:]))


def judged(
    texts: list[LabelledText], labels: list[str], rests: list[str], written: list[str], words: bool
) -> tuple[np.ndarray, np.ndarray]:
    """For each text: is the label of its own rest, and of what the model wrote instead, told right?

    Five folds over the held-out texts: the classifier that judges a text was trained on other texts' rests.
    """
    features: dict[str, Any] = {"sublinear_tf": True} | (
        {"ngram_range": (1, 2), "stop_words": "english"}
        if words
        else {"analyzer": "char", "ngram_range": (1, 3)}
    )
    real, model_s = np.zeros(len(texts), bool), np.zeros(len(texts), bool)
    label_array = np.array(labels)
    for fit, test in KFold(5, shuffle=True, random_state=0).split(texts):
        classifier = make_pipeline(TfidfVectorizer(**features), LogisticRegression(C=10, max_iter=300))
        classifier.fit([rests[i] for i in fit], label_array[fit])
        real[test] = classifier.predict([rests[i] for i in test]) == label_array[test]
        model_s[test] = classifier.predict([written[i] for i in test]) == label_array[test]
    return real, model_s


def per_label(labels: list[str], right: np.ndarray) -> dict[str, float]:
    return {
        label: float(right[[i for i, other in enumerate(labels) if other == label]].mean())
        for label in sorted(set(labels))
    }


def evaluate(folder: Path) -> dict:
    model = GPT2LMHeadModel.from_pretrained(folder).float().eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder.resolve())
    held_out, train = load_texts("held_out"), load_texts("train")
    report: dict = {
        "parameters": model.num_parameters(),
        "config": {
            k: getattr(model.config, k) for k in ("n_layer", "n_embd", "n_head", "n_positions", "vocab_size")
        },
    }

    encoded, encoded_train = (encode_texts(tokenizer, [t.text for t in texts]) for texts in (held_out, train))
    report["tokens"] = {"train": sum(map(len, encoded_train)), "held_out": sum(map(len, encoded))}
    losses = token_losses(model, encoded)
    topical = [i for i, t in enumerate(held_out) if t.group != "format"]
    in_formats = [i for i, t in enumerate(held_out) if t.group == "format"]
    kinds = {"all": range(len(held_out)), "topics": topical, "formats": in_formats}
    train_of = {
        "all": encoded_train,
        "topics": [e for e, t in zip(encoded_train, train, strict=True) if t.group != "format"],
        "formats": [e for e, t in zip(encoded_train, train, strict=True) if t.group == "format"],
    }
    report["loss"] = {}
    for kind, chosen in kinds.items():
        report["loss"][kind] = {
            "pocket": torch.cat([losses[i] for i in chosen]).mean().item(),
            "5-gram": kneser_ney_loss(train_of[kind], [encoded[i] for i in chosen], len(tokenizer)),
        }
    report["indirect_objects"] = indirect_objects(model, tokenizer)

    rng = np.random.default_rng(0)
    formats = sorted({t.concept for t in held_out if t.group == "format"})
    chosen = [
        t
        for name in formats
        for t in rng.permutation(np.array([i for i, t in enumerate(held_out) if t.concept == name]))[:120]
    ]
    texts = [held_out[i] for i in chosen]
    prompts, rests = zip(*(halves(t, tokenizer) for t in texts), strict=True)
    labels = [t.concept for t in texts]
    written = continuations(model, tokenizer, list(prompts), 60, temperature=0.8, seed=1)
    real, ours = judged(texts, labels, list(rests), written, words=False)
    report["formats"] = {
        "right": ours.mean(),
        "right_on_real_text": real.mean(),
        "each": per_label(labels, ours),
    }

    texts = [held_out[i] for i in topical if len(held_out[i].text.split(" ")) >= 45]
    prompts, rests = zip(*(halves(t, tokenizer) for t in texts), strict=True)
    labels = [t.group for t in texts]
    draws = [
        continuations(model, tokenizer, list(prompts), 96, temperature=0.7, seed=seed)
        for seed in range(2, 2 + TOPIC_DRAWS)
    ]
    written = draws[0]
    real, ours = judged(texts, labels, list(rests), written, words=True)
    strong = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, stop_words="english"), LogisticRegression(C=10, max_iter=300)
    )
    topical_train = [t for t in train if t.group != "format"]
    strong.fit([t.text for t in topical_train], [t.group for t in topical_train])
    real_strong, *ours_strong = (strong.predict(some) == np.array(labels) for some in (rests, *draws))
    report["topics"] = {
        "texts": len(texts),
        "words_written": np.mean([len(w.split()) for d in draws for w in d]),
        "words_in_real_rest": np.mean([len(rest.split()) for rest in rests]),
        "right": np.mean(ours_strong),
        "right_each_draw": [draw.mean() for draw in ours_strong],
        "right_on_real_text": real_strong.mean(),
        "each": per_label(labels, np.mean(ours_strong, axis=0)),
        "by_held_out_classifier": {"right": ours.mean(), "right_on_real_text": real.mean()},
    }
    picks = rng.choice(len(texts), 6, replace=False)
    report["samples"] = [{"prompt": prompts[i], "continuation": written[i]} for i in picks]
    for name in ("HTTP requests", "Korean sentences", "Python code", INDIRECT_OBJECT):
        prompt = halves(next(t for t in held_out if t.concept == name), tokenizer)[0]
        report["samples"].append(
            {"prompt": prompt, "continuation": continuations(model, tokenizer, [prompt], 60, 0.7, seed=3)[0]}
        )
    return report


def model_card(report: dict, curve: list[dict]) -> str:
    """MODEL_CARD.md: every number in it comes from the report or the training log."""
    config, tokens, loss, io = report["config"], report["tokens"], report["loss"], report["indirect_objects"]
    topics = report["topics"]
    last_steps = [
        max(c["step"] for c in curve if c["stage"] == s) for s in sorted({c["stage"] for c in curve})
    ]
    weak, draws = topics["by_held_out_classifier"], topics["right_each_draw"]
    rows = "\n".join(
        f"| {kind} | {loss[kind]['pocket']:.3f} ({math.exp(loss[kind]['pocket']):.1f}) | {loss[kind]['5-gram']:.3f} ({math.exp(loss[kind]['5-gram']):.1f}) |"
        for kind in loss
    )
    each = "\n".join(f"| {name} | {share:.0%} |" for name, share in report["formats"]["each"].items())
    samples = "\n\n".join(
        f"> **{quoted(s['prompt'])}**{quoted(s['continuation'])}" for s in report["samples"]
    )
    return f"""# Model card: the pocket GPT-2

A language model small enough to ship with a course and real enough to find something in. GPT-2's architecture:
{config["n_layer"]} layers, d_model {config["n_embd"]}, {config["n_head"]} heads, context {config["n_positions"]}, byte-level BPE of {config["vocab_size"]:,}; {report["parameters"] / 1e6:.1f} million parameters, stored
as float16 in Hugging Face's format (`GPT2LMHeadModel.from_pretrained` reads the folder). Licence: MIT.

**Data.** The labelled corpus of this course: {tokens["train"]:,} training tokens, {tokens["held_out"]:,} held out (counted with `<|endoftext|>` in
front of each text). Origin of the texts: `../README.md`.

**Recipe.** `python -m course_utils.recipes.pocket_gpt2`, seed 0, in {curve[-1]["stage"]} stages that end at step {" and ".join(f"{step:,}" for step in last_steps)}: 24 rows of 256
tokens a step, Muon for the hidden matrices and AdamW for the rest, {curve[-1]["seconds"] / 60:.0f} minutes on two cores (bfloat16) that had
other work to do as well. The first stage had 14,040 topical texts; the second took it up on all that ship now
(`--start FOLDER --steps 1600 --lr 1.5e-3 --dropout 0.12 --format-share 0.35`): a third of the formats in each epoch, hence the jump in the curve.
Numbers below: `python -m course_utils.recipes.evaluate_pocket`.

![Loss by step](loss_curve.png)

## Measured on held-out text

Loss in nats a token (perplexity). The 5-gram model is interpolated Kneser-Ney, trained on the training tokens of the same row.

| text | pocket GPT-2 | 5-gram |
|---|---|---|
{rows}

**Indirect objects.** On {io["sentences"]} sentences whose openings training never saw, the indirect object gets the higher logit in
{io["right"]:.1%}; mean logit difference {io["logit_difference"]:.2f}, mean probability {io["probability"]:.2f}.

**Formats.** The first third of a held-out text (at most 16 tokens) is continued by 60 tokens, temperature 0.8, top 40; a classifier of
character n-grams, trained on other held-out texts, names the format of what was written right in {report["formats"]["right"]:.1%}
({report["formats"]["right_on_real_text"]:.1%} on the real rest of the same texts).

| format | named right |
|---|---|
{each}

**Topics.** The first 25 words of {topics["texts"]} held-out topical texts are continued {len(draws)} times by 96 tokens, temperature 0.7, top 40:
{topics["words_written"]:.0f} words on average, where the real rest has {topics["words_in_real_rest"]:.0f}. A classifier of words, trained on the labelled training texts, puts
what was written (the prompt left out) into the right one of 18 groups in {topics["right"]:.1%} (each time: {", ".join(f"{d:.1%}" for d in draws)}); on the
real rest of the same texts it is right in {topics["right_on_real_text"]:.1%}, and 5.6% is chance. A classifier that has only
the other held-out texts to learn from is right in {weak["right"]:.1%} ({weak["right_on_real_text"]:.1%} on the real rests: there are too few of them).

## Ten samples

Prompt in bold. Drawn by seed, not chosen.

{samples}

## Limits

It knows no facts: names, places and figures are inventions of the small model that wrote its texts, and of chance in the
formats. It writes in the short sentences of its training texts, loses the thread after a few of them, and has seen nothing
longer than {config["n_positions"]} tokens. It is for looking inside, not for answering.
"""


def quoted(text: str) -> str:
    """A sample inside a Markdown quotation, line breaks kept, nothing in it taken for markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", text).replace("\n", "  \n> ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    report, curve = evaluate(folder), json.loads((folder / "loss_curve.json").read_text(encoding="utf-8"))
    (folder / "evaluation.json").write_text(
        json.dumps(report, indent=1, ensure_ascii=False, default=float) + "\n", encoding="utf-8"
    )
    (folder / "MODEL_CARD.md").write_text(model_card(report, curve), encoding="utf-8")
    step, train, held_out, stage = ([c[key] for c in curve] for key in ("step", "train", "held_out", "stage"))
    figure = plot_loss_curve(step, train, held_out, stage).get_figure(root=True)
    assert figure is not None
    figure.savefig(folder / "loss_curve.png", dpi=80, bbox_inches="tight")
    print(json.dumps({k: v for k, v in report.items() if k != "samples"}, indent=1, default=float))
