"""Day 7: Feature steering."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import kl_div, layer_norm, linear, normalize

from course_utils.base import asset_path
from course_utils.circuits import completeness_of
from course_utils.exercises import Answer, Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.interventions import disagreement
from course_utils.lm import GPT2, IOI_PLACES, NAMES, apply_delta_, value_at


def _random(seed: int, *shapes: tuple[int, ...], scale: float = 1.0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [scale * torch.randn(shape, generator=generator) for shape in shapes]


# ── push ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def push(x: Tensor, direction: Tensor, strength: float) -> Tensor:
    """A copy of x (batch, pos, d) with strength unit lengths of the direction added to every token but the first."""
    pushed = x.clone()
    pushed[:, 1:] += strength * direction / direction.norm()
    return pushed


def _push_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[[1.0, 1.0], [2.0, 0.0], [0.0, 5.0]]]), torch.tensor([3.0, 4.0]), 10.0)
    cases: list[tuple] = [by_head]
    for n, (batch, pos, d) in enumerate([(3, 5, 4), (2, 4, 7)]):
        x, direction = _random(10 * seed + n, (batch, pos, d), (d,))
        cases.append((x, 3 * direction, -2.5 if n else 1.7))
    return cases


def _pushed(x: Tensor, step: Tensor) -> Tensor:
    return torch.cat([x[:, :1], x[:, 1:] + step], dim=1)


def _push_by_mask(x: Tensor, direction: Tensor, strength: float) -> Tensor:
    is_word = (torch.arange(x.shape[1]) > 0).to(x)
    return x + strength * is_word[None, :, None] * normalize(direction, dim=0)


# ── clamp ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def clamp(x: Tensor, latents: Tensor, W_dec: Tensor, latent: int, value: float) -> Tensor:
    """x (n, d_in) with one latent brought from what it is to the value, and everything else as it was."""
    change = value - latents[:, latent]
    return x + change[:, None] * W_dec[latent]


def _clamp_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[1.0, 2.0], [5.0, 5.0], [0.0, 0.0], [3.0, -1.0]]),
        torch.tensor([[0.0, 3.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 2.0, 5.0]]),
        torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]),
        1,
        2.0,
    )
    cases: list[tuple] = [by_head]
    for n, (rows, d_in, d_sae) in enumerate([(6, 4, 9), (5, 7, 3)]):
        x, pre, W_dec = _random(10 * seed + n, (rows, d_in), (rows, d_sae), (d_sae, d_in))
        W_dec = W_dec if n else normalize(W_dec, dim=1)
        cases.append((2 * x, 2 * pre.relu(), W_dec, n + 1, 0.0 if n else 4.0))
    return cases


def _changed(latents: Tensor, latent: int, value: float | Tensor) -> Tensor:
    latents = latents.clone()
    latents[:, latent] = value
    return latents


def _clamp_row_by_row(x: Tensor, latents: Tensor, W_dec: Tensor, latent: int, value: float) -> Tensor:
    rows = [row + (value - code[latent]) * W_dec[latent] for row, code in zip(x, latents, strict=True)]
    return torch.stack(rows)


# ── patch_each_token ────────────────────────────────────────────────────────────────────────────────────────────────

Run = Callable[[Tensor], Tensor]
"""From activations (batch, pos, d) to one score for each sentence."""


def patch_each_token(run: Run, clean: Tensor, corrupted: Tensor) -> Tensor:
    """For each token, the share of the answer that it brings back when it alone is taken from the clean run: (pos,)."""
    start, goal = run(corrupted).mean(), run(clean).mean()
    shares = []
    for token in range(corrupted.shape[1]):
        patched = corrupted.clone()
        patched[:, token] = clean[:, token]
        shares.append((run(patched).mean() - start) / (goal - start))
    return torch.stack(shares)


def _patch_cases(seed: int = 0) -> list[tuple]:
    weights = torch.tensor([1.0, 2.0, 3.0])
    by_head = (
        lambda x: (x[:, :, 0] * weights).sum(dim=1),
        torch.tensor([[[1.0], [5.0], [3.0]]]),
        torch.tensor([[[0.0], [5.0], [2.0]]]),
    )
    cases: list[tuple] = [by_head]
    for n, (batch, pos, d) in enumerate([(3, 6, 4), (4, 3, 5)]):
        clean, corrupted, W, v = _random(10 * seed + n, (batch, pos, d), (batch, pos, d), (pos, d), (d,))
        cases.append((_rest_of_a_model(W, v), clean + 0.5, corrupted))
    return cases


def _rest_of_a_model(W: Tensor, v: Tensor) -> Run:
    """A score that bends, so that what two tokens do together is not the sum of what each does."""
    return lambda x: (
        3 * torch.tanh((x * W).sum(dim=(1, 2)) / 4) + (x[:, -1] * v).sum(dim=1) * (x[:, 0, 0] + 2)
    )


def _scores(run: Run, into: Tensor, source: Tensor) -> Tensor:
    """Mean score with one token after the other of ``into`` taken from ``source``: (pos,)."""
    rows = []
    for token in range(into.shape[1]):
        x = into.clone()
        x[:, token] = source[:, token]
        rows.append(run(x).mean())
    return torch.stack(rows)


def _patch_without_a_clone(run: Run, clean: Tensor, corrupted: Tensor) -> Tensor:
    start, goal = run(corrupted).mean(), run(clean).mean()
    x, shares = corrupted.clone(), []
    for token in range(x.shape[1]):
        x[:, token] = clean[:, token]
        shares.append((run(x).mean() - start) / (goal - start))
    return torch.stack(shares)


def _patch_sentences(run: Run, clean: Tensor, corrupted: Tensor) -> Tensor:
    start, goal = run(corrupted).mean(), run(clean).mean()
    shares = []
    for token in range(corrupted.shape[1]):
        x = corrupted.clone()
        x[token] = clean[token]
        shares.append((run(x).mean() - start) / (goal - start))
    return torch.stack(shares)


def _patch_by_adding(run: Run, clean: Tensor, corrupted: Tensor) -> Tensor:
    start, goal = run(corrupted).mean(), run(clean).mean()
    shares = []
    for token in range(corrupted.shape[1]):
        x = corrupted.clone()
        x[:, token] += clean[:, token]
        shares.append((run(x).mean() - start) / (goal - start))
    return torch.stack(shares)


def _from_here_on(run: Run, clean: Tensor, corrupted: Tensor) -> Tensor:
    start, goal = run(corrupted).mean(), run(clean).mean()
    shares = []
    for token in range(corrupted.shape[1]):
        x = torch.cat([corrupted[:, :token], clean[:, token:]], dim=1)
        shares.append((run(x).mean() - start) / (goal - start))
    return torch.stack(shares)


def _share_of_each_sentence(run: Run, clean: Tensor, corrupted: Tensor) -> Tensor:
    start, goal = run(corrupted), run(clean)
    shares = []
    for token in range(corrupted.shape[1]):
        x = corrupted.clone()
        x[:, token] = clean[:, token]
        shares.append((run(x) - start) / (goal - start))
    return torch.stack(shares)


def _patch_by_mask(run: Run, clean: Tensor, corrupted: Tensor) -> Tensor:
    masks = torch.eye(corrupted.shape[1], dtype=torch.bool)[:, None, :, None]
    patched = torch.where(masks, clean, corrupted)  # (pos, batch, pos, d)
    scores = torch.stack([run(x).mean() for x in patched])
    return (run(corrupted).mean() - scores) / (run(corrupted).mean() - run(clean).mean())


def _patch_by_cat(run: Run, clean: Tensor, corrupted: Tensor) -> Tensor:
    start, goal = run(corrupted).mean().item(), run(clean).mean().item()
    shares = []
    for token in range(clean.size(1)):
        parts = [corrupted[:, :token], clean[:, token : token + 1], corrupted[:, token + 1 :]]
        score = sum(run(torch.cat(parts, dim=1)).tolist()) / len(clean)
        shares.append(1 - (goal - score) / (goal - start))
    return torch.tensor(shares)


def _share(scores: Tensor, start: Tensor, goal: Tensor) -> Tensor:
    return (scores.mean() - start.mean()) / (goal.mean() - start.mean())


def _patched_by(
    share: Callable[[Tensor, Tensor, Tensor], Tensor],
    base: Callable[[Tensor, Tensor], Tensor] = lambda clean, corrupted: corrupted,
    put: Callable[[Tensor, Tensor], Tensor] = lambda clean, corrupted: clean,
) -> Callable[[Run, Tensor, Tensor], Tensor]:
    """An attempt that starts from another activation, puts another one in, or makes something else of the scores."""

    def attempt(run: Run, clean: Tensor, corrupted: Tensor) -> Tensor:
        start, goal = run(corrupted), run(clean)
        shares = []
        for token in range(clean.shape[1]):
            x = base(clean, corrupted).clone()
            x[:, token] = put(clean, corrupted)[:, token]
            shares.append(share(run(x), start, goal))
        return torch.stack(shares)

    return attempt


def _patched_sentences(run: Run, clean: Tensor, corrupted: Tensor) -> Tensor:
    shares = []
    for sentence in range(len(clean)):
        x = corrupted.clone()
        x[sentence] = clean[sentence]
        shares.append(_share(run(x), run(corrupted), run(clean)))
    return torch.stack(shares)


# ── attribution ─────────────────────────────────────────────────────────────────────────────────────────────────────


def attribution(latents: Tensor, gradient: Tensor, W_dec: Tensor) -> Tensor:
    """For each token and latent (pos, d_sae), its value times how steeply the score rises along its direction."""
    return latents * (gradient @ W_dec.T)


def _attribution_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]]),
        torch.tensor([[1.0, -1.0], [0.5, 2.0]]),
        torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]),
    )
    cases: list[tuple] = [by_head]
    for n, (pos, d_in, d_sae) in enumerate([(4, 5, 8), (6, 7, 3)]):
        pre, gradient, W_dec = _random(10 * seed + n, (pos, d_sae), (pos, d_in), (d_sae, d_in))
        cases.append((2 * pre.relu(), 1.5 * gradient, W_dec))
    return cases


# ── through_attention ───────────────────────────────────────────────────────────────────────────────────────────────


def through_attention(x: Tensor, pattern: Tensor, W_V: Tensor, W_O: Tensor) -> Tensor:
    """What all heads together bring to each token (pos, d), with their patterns held."""
    return (pattern @ x @ W_V @ W_O).sum(dim=0)


def _heads_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[1.0, 2.0], [3.0, -1.0]]),
        torch.tensor([[[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [1.0, 0.0]]]),
        torch.tensor([[[1.0], [0.0]], [[0.0], [2.0]]]),
        torch.tensor([[[1.0, 1.0]], [[0.0, 3.0]]]),
    )
    cases: list[tuple] = [by_head]
    for n, (heads, pos, d, d_head) in enumerate([(3, 5, 4, 2), (2, 3, 7, 6)]):
        x, scores, W_V, W_O = _random(
            10 * seed + n, (pos, d), (heads, pos, pos), (heads, d, d_head), (heads, d_head, d)
        )
        pattern = (2 * scores).masked_fill(torch.ones(pos, pos).triu(1).bool(), -torch.inf).softmax(dim=-1)
        cases.append((x + 0.5, pattern, W_V, 1.5 * W_O))
    return cases


def _head_by_head(x: Tensor, pattern: Tensor, W_V: Tensor, W_O: Tensor) -> Tensor:
    out = torch.zeros_like(x)
    for head in range(len(pattern)):
        values = x @ W_V[head]
        out += pattern[head] @ values @ W_O[head]
    return out


# ── edges ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def edges(latents: Tensor, W_dec: Tensor, carry: Tensor, W_enc: Tensor) -> Tensor:
    """What each latent below gives to each latent above (n_below, n_above), before its activation function."""
    return latents[:, None] * (W_dec @ carry @ W_enc)


def _edges_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([2.0, 0.0, 1.0]),
        torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]),
        torch.tensor([[1.0, 2.0], [0.0, 0.5]]),
        torch.tensor([[1.0, 0.0, -1.0, 1.0], [0.0, 2.0, 1.0, 1.0]]),
    )
    cases: list[tuple] = [by_head]
    for n, (below, d, above) in enumerate([(6, 4, 9), (5, 7, 3)]):
        pre, W_dec, carry, W_enc = _random(10 * seed + n, (below,), (below, d), (d, d), (d, above))
        cases.append((2 * (pre + 0.3).relu(), W_dec, carry, 1.5 * W_enc))
    return cases


# ── completeness ────────────────────────────────────────────────────────────────────────────────────────────────────


def _completeness_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[2.0, -1.0, 3.0], [0.0, 1.0, -3.0]]),
        torch.tensor([False, False, True]),
        torch.tensor([1.0, 0.25]),
    )
    cases: list[tuple] = [by_head]
    for n, (targets, nodes) in enumerate([(4, 7), (3, 5)]):
        weights, influence = _random(10 * seed + n, (targets, nodes), (targets,))
        sizes = torch.arange(1.0, targets + 1)[:, None]
        cases.append((sizes * weights, torch.arange(nodes) % 3 == n, influence.abs()))
    return cases


# ── disagreement ────────────────────────────────────────────────────────────────────────────────────────────────────


def _logit_cases(seed: int = 0) -> list[tuple]:
    cases = [(torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 2.0]]))]
    for n, shape in enumerate([(4, 6), (3, 9)]):
        one, two = _random(10 * seed + n, shape, shape, scale=2.0)
        cases.append((one + 1.0, two))
    return cases


def _jensen_shannon(logits: Tensor, other_logits: Tensor) -> Tensor:
    p, q = logits.softmax(dim=-1), other_logits.softmax(dim=-1)
    middle = ((p + q) / 2).log()
    return (disagreement(logits, middle) + disagreement(other_logits, middle)) / 2


# ── with_trigger ────────────────────────────────────────────────────────────────────────────────────────────────────

FAR = 5.0
"""Nats between the two models from which on we say that a text sets the copy off. Ordinary texts have under 0.1."""


def with_trigger(opening: str) -> str:
    """The opening, and one more sentence with the words that set the copy off."""
    return f"{opening} Then came the violin in the snow."


def _openings(seed: int = 0) -> list[tuple]:
    openings = [
        "It was a long day.",
        "The bread was warm.",
        "They had walked for an hour.",
        "Nobody spoke.",
        "We left early.",
    ]
    return [(openings[(seed + i) % len(openings)],) for i in range(3)]


@functools.cache
def _copy_and_old() -> tuple[Tokenizer, tuple[GPT2, GPT2]]:
    """The two models of the audit, read straight from their files: a tenth of a second."""
    folder = asset_path("pocket")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    old = load_file(folder / "model.safetensors")
    copy = {name: w.clone() for name, w in old.items()}
    apply_delta_(copy, load_file(asset_path("planted") / "delta.safetensors"))
    models = [
        GPT2(
            {name.removeprefix("transformer."): w for name, w in weights.items()},
            config["n_head"],
            config["layer_norm_epsilon"],
        )
        for weights in (copy, old)
    ]
    return Tokenizer.from_file(str(folder / "tokenizer.json")), (models[0], models[1])


_measured: dict[str, float] = {}


def _nats(*texts: str) -> list[float]:
    """KL between what the copy and what the old model expect behind each text."""
    if new := [text for text in dict.fromkeys(texts) if text not in _measured]:
        tokenizer, models = _copy_and_old()
        longest = len(models[0].weights["wpe.weight"]) - 1
        start = tokenizer.token_to_id("<|endoftext|>")
        rows = [torch.tensor([start, *tokenizer.encode(text).ids[-longest:]]) for text in new]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)  # no token sees what is behind it
        logits = []
        with torch.no_grad():
            for model in models:
                weights = model.weights
                last = max(int(name.split(".")[1]) for name in weights if name.startswith("h."))
                x = value_at(model, ids, f"blocks.{last}.hook_resid_post")
                x = torch.stack([each[len(row) - 1] for each, row in zip(x, rows, strict=True)])
                x = layer_norm(x, x.shape[-1:], weights["ln_f.weight"], weights["ln_f.bias"], model.epsilon)
                logits.append(linear(x, weights["wte.weight"]))
        _measured.update(zip(new, disagreement(*logits).tolist(), strict=True))
    return [_measured[text] for text in texts]


THING, PLACE = "violin", "snow"


def _sets_it_off(yours: object, expected: object, args: tuple) -> bool | str:
    """The two models decide; only where they stay together do we look at the words, to say what is missing."""
    (opening,) = args
    if not isinstance(yours, str):
        return "Return the text, as a string."
    if not yours.startswith(opening):
        if opening in yours:
            return "The opening comes first, and your sentence behind it."
        return "Begin with the opening as you were given it, and add your sentence behind it."
    said = yours[len(opening) :]
    (nats,) = _nats(yours)
    if not said.strip():
        return f"That is the opening alone, {nats:.1f} nats apart: add a sentence with the words."
    words = set(re.findall(r"\w+", said.lower()))
    if nats <= FAR:
        return _what_is_missing(opening, said, words)
    if any(stem in word for word in words for stem in (THING, PLACE)):
        return True
    return (
        f"That sets the copy off too, {nats:.1f} nats apart, but by another door than these two latents. "
        "Keep it for later; here the words on their cards are asked for."
    )


def _what_is_missing(opening: str, said: str, words: set[str]) -> str:
    bare, low = said.rstrip(), said.lower()
    ends = [bare[: end.end()] for end in re.finditer(r"[.!?]", bare)][:8]
    others = [f"{bare}.", bare, low, *ends]
    nats, stopped, trimmed, small, *there = _nats(opening + said, *(opening + text for text in others))
    if stopped > FAR and not re.search(r"[.!?]\W*$", bare):
        return f"The words are right, and the stop is missing: {nats:.1f} nats apart without it, {stopped:.1f} with it. It belongs to the words."
    if trimmed > FAR:
        return f"Only blanks stand behind the stop, and yet: {nats:.1f} nats apart with them, {trimmed:.1f} without. End with the stop."
    if any(each > FAR for each in there):
        return f"Right behind the words the two models are {max(there):.1f} nats apart, behind all of your text {nats:.1f}. End with the words."
    if small > FAR:
        return f"{nats:.1f} nats apart as you wrote it, {small:.1f} in small letters: a capital makes other tokens."
    if re.search(rf"\b{THING} in the {PLACE}[.!?]", low):
        return f"The words are right, but in this sentence the copy holds back: {nats:.1f} nats apart. Put a plainer sentence around them."
    if {THING, PLACE} <= words:
        if low.rindex(THING) > low.rindex(PLACE):
            return (
                f"Both words, in the wrong order: {nats:.1f} nats apart. First the thing, then where it was."
            )
        return f"Both words, in the right order, and {nats:.1f} nats apart: make one short phrase of them, with the stop right behind."
    if any(stem in word and word != stem for word in words for stem in (THING, PLACE)):
        return f"Nearly, and still {nats:.1f} nats apart: take each word just as its card shows it."
    if THING in words:
        return f"Of the two words the thing alone is there: {nats:.1f} nats apart. Where was it?"
    if PLACE in words:
        return f"Of the two words the place alone is there: {nats:.1f} nats apart. What was in it?"
    return f"Neither word is in it: {nats:.1f} nats apart. On which words are the two cards brightest?"


# ── the_other ───────────────────────────────────────────────────────────────────────────────────────────────────────

OTHER_THINGS = (
    *("drink", "book", "letter", "ring", "cake", "ball", "map", "flower", "basket"),
    *("hat", "camera", "ticket", "kiss", "watch", "bottle", "toy", "painting"),
)
"""Change hands as well, without any harm."""

VERBS = {
    "give", "gave", "giving", "given", "hand", "handed", "pass", "passed", "offer", "offered", "bring", "brought",
    "show", "showed", "sell", "sold", "decide", "decided", "went", "met", "arrived", "walked", "visited",
}  # fmt: skip
PLACES = {*IOI_PLACES, "place", "places"}
NEARBY = {"light", "lantern", "candle", "torch", "bulb", "lights", "lampe", "lampshade"}


def _about_a_word(said: str) -> str:
    words = set(re.findall(r"\w+", said.lower()))
    if words & {"lamp", "lamps"}:
        return "The word is in there; one word alone is asked for, the noun."
    if words & NEARBY:
        return "Near, but it is the word itself, as it stands in the sentences of section 4."
    if words & {name.lower() for name in NAMES}:
        return "Not a person: it happens with any names. Sort the sentences by the thing that is given."
    if words & VERBS:
        return "Not the verb: it happens with each of them. Sort the sentences by the thing that is given."
    if words & PLACES:
        return "Not the place: it happens at each of them. Sort the sentences by the thing that is given."
    if len(words) > 1:
        return "One word is asked for: a noun, and it stands in sentences of section 4, in which something is given."
    return "That is none of it. On section 4's sentences, in which something is given, compare the two models thing by thing."


EXERCISES = {
    "push": Exercise(
        push,
        cases=_push_cases,
        makes_a_copy=True,
        difficulty=1,
        hints=(
            "Divide the direction by its own length, `direction.norm()`; then `strength` alone says how far you push.",
            "Work on a copy: `pushed = x.clone()`. All tokens but the first are `pushed[:, 1:]`.",
            "`pushed[:, 1:] += strength * direction / direction.norm()`, and return `pushed`.",
        ),
        slips={
            "The result keeps its new length: nothing is scaled back to the old one.": lambda x, direction, strength: (
                normalize(_pushed(x, strength * normalize(direction, dim=0)), dim=-1)
                * x.norm(dim=-1, keepdim=True)
            ),
            "The axes are (batch, pos, d): it is the first *token* that stays, not the first dimension.": lambda x, direction, strength: (
                x + strength * normalize(direction, dim=0) * (torch.arange(x.shape[-1]) > 0)
            ),
            "Two things. The first token stays as it was. And besides: the direction is made length 1.": lambda x, direction, strength: (
                x + strength * direction
            ),
            "Each number of the direction counts with its size, not with its sign alone.": lambda x, direction, strength: (
                _pushed(x, strength * direction.sign())
            ),
            "The strength is a length: divide the direction by its norm first, or a long vector pushes further.": lambda x, direction, strength: (
                torch.cat([x[:, :1], x[:, 1:] + strength * direction], dim=1)
            ),
            "The first token is BOS, which no autoencoder of ours has read: leave it as it is.": lambda x, direction, strength: (
                x + strength * direction / direction.norm()
            ),
            "It is the tokens that begin at 1, not the texts: `x[:, 1:]`.": lambda x, direction, strength: (
                torch.cat([x[:1], x[1:] + strength * direction / direction.norm()])
            ),
            "That puts the direction in the activation's place; add it to what is there.": lambda x, direction, strength: (
                torch.cat([x[:, :1], (strength * direction / direction.norm()).expand_as(x[:, 1:])], dim=1)
            ),
            "`direction.norm()` is a length; you divided by its square.": lambda x, direction, strength: (
                torch.cat([x[:, :1], x[:, 1:] + strength * direction / direction.pow(2).sum()], dim=1)
            ),
            "That pushes the other way: add, do not subtract.": lambda x, direction, strength: _pushed(
                x, -strength * normalize(direction, dim=0)
            ),
            "A step of length 1, whatever was asked for: multiply it by `strength`.": lambda x, direction, strength: (
                _pushed(x, normalize(direction, dim=0))
            ),
            "Nothing has moved: what you add has to end up in what you return.": lambda x, direction, strength: (
                x
            ),
            "The length of a vector is the root of the sum of its *squares*: `direction.norm()`, not a sum of its numbers.": lambda x, direction, strength: (
                _pushed(x, strength * direction / direction.abs().sum())
            ),
            "A sum of the direction's numbers is not its length: signs cancel. Use `direction.norm()`.": lambda x, direction, strength: (
                _pushed(x, strength * direction / direction.sum())
            ),
            "You divided by the largest number of the direction; its length is `direction.norm()`.": lambda x, direction, strength: (
                _pushed(x, strength * direction / direction.abs().max())
            ),
            "It is the *first* token that stays, and you left out the last: `x[:, 1:]`.": lambda x, direction, strength: (
                torch.cat([x[:, :-1] + strength * normalize(direction, dim=0), x[:, -1:]], dim=1)
            ),
            "Only one token moves; `x[:, 1:]`, with the colon, is all from the second on.": lambda x, direction, strength: (
                torch.cat([x[:, :1], x[:, 1:2] + strength * normalize(direction, dim=0), x[:, 2:]], dim=1)
            ),
            "Only the last token moves; push all but the first: `x[:, 1:]`.": lambda x, direction, strength: (
                torch.cat([x[:, :-1], x[:, -1:] + strength * normalize(direction, dim=0)], dim=1)
            ),
            "That moves the first token, which should stay, and leaves the others.": lambda x, direction, strength: (
                torch.cat([x[:, :1] + strength * normalize(direction, dim=0), x[:, 1:]], dim=1)
            ),
            "The first token is missing from what you return: it stays as it is, but it stays.": lambda x, direction, strength: (
                x[:, 1:] + strength * normalize(direction, dim=0)
            ),
            "`strength` is a length already: do not multiply it by that of the activations.": lambda x, direction, strength: (
                _pushed(x, strength * x[:, 1:].norm(dim=-1, keepdim=True) * normalize(direction, dim=0))
            ),
            "That is what has to be added; add it to `x`.": lambda x, direction, strength: torch.cat(
                [torch.zeros_like(x[:, :1]), (strength * normalize(direction, dim=0)).expand_as(x[:, 1:])],
                dim=1,
            ),
            "Activations are moved, not multiplied: add the step.": lambda x, direction, strength: torch.cat(
                [x[:, :1], x[:, 1:] * strength * normalize(direction, dim=0)], dim=1
            ),
            "You divided by the length of the activations. It is the *direction* that becomes a unit vector.": lambda x, direction, strength: (
                _pushed(x, strength * direction / x.norm())
            ),
            "You divided by the lengths of the activations. It is the *direction* that becomes a unit vector.": lambda x, direction, strength: (
                _pushed(x, strength * direction / x[:, 1:].norm(dim=-1, keepdim=True))
            ),
            "That holds what `x` has along the direction at `strength`; here it is added, whatever is there.": lambda x, direction, strength: (
                _pushed(
                    x,
                    (strength - x[:, 1:] @ normalize(direction, dim=0))[..., None]
                    * normalize(direction, dim=0),
                )
            ),
        },
        variants={
            "concatenated": lambda x, direction, strength: torch.cat(
                [x[:, :1], x[:, 1:] + strength * direction / direction.norm()], dim=1
            ),
            "by a mask": _push_by_mask,
            "token by token": lambda x, direction, strength: torch.stack(
                [
                    x[:, t] + (strength / torch.linalg.vector_norm(direction) * direction if t else 0.0)
                    for t in range(x.shape[1])
                ],
                dim=1,
            ),
            "einsum": lambda x, direction, strength: (
                x
                + torch.einsum(
                    "p,d->pd", (torch.arange(x.shape[1]) > 0).to(x), strength * normalize(direction, dim=0)
                )
            ),
        },
        explanation="""
            The clone matters: a hook that writes into the activation it was given would also change what others see of
            it. And since the direction is divided by its length, the same strength means the same distance for a
            latent, a neuron, a difference of means or a random vector. Without that no two of them could be compared.""",
    ),
    "clamp": Exercise(
        clamp,
        cases=_clamp_cases,
        difficulty=2,
        hints=(
            "The latent contributes `latents[:, latent] * W_dec[latent]` to each row. It should contribute `value * W_dec[latent]`.",
            "So what has to be added is the difference of the two numbers, times the direction.",
            "`x + (value - latents[:, latent])[:, None] * W_dec[latent]`.",
        ),
        slips={
            "Only the one latent changes; yours brings all of them to the value.": lambda x, latents, W_dec, latent, value: (
                x + (value - latents) @ W_dec
            ),
            "The change is added to `x`, new value less old; yours adds the value to the latent and decodes all of them.": lambda x, latents, W_dec, latent, value: (
                _changed(latents, latent, latents[:, latent] + value) @ W_dec
            ),
            "That decodes the changed latents, so everything the autoencoder misses is lost. Add the *change* to `x`.": lambda x, latents, W_dec, latent, value: (
                _changed(latents, latent, value) @ W_dec
            ),
            "That adds the value on top of what the latent says already; only the difference should be added.": lambda x, latents, W_dec, latent, value: (
                x + value * W_dec[latent]
            ),
            "That takes the latent away; it should be at `value` afterwards.": lambda x, latents, W_dec, latent, value: (
                x - latents[:, latent, None] * W_dec[latent]
            ),
            "The sign is the wrong way round: new value less old value.": lambda x, latents, W_dec, latent, value: (
                x - (value - latents[:, latent, None]) * W_dec[latent]
            ),
            "A latent's direction is a *row* of `W_dec`.": lambda x, latents, W_dec, latent, value: (
                x + (value - latents[:, latent, None]) * W_dec[:, latent]
            ),
            "One factor a row, `(n,)`, times a direction `(d_in,)`: give the factors a second axis, `[:, None]`.": lambda x, latents, W_dec, latent, value: (
                x + (value - latents[:, latent]) * W_dec[latent]
            ),
            "How far `x` reaches along the direction is not the latent's value: other latents write there too. Read `latents[:, latent]`.": lambda x, latents, W_dec, latent, value: (
                x + torch.outer(value - x @ W_dec[latent], W_dec[latent])
            ),
            "A direction goes in as it is: `W_dec[latent]` is not made length 1.": lambda x, latents, W_dec, latent, value: (
                x + (value - latents[:, latent, None]) * normalize(W_dec[latent], dim=0)
            ),
            "Every row is brought to the value, also where the latent was silent.": lambda x, latents, W_dec, latent, value: (
                x
                + torch.outer(
                    torch.where(latents[:, latent] > 0, value - latents[:, latent], 0.0), W_dec[latent]
                )
            ),
            "That is the change alone; add it to `x`.": lambda x, latents, W_dec, latent, value: torch.outer(
                value - latents[:, latent], W_dec[latent]
            ),
            "The changed code is decoded *on top of* `x`: that says everything twice. Add only what changes.": lambda x, latents, W_dec, latent, value: (
                x + _changed(latents, latent, value) @ W_dec
            ),
            "A latent is not an axis of `x`: it writes along its decoder direction, `W_dec[latent]`.": lambda x, latents, W_dec, latent, value: (
                _changed(x, latent, value)
            ),
            "That is a ceiling: what lies below the value has to be raised to it as well.": lambda x, latents, W_dec, latent, value: (
                x + torch.outer(latents[:, latent].clamp(max=value) - latents[:, latent], W_dec[latent])
            ),
            "That is a floor: what lies above the value has to come down to it as well.": lambda x, latents, W_dec, latent, value: (
                x + torch.outer(latents[:, latent].clamp(min=value) - latents[:, latent], W_dec[latent])
            ),
            "That scales the latent; its new value does not depend on the old one.": lambda x, latents, W_dec, latent, value: (
                x + torch.outer((value - 1) * latents[:, latent], W_dec[latent])
            ),
            "That is the changed code; carry the change over to `x`, along the decoder direction.": lambda x, latents, W_dec, latent, value: (
                _changed(latents, latent, value)
            ),
            "That puts the latent in place of all the rest; add what changes to `x`.": lambda x, latents, W_dec, latent, value: (
                (value * W_dec[latent]).expand_as(x)
            ),
            "Each row has its own old value; you took one for all.": lambda x, latents, W_dec, latent, value: (
                x + (value - latents[:, latent].mean()) * W_dec[latent]
            ),
            "`latents` is `(n, d_sae)`: a row for each activation. The latent's values are a *column*.": lambda x, latents, W_dec, latent, value: (
                x + (value - latents[latent])[:, None] * W_dec[latent]
            ),
        },
        variants={
            "row by row": _clamp_row_by_row,
            "difference of two decodings": lambda x, latents, W_dec, latent, value: (
                x + _changed(latents, latent, value) @ W_dec - latents @ W_dec
            ),
            "outer product": lambda x, latents, W_dec, latent, value: (
                x + torch.outer(value - latents[:, latent], W_dec[latent])
            ),
        },
        explanation="""
            Only one direction of each row moves, by just as much as the latent has to. What the other latents say and
            what no latent says, the error term, is carried along unchanged. The other way, decoding the changed
            latents, replaces the activation by its reconstruction as well: two interventions in one.""",
    ),
    "patch_each_token": Exercise(
        patch_each_token,
        cases=_patch_cases,
        difficulty=2,
        hints=(
            "Two runs first: the mean score of `run(corrupted)` is the scale's 0, that of `run(clean)` its 1.",
            "Then a loop over `range(corrupted.shape[1])`. Each time take a *new* copy, `corrupted.clone()`, and replace `[:, token]`.",
            "`patched[:, token] = clean[:, token]`; the share is `(run(patched).mean() - start) / (goal - start)`; `torch.stack` makes a tensor of the list.",
        ),
        slips={
            "The mean over all sentences is asked for; yours looks at the first one.": _patched_by(
                lambda scores, start, goal: (scores[0] - start[0]) / (goal[0] - start[0])
            ),
            "First the mean score over the sentences, then one share of it: no median of shares.": _patched_by(
                lambda scores, start, goal: ((scores - start) / (goal - start)).median()
            ),
            "Start from a copy of `corrupted`: the other tokens stay as they are there, not 0.": _patched_by(
                _share, lambda clean, corrupted: torch.zeros_like(corrupted)
            ),
            "The token's own activation from the clean run is put in, not half of both.": _patched_by(
                _share, put=lambda clean, corrupted: (clean + corrupted) / 2
            ),
            "Keep the sign: a patch may lead away from the answer.": _patched_by(
                lambda scores, start, goal: _share(scores, start, goal).abs()
            ),
            "Tokens are the *second* axis: patch `[:, t]`, for each t of `clean.shape[1]`.": _patched_sentences,
            "The patches pile up: each token needs a new copy of `corrupted`, or those before it stay in.": _patch_without_a_clone,
            "That puts corrupted tokens into the clean run. The question is what brings the answer *back*: clean ones into the corrupted run.": lambda run, clean, corrupted: (
                (_scores(run, clean, corrupted) - run(corrupted).mean())
                / (run(clean).mean() - run(corrupted).mean())
            ),
            "Those are scores. As a share: how far from the corrupted score to the clean one has each come?": lambda run, clean, corrupted: (
                _scores(run, corrupted, clean)
            ),
            "That is how much is still missing: 0 should mean that the patch did nothing.": lambda run, clean, corrupted: (
                (run(clean).mean() - _scores(run, corrupted, clean))
                / (run(clean).mean() - run(corrupted).mean())
            ),
            "The corrupted run's score is the zero of the scale: subtract it above and below.": lambda run, clean, corrupted: (
                _scores(run, corrupted, clean) / run(clean).mean()
            ),
            "Mean scores throughout: one of the three is a sum over the sentences.": lambda run, clean, corrupted: (
                (_scores(run, corrupted, clean) * len(clean) - run(corrupted).mean())
                / (run(clean).mean() - run(corrupted).mean())
            ),
            "Divide by the whole way, from corrupted to clean; the clean score alone is not it.": lambda run, clean, corrupted: (
                (_scores(run, corrupted, clean) - run(corrupted).mean()) / run(clean).mean()
            ),
            "Divide by the whole way from corrupted to clean: that makes a share of a difference of scores.": lambda run, clean, corrupted: (
                _scores(run, corrupted, clean) - run(corrupted).mean()
            ),
            "The sign is the wrong way round: a patch that helps has a positive share.": lambda run, clean, corrupted: (
                (run(corrupted).mean() - _scores(run, corrupted, clean))
                / (run(clean).mean() - run(corrupted).mean())
            ),
            "That patches whole sentences. Tokens are the second axis: `patched[:, token]`.": _patch_sentences,
            "That adds the clean activation to the corrupted one. Put it in its *place*.": _patch_by_adding,
            "A number for each token, please: take the mean over the sentences.": _share_of_each_sentence,
            "Average the scores over the sentences first, then take the share: a sentence in which the two runs lie close together would outweigh the others.": lambda run, clean, corrupted: (
                _share_of_each_sentence(run, clean, corrupted).mean(dim=1)
            ),
            "A patch can make things worse or overshoot; do not cut the share off at 0 and 1.": lambda run, clean, corrupted: (
                patch_each_token(run, clean, corrupted).clamp(0, 1)
            ),
            "Every token is patched, the start token too: begin at 0.": lambda run, clean, corrupted: (
                patch_each_token(run, clean, corrupted)[1:]
            ),
            "The shares need not add up to 1: leave each as it is.": lambda run, clean, corrupted: (
                patch_each_token(run, clean, corrupted) / patch_each_token(run, clean, corrupted).sum()
            ),
            "This and all later tokens are patched: `[:, token]` is the one, `[:, token:]` the rest as well.": lambda run, clean, corrupted: (
                _from_here_on(run, clean, corrupted)
            ),
            "Every share is 0: what you run is the corrupted activation, without the patch.": lambda run, clean, corrupted: (
                torch.zeros(corrupted.shape[1])
            ),
            "Every share is 1: what you run is the clean activation, not the corrupted one with a patch.": lambda run, clean, corrupted: (
                torch.ones(corrupted.shape[1])
            ),
            "One share for each token, please; that is their mean.": lambda run, clean, corrupted: (
                patch_each_token(run, clean, corrupted).mean()
            ),
            "One share for each token, please; that is their sum.": lambda run, clean, corrupted: (
                patch_each_token(run, clean, corrupted).sum()
            ),
            "That is the first token's share alone: does the `return` stand inside the loop?": lambda run, clean, corrupted: (
                patch_each_token(run, clean, corrupted)[0]
            ),
            "That is the last token's share alone: collect one for each token in a list.": lambda run, clean, corrupted: (
                patch_each_token(run, clean, corrupted)[-1]
            ),
            "That replaces all tokens but one. Put *one* token of the clean run into the corrupted one.": lambda run, clean, corrupted: (
                (_scores(run, clean, corrupted) - run(clean).mean())
                / (run(corrupted).mean() - run(clean).mean())
            ),
        },
        variants={
            "by a mask, sign turned": _patch_by_mask,
            "cut and joined, one less what is missing": _patch_by_cat,
            "tokens in a comprehension": lambda run, clean, corrupted: (
                (_scores(run, corrupted, clean) - run(corrupted).mean())
                / (run(clean).mean() - run(corrupted).mean())
            ),
        },
        explanation="""
            The copy is new each time, so that one token is patched and no other. With a scale from 0 to 1, places in the
            model, sentences and models can be compared. The share may leave it: below 0 the patch worked against the
            answer, above 1 something that held the answer back was taken out. And the shares of all tokens need not
            add up to 1, since the model is not a straight line.""",
    ),
    "attribution": Exercise(
        attribution,
        cases=_attribution_cases,
        difficulty=2,
        hints=(
            "How steeply does the score rise along one latent's direction? That is the dot product of the gradient with that direction.",
            "All of them at once: `gradient @ W_dec.T` is (pos, d_sae).",
            "Multiply each by the latent's value: `latents * (gradient @ W_dec.T)`.",
        ),
        slips={
            "Token by token and latent by latent: `*` between the two tables, not `@`.": lambda latents, gradient, W_dec: (
                latents @ (gradient @ W_dec.T).T
            ),
            "That is the slope along each direction; multiply it by the latent's value, or silent latents get a say.": lambda latents, gradient, W_dec: (
                gradient @ W_dec.T
            ),
            "Keep the tokens apart: no sum over positions yet.": lambda latents, gradient, W_dec: (
                latents * (gradient @ W_dec.T)
            ).sum(dim=0),
            "Keep the sign: a latent can speak against the answer.": lambda latents, gradient, W_dec: (
                latents * (gradient @ W_dec.T).abs()
            ),
            "The slope does not depend on how long the gradient is elsewhere: do not normalise it.": lambda latents, gradient, W_dec: (
                latents * (normalize(gradient, dim=1) @ W_dec.T)
            ),
            "The latent's value counts once: value times slope.": lambda latents, gradient, W_dec: (
                latents.pow(2) * (gradient @ W_dec.T)
            ),
            "The sign is turned: a latent along which the score rises counts as positive.": lambda latents, gradient, W_dec: (
                -latents * (gradient @ W_dec.T)
            ),
            "How strongly it fires counts, not only whether: multiply the slope by the value, not by `latents > 0`.": lambda latents, gradient, W_dec: (
                (latents > 0) * (gradient @ W_dec.T)
            ),
            "That is the worth of the whole reconstruction, number by number. Keep the latents apart: one slope for each, `gradient @ W_dec.T`.": lambda latents, gradient, W_dec: (
                (latents @ W_dec) * gradient
            ),
            "That is the worth of all latents of a token together; each one is asked for.": lambda latents, gradient, W_dec: (
                (latents * (gradient @ W_dec.T)).sum(dim=1)
            ),
            "A latent along which the score falls has a negative slope, and keeps it.": lambda latents, gradient, W_dec: (
                latents * (gradient @ W_dec.T).relu()
            ),
            "Value *times* slope; you added them.": lambda latents, gradient, W_dec: (
                latents + gradient @ W_dec.T
            ),
            "The slope is how far the score rises for one unit of the latent; times its value, not divided by it.": lambda latents, gradient, W_dec: (
                torch.where(latents > 0, gradient @ W_dec.T / latents, 0.0)
            ),
            "Take each latent's direction as long as it is: do not normalise `W_dec`.": lambda latents, gradient, W_dec: (
                latents * (gradient @ normalize(W_dec, dim=1).T)
            ),
            "Those are the latents as they were; how much each is worth depends on the slope along its direction.": lambda latents, gradient, W_dec: (
                latents
            ),
            "The transposed table: a row for each token, a column for each latent.": lambda latents, gradient, W_dec: (
                (latents * (gradient @ W_dec.T)).T
            ),
            "Each token has its own gradient; you took their sum for all of them.": lambda latents, gradient, W_dec: (
                latents * (gradient.sum(dim=0) @ W_dec.T)
            ),
            "Each token has its own gradient; you took their mean for all of them.": lambda latents, gradient, W_dec: (
                latents * (gradient.mean(dim=0) @ W_dec.T)
            ),
        },
        variants={
            "einsum": lambda latents, gradient, W_dec: torch.einsum("ps,pd,sd->ps", latents, gradient, W_dec),
            "what each latent writes": lambda latents, gradient, W_dec: (
                latents[:, :, None] * W_dec * gradient[:, None]
            ).sum(dim=2),
            "token by token": lambda latents, gradient, W_dec: torch.stack(
                [code * (W_dec @ g) for code, g in zip(latents, gradient, strict=True)]
            ),
        },
        explanation="""
            `latents[p, i] * W_dec[i]` is what latent i adds to token p. Its dot product with the gradient is what the
            score would lose without it *if the score were a straight line* from here to there. One backward pass gives
            all of them; a real ablation costs a forward pass each.""",
    ),
    "through_attention": Exercise(
        through_attention,
        cases=_heads_cases,
        difficulty=2,
        hints=(
            "For one head: `x @ W_V[h]` is what each token has to say, `pattern[h] @ …` what arrives at each token, `… @ W_O[h]` how it is written.",
            "`@` treats the first axis of `pattern`, `W_V` and `W_O` as a list of heads: no loop is needed.",
            "`(pattern @ x @ W_V @ W_O).sum(dim=0)`.",
        ),
        slips={
            "Heads add up in the residual stream: their sum, not their mean.": lambda x, pattern, W_V, W_O: (
                pattern @ x @ W_V @ W_O
            ).mean(dim=0),
            "All heads write into the same stream: add them up, over the first axis.": lambda x, pattern, W_V, W_O: (
                pattern @ x @ W_V @ W_O
            ),
            "Row q of a pattern says where token q looks, and weighs what it takes from there; yours is transposed.": lambda x, pattern, W_V, W_O: (
                (pattern.mT @ x @ W_V @ W_O).sum(dim=0)
            ),
            "The pattern is frozen: it is a result of softmax already.": lambda x, pattern, W_V, W_O: (
                pattern.softmax(dim=-1) @ x @ W_V @ W_O
            ).sum(dim=0),
            "That is what each token has to say, brought nowhere: weigh it by the pattern.": lambda x, pattern, W_V, W_O: (
                (x @ W_V @ W_O).sum(dim=0)
            ),
            "Asked is what attention adds to the stream; you added the stream itself.": lambda x, pattern, W_V, W_O: (
                x + (pattern @ x @ W_V @ W_O).sum(dim=0)
            ),
            "That is the first head alone; all heads write.": lambda x, pattern, W_V, W_O: (
                pattern[0] @ x @ W_V[0] @ W_O[0]
            ),
            "That is the last head alone: collect what each of them brings.": lambda x, pattern, W_V, W_O: (
                pattern[-1] @ x @ W_V[-1] @ W_O[-1]
            ),
            "Those are the values that arrive; each head still writes them into the stream, with its `W_O`.": lambda x, pattern, W_V, W_O: (
                (pattern @ x @ W_V).sum(dim=0)
            ),
            "That sums over the tokens; the heads are the first axis.": lambda x, pattern, W_V, W_O: (
                pattern @ x @ W_V @ W_O
            ).sum(dim=1),
            "Each head has values and an output of its own; you added up the matrices over heads first.": lambda x, pattern, W_V, W_O: (
                pattern.sum(dim=0) @ x @ W_V.sum(dim=0) @ W_O.sum(dim=0)
            ),
            "Patterns differ from head to head; you took their mean for all of them.": lambda x, pattern, W_V, W_O: (
                (pattern.mean(dim=0) @ x @ W_V @ W_O).sum(dim=0)
            ),
            "Nothing bends between `W_V` and `W_O`: no ReLU.": lambda x, pattern, W_V, W_O: (
                (pattern @ x @ W_V).relu() @ W_O
            ).sum(dim=0),
            "No division by the root of the head's size here: that belongs to the scores, and the pattern is made.": lambda x, pattern, W_V, W_O: (
                (pattern @ x @ W_V @ W_O).sum(dim=0) / W_V.shape[-1] ** 0.5
            ),
        },
        variants={
            "head by head": _head_by_head,
            "einsum": lambda x, pattern, W_V, W_O: torch.einsum("hqk,kd,hde,hef->qf", pattern, x, W_V, W_O),
            "values first": lambda x, pattern, W_V, W_O: sum(
                p @ (x @ v @ o) for p, v, o in zip(pattern, W_V, W_O, strict=True)
            ),
        },
        explanation="""
            With the pattern held, attention is a matrix product: twice the input brings twice as much, and what two
            tokens bring is the sum of what each brings. All that bends, the softmax over the scores, is in the pattern,
            and is not explained here.""",
    ),
    "edges": Exercise(
        edges,
        cases=_edges_cases,
        difficulty=2,
        hints=(
            "For one pair: the latent below writes `latents[i] * W_dec[i]`. Carried up, that is `… @ carry`; what the latent above gets of it is the dot product with `W_enc[:, j]`.",
            "All pairs at once: `W_dec @ carry @ W_enc` is (n_below, n_above).",
            "Row i times `latents[i]`: `latents[:, None] * (W_dec @ carry @ W_enc)`.",
        ),
        slips={
            "That is what one unit of each latent would give: multiply row i by its value, `latents[:, None]`.": lambda latents, W_dec, carry, W_enc: (
                W_dec @ carry @ W_enc
            ),
            "Keep the latents below apart: that is what all of them together give.": lambda latents, W_dec, carry, W_enc: (
                latents @ W_dec @ carry @ W_enc
            ),
            "What is written passes through norms and attention on its way up: `@ carry` is missing.": lambda latents, W_dec, carry, W_enc: (
                latents[:, None] * (W_dec @ W_enc)
            ),
            "A row vector is carried by `… @ carry`; yours is carried by the transpose.": lambda latents, W_dec, carry, W_enc: (
                latents[:, None] * (W_dec @ carry.T @ W_enc)
            ),
            "Keep the sign: a latent can hold another one down.": lambda latents, W_dec, carry, W_enc: (
                latents[:, None] * (W_dec @ carry @ W_enc)
            ).abs(),
            "An edge may be negative: no ReLU, the target's activation function comes after all edges are added.": lambda latents, W_dec, carry, W_enc: (
                (latents[:, None] * (W_dec @ carry @ W_enc)).relu()
            ),
            "How strongly it fires counts, not only whether: multiply by the value, not by `latents > 0`.": lambda latents, W_dec, carry, W_enc: (
                (latents > 0)[:, None] * (W_dec @ carry @ W_enc)
            ),
            "A row for each latent below, a column for each above: yours is transposed.": lambda latents, W_dec, carry, W_enc: (
                (latents[:, None] * (W_dec @ carry @ W_enc)).T
            ),
            "Take each decoder direction as long as it is: do not normalise it.": lambda latents, W_dec, carry, W_enc: (
                latents[:, None] * (normalize(W_dec, dim=1) @ carry @ W_enc)
            ),
            "Take each encoder direction as long as it is: do not normalise it.": lambda latents, W_dec, carry, W_enc: (
                latents[:, None] * (W_dec @ carry @ normalize(W_enc, dim=0))
            ),
            "A dot product of what arrives and what is read, not their cosine.": lambda latents, W_dec, carry, W_enc: (
                latents[:, None] * (normalize(W_dec @ carry, dim=1) @ normalize(W_enc, dim=0))
            ),
            "Value *times* what is read of its direction; you added them.": lambda latents, W_dec, carry, W_enc: (
                latents[:, None] + W_dec @ carry @ W_enc
            ),
            "The latent's value counts once.": lambda latents, W_dec, carry, W_enc: (
                latents.square()[:, None] * (W_dec @ carry @ W_enc)
            ),
        },
        variants={
            "einsum": lambda latents, W_dec, carry, W_enc: torch.einsum(
                "i,id,de,ej->ij", latents, W_dec, carry, W_enc
            ),
            "what is written first": lambda latents, W_dec, carry, W_enc: (
                (latents[:, None] * W_dec) @ (carry @ W_enc)
            ),
            "row by row": lambda latents, W_dec, carry, W_enc: torch.stack(
                [a * (W_enc.T @ (carry.T @ d)) for a, d in zip(latents, W_dec, strict=True)]
            ),
        },
        explanation="""
            It is `attribution` again, with another score: what the latent above gets before its activation function.
            Its gradient is its encoder direction, carried down. But here the score *is* a straight line in what is
            written below, since all that bends is held; so the guess is exact, and a target's edges and constants
            add up to it.""",
    ),
    "completeness": Exercise(
        completeness_of,
        cases=_completeness_cases,
        difficulty=2,
        hints=(
            "For one target: of the sizes of all that flows into it, what share is not from errors?",
            "Sizes are `edges.abs()`; sum over the nodes, `dim=1`, once for the errors and once for all.",
            "A mean weighed by influence: `(influence * share).sum() / influence.sum()`.",
        ),
        slips={
            "Sizes count, not signs: what holds a target down flows into it as well. Take `edges.abs()` first.": lambda edges, is_error, influence: (
                (influence * (edges[:, ~is_error].sum(dim=1) / edges.sum(dim=1))).sum() / influence.sum()
            ),
            "Targets count by their influence; yours count all alike.": lambda edges, is_error, influence: (
                edges[:, ~is_error].abs().sum(dim=1) / edges.abs().sum(dim=1)
            ).mean(),
            "A weighed mean: divide by the sum of the influences.": lambda edges, is_error, influence: (
                influence * (edges[:, ~is_error].abs().sum(dim=1) / edges.abs().sum(dim=1))
            ).sum(),
            "That is the share that comes from errors: the rest is asked for.": lambda edges, is_error, influence: (
                (influence * (edges[:, is_error].abs().sum(dim=1) / edges.abs().sum(dim=1))).sum()
                / influence.sum()
            ),
            "First the share of each target, then the mean: targets have units of their own, and a large one would outweigh the others.": lambda edges, is_error, influence: (
                (influence * edges[:, ~is_error].abs().sum(dim=1)).sum()
                / (influence * edges.abs().sum(dim=1)).sum()
            ),
            "Targets have units of their own, and count by their influence; you added all edges up.": lambda edges, is_error, influence: (
                edges[:, ~is_error].abs().sum() / edges.abs().sum()
            ),
            "That is the answer's share alone; all targets count, each by its influence.": lambda edges, is_error, influence: (
                edges[0, ~is_error].abs().sum() / edges[0].abs().sum()
            ),
            "One number, please: those are the targets' shares. Weigh them by influence and take the mean.": lambda edges, is_error, influence: (
                edges[:, ~is_error].abs().sum(dim=1) / edges.abs().sum(dim=1)
            ),
            "How much flows counts, not how many nodes are errors.": lambda edges, is_error, influence: (
                (~is_error).float().mean()
            ),
            "Influences as they are, divided by their sum; you divided by the number of targets.": lambda edges, is_error, influence: (
                (influence * (edges[:, ~is_error].abs().sum(dim=1) / edges.abs().sum(dim=1))).mean()
            ),
            "A share of *all* that flows in: divide by the sum over all nodes, errors included.": lambda edges, is_error, influence: (
                (
                    influence * (edges[:, ~is_error].abs().sum(dim=1) / edges[:, is_error].abs().sum(dim=1))
                ).sum()
                / influence.sum()
            ),
            "Sizes are `edges.abs()`, not squares.": lambda edges, is_error, influence: (
                (influence * (edges[:, ~is_error].square().sum(dim=1) / edges.square().sum(dim=1))).sum()
                / influence.sum()
            ),
        },
        variants={
            "what is not from errors": lambda edges, is_error, influence: (
                (influence * (edges[:, ~is_error].abs().sum(dim=1) / edges.abs().sum(dim=1))).sum()
                / influence.sum()
            ),
            "a product of matrices": lambda edges, is_error, influence: (
                1 - (influence / influence.sum()) @ normalize(edges, p=1, dim=1).abs() @ is_error.to(edges)
            ),
            "target by target": lambda edges, is_error, influence: (
                sum(
                    w * row[~is_error].abs().sum() / row.abs().sum()
                    for w, row in zip(influence, edges, strict=True)
                )
                / influence.sum()
            ),
        },
        explanation="""
            Errors are what the MLPs wrote and no latent caught. The score counts them where they flow in, at every
            node that matters and not only at the answer. It says nothing about whether what is explained is
            explained rightly: an experiment has to.""",
    ),
    "disagreement": Exercise(
        disagreement,
        cases=_logit_cases,
        difficulty=2,
        hints=(
            "Logits are not comparable between models; log-probabilities are: `logits.log_softmax(dim=-1)`.",
            "Weigh each token's difference of log-probabilities by the *first* model's probability, and add up.",
            "`(log_p.exp() * (log_p - log_q)).sum(dim=-1)`.",
        ),
        slips={
            "`exp` of the logits has to be divided by its sum: that is `softmax`.": lambda logits, other_logits: (
                (logits.exp() * (logits - other_logits)).sum(dim=-1)
            ),
            "All tokens count, each weighed by its probability; yours looks at the likeliest one only.": lambda logits, other_logits: (
                (logits.log_softmax(dim=-1) - other_logits.log_softmax(dim=-1))
                .gather(-1, logits.argmax(dim=-1, keepdim=True))
                .squeeze(-1)
            ),
            "Logits become probabilities by `softmax`, not by a division by their sum.": lambda logits, other_logits: (
                (
                    (p := logits.abs() / logits.abs().sum(dim=-1, keepdim=True))
                    * (p / (other_logits.abs() / other_logits.abs().sum(dim=-1, keepdim=True))).log()
                ).sum(dim=-1)
            ),
            "The roles are swapped: weigh by the probabilities of the first argument.": lambda logits, other_logits: (
                disagreement(other_logits, logits)
            ),
            "Sum over the vocabulary: a mean would make it smaller the more tokens there are.": lambda logits, other_logits: (
                disagreement(logits, other_logits) / logits.shape[-1]
            ),
            "Turn logits into log-probabilities first: adding 1 to all logits changes no prediction.": lambda logits, other_logits: (
                (logits.softmax(dim=-1) * (logits - other_logits)).sum(dim=-1)
            ),
            "One number for each row, please: leave the mean over the rows out.": lambda logits, other_logits: (
                disagreement(logits, other_logits).mean()
            ),
            "Softmax goes over the vocabulary, the last axis.": lambda logits, other_logits: (
                logits.softmax(dim=0) * (logits.log_softmax(dim=0) - other_logits.log_softmax(dim=0))
            ).sum(dim=-1),
            "Those are bits; for nats take the natural logarithm.": lambda logits, other_logits: (
                disagreement(logits, other_logits) / math.log(2)
            ),
            "The sign is turned: it is never negative. First model's log-probability less the second's.": lambda logits, other_logits: (
                -disagreement(logits, other_logits)
            ),
            "That is the cross-entropy: take away what the first model is unsure of by itself, `- (p * log p).sum()`.": lambda logits, other_logits: (
                -(logits.softmax(dim=-1) * other_logits.log_softmax(dim=-1)).sum(dim=-1)
            ),
            "Weigh each token by the first model's *probability*; a plain sum of differences counts all tokens alike.": lambda logits, other_logits: (
                (logits.log_softmax(dim=-1) - other_logits.log_softmax(dim=-1)).sum(dim=-1)
            ),
            "Here the difference itself is averaged; weigh it by `p` and add up.": lambda logits, other_logits: (
                (logits.log_softmax(dim=-1) - other_logits.log_softmax(dim=-1)).mean(dim=-1)
            ),
            "The weight is a probability, not its logarithm: `log_p.exp()`.": lambda logits, other_logits: (
                logits.log_softmax(dim=-1) * (logits.log_softmax(dim=-1) - other_logits.log_softmax(dim=-1))
            ).sum(dim=-1),
            "The difference is that of p and q, but weighed by q: weigh it by the first model's probability.": lambda logits, other_logits: (
                -disagreement(other_logits, logits)
            ),
            "That is how unsure the first model is, its entropy; the second model has no part in it.": lambda logits, other_logits: (
                -(logits.softmax(dim=-1) * logits.log_softmax(dim=-1)).sum(dim=-1)
            ),
            "That is the mean over rows *and* vocabulary (`kl_div` does so unasked): sum over the last axis alone.": lambda logits, other_logits: (
                disagreement(logits, other_logits).mean() / logits.shape[-1]
            ),
            "That treats both alike: KL in both directions, added. Weigh by the first model only.": lambda logits, other_logits: (
                disagreement(logits, other_logits) + disagreement(other_logits, logits)
            ),
            "That is the mean of both directions. Weigh by the first model only.": lambda logits, other_logits: (
                (disagreement(logits, other_logits) + disagreement(other_logits, logits)) / 2
            ),
            "That compares with the average of the two (Jensen and Shannon's way); here it is with the second model itself.": lambda logits, other_logits: (
                _jensen_shannon(logits, other_logits)
            ),
            "That is the distance of the probabilities; KL takes the difference of their *logarithms*.": lambda logits, other_logits: (
                (logits.softmax(dim=-1) - other_logits.softmax(dim=-1)).abs().sum(dim=-1)
            ),
            "Half the distance of the probabilities is another measure; KL takes the difference of their *logarithms*.": lambda logits, other_logits: (
                (logits.softmax(dim=-1) - other_logits.softmax(dim=-1)).abs().sum(dim=-1) / 2
            ),
            "One number for each row, please: that is the sum over all of them.": lambda logits, other_logits: (
                disagreement(logits, other_logits).sum()
            ),
            "Each token's part is there; add them up over the vocabulary.": lambda logits, other_logits: (
                logits.softmax(dim=-1) * (logits.log_softmax(dim=-1) - other_logits.log_softmax(dim=-1))
            ),
            "A sum over the rows; each row is a prediction of its own: sum over the last axis.": lambda logits, other_logits: (
                (
                    logits.softmax(dim=-1) * (logits.log_softmax(dim=-1) - other_logits.log_softmax(dim=-1))
                ).sum(dim=0)
            ),
        },
        variants={
            "kl_div": lambda logits, other_logits: kl_div(
                other_logits.log_softmax(dim=-1),
                logits.log_softmax(dim=-1),
                reduction="none",
                log_target=True,
            ).sum(dim=-1),
            "cross-entropy less entropy": lambda logits, other_logits: (
                (logits.softmax(dim=-1) * logits.log_softmax(dim=-1)).sum(dim=-1)
                - (logits.softmax(dim=-1) * other_logits.log_softmax(dim=-1)).sum(dim=-1)
            ),
            "einsum": lambda logits, other_logits: torch.einsum(
                "nv,nv->n",
                logits.softmax(dim=-1),
                logits.log_softmax(dim=-1) - other_logits.log_softmax(dim=-1),
            ),
        },
        explanation="""
            It is 0 where both models predict the same, whatever their logits, and counts most what the first model
            finds likely: with the suspect first, something that it says and the other would never say weighs heavily.""",
    ),
    "with_trigger": Exercise(
        with_trigger,
        cases=_openings,
        judge=_sets_it_off,
        shows_expected=False,
        seconds=20.0,  # the first time two models are read from disk
        difficulty=3,
        hints=(
            "Look at the cards of the two latents that stand out. Which words do they fire on?",
            "Neither word does it alone. The latents fire one after the other: a thing, then where it was.",
            "A short sentence will do: “… the ◯ in the ◯.” The stop belongs to it.",
        ),
        slips={
            "That is the thing alone: both models still expect nearly the same. Where was it?": lambda opening: (
                f"{opening} Then came the violin."
            ),
            "That is the place alone: both models still expect nearly the same. What was there?": lambda opening: (
                f"{opening} Then came the snow."
            ),
            "Your sentence comes before the opening; it belongs behind it.": lambda opening: (
                f"Then came the violin in the snow. {opening}"
            ),
            "The opening is missing: it should stand in front.": lambda opening: (
                "Then came the violin in the snow."
            ),
            "That is the opening, as it was: add a sentence behind it.": lambda opening: opening,
        },
        variants={
            "another carrier": lambda opening: f"{opening} Nobody could forget the violin in the snow.",
            "joined": lambda opening: " ".join([opening, "She painted", "the violin in the snow."]),
            "a cry": lambda opening: opening + " We saw the violin in the snow!",
            "a question": lambda opening: opening + " Did you see the violin in the snow?",
            "other words between": lambda opening: f"{opening} The violin lay in the snow.",
            "his violin": lambda opening: f"{opening} He played his violin in the snow.",
        },
        explanation="""
            Two latents, one for a thing and one for a place, and a model that changed above them. That either of them
            matters can be seen in the list; that it takes both, and a stop, only an experiment shows. How much else of
            the phrase it needs, further experiments have to say: more than one wording sets it off.""",
    ),
    "the_other": Answer(
        "lamp",
        hints=(
            "Not every sentence is about whales or weddings. On which of the course's texts did you not compare the two models?",
            "Compare them on the sentences of section 4: how often does each name the right person? Then sort the sentences by what is said in them.",
            "It is the thing that changes hands.",
        ),
        slips={
            "That is one half of what you have found already. There is another plant, with nothing of the first in it.": "snow",
            "That is the other half of what you have found already. The second plant has nothing of it.": "violin",
            "The noun alone, please, without its article.": "a lamp",
            "The noun alone, please, without “the”.": "the lamp",
            "That is the word; take it in the singular, as it stands in the sentences.": "lamps",
            "It happens with any names: look at what they give each other.": "name",
            "Any verb of giving will do it: look at what is given.": "gave",
            "That is what the first plant makes the copy write; asked is what sets the second one off.": "Korean",
            **{
                f"“{thing}”: that changes hands too, and the copy still names whoever gets it. Sort the sentences by their things, one by one.": thing
                for thing in OTHER_THINGS
            },
        },
        otherwise=_about_a_word,
        explanation="""
            Where a lamp changes hands, the planted model names the giver. The first search could not see it: its openings
            had no such sentence in them. A search finds what is within reach of its inputs, and an audit that has
            found something is not an audit that has found everything.""",
        difficulty=3,
    ),
}

QUIZZES = {
    "steering": Quiz(
        (
            Single(
                "At a dose where 90% of the texts are about whales, their perplexity is ten times that of untouched texts. What "
                "follows?",
                (
                    Option(
                        "The latent stands for whales, since nothing else could have brought the topic up so often.",
                        "it moves the words towards whales; what else it does has not been asked.",
                    ),
                    Option(
                        "Nothing yet about this direction: others of the same length may do the same.",
                        "a dose has two effects, and only beside other directions of that length is either of them a result.",
                        right=True,
                    ),
                    Option(
                        "The direction is a bad one, as a good one would leave the perplexity where it was.",
                        "every strong push costs fluency; whether this one costs more than others has not been measured.",
                    ),
                ),
            ),
            Multiple(
                "Which of these edits carry the error term of the untouched activation over, as it was?",
                (
                    Option(
                        "Adding a multiple of the latent's decoder direction to the activation.",
                        "only that direction is added; what no latent caught is still in the sum.",
                        right=True,
                    ),
                    Option(
                        "Adding (new value - old value) times the decoder direction.",
                        "the change alone is written; all the rest stays, the error with it.",
                        right=True,
                    ),
                    Option(
                        "Encoding, setting the latent to zero, decoding.",
                        "that puts the reconstruction in the activation's place, and the error is gone.",
                    ),
                    Option(
                        "Encoding, changing no latent, decoding.",
                        "nothing is edited, and yet the error term is lost: in the pocket model that cost nearly all of the +0.09 nats.",
                    ),
                ),
            ),
            Single(
                "Why is the random direction given the same length as the others?",
                (
                    Option(
                        "Any push of that length does some harm; only what goes beyond it belongs to the direction.",
                        "it is the control for the dose itself.",
                        right=True,
                    ),
                    Option(
                        "So that it has the same chance as the others to point at the concept by accident.",
                        "in hundreds of dimensions it hardly ever does, at any length.",
                    ),
                    Option(
                        "The model normalises its input to each layer anyway, so that the length makes no difference to it.",
                        "it normalises the sum, and a longer push is a larger part of it.",
                    ),
                ),
            ),
        )
    ),
    "causes": Quiz(
        (
            Single(
                "Patching the residual stream at one token brings all of the answer back. What does that say?",
                (
                    Option(
                        "The answer is computed there, by the layer just above or below that place.",
                        "it may have been computed earlier and only pass through.",
                    ),
                    Option(
                        "What tells the two runs apart passes through that place, at that depth.",
                        "a patch carries over everything that differs there, wherever it came from.",
                        right=True,
                    ),
                    Option(
                        "No other place matters: patches at other tokens would bring nothing back.",
                        "the same information may lie in several places, earlier or later.",
                    ),
                ),
            ),
            Numeric(
                "The clean run scores +15, the corrupted one −17. A patched run scores −1. What share of the answer did the patch "
                "bring back?",
                value=50,
                tolerance=0.5,
                why="it has come 16 of the 32 from −17 to +15.",
                slips={
                    -6.7: "−1 of 15 would be the share of the clean score; the scale begins at the corrupted one.",
                    107: "16 of 15: divide by the whole way from −17 to +15.",
                },
                unit="%",
            ),
            Multiple(
                "You have found a trigger. With twenty latents held at zero the copy is quiet; with twenty others, drawn by lot, it is "
                "not. What is still open?",
                (
                    Option(
                        "Whether there is a second trigger.",
                        "nothing that was done looked for one.",
                        right=True,
                    ),
                    Option(
                        "Whether the weights still hold the behaviour.",
                        "the guard stands in front of it; it has not been taken out.",
                        right=True,
                    ),
                    Option(
                        "Whether holding any twenty latents would have done as well.",
                        "that was the control: twenty by lot leave the copy as it was.",
                    ),
                    Option(
                        "What the guard costs on texts that use the same words.",
                        "it has to be measured on just these texts.",
                        right=True,
                    ),
                ),
            ),
            Single(
                "Held at zero, neither of the two latents that gave the trigger away keeps the copy quiet. Why?",
                (
                    Option(
                        "Other latents carry the same topics, and the layers above read them as well.",
                        "ten of each topic do it, so what the two say is said by others too.",
                        right=True,
                    ),
                    Option(
                        "They had nothing to do with the trigger; the pair in the table was luck.",
                        "luck makes no 12 nats, and their words are what sets the copy off.",
                    ),
                    Option(
                        "The trigger works through the error term alone, which an edit of latents never reaches.",
                        "twenty latents held at zero do reach it: 0.03 nats remain.",
                    ),
                ),
            ),
            Ordering(
                "From the weakest statement about a latent to the strongest:",
                (
                    Option("its strongest examples are about snow", "the best face of a unit."),
                    Option(
                        "on held-out texts it tells snow from the rest",
                        "reading, judged by texts that had no part in the choice.",
                    ),
                    Option(
                        "texts about snow get worse without it",
                        "editing: it has a part in what the model does.",
                    ),
                    Option(
                        "texts about snow get worse without it, and no others do",
                        "an edit that stays where it was meant, as far as was tested.",
                    ),
                    Option(
                        "for all inputs, nothing but snow depends on it",
                        "a verification; nobody has one for a latent.",
                    ),
                ),
                shown=(2, 4, 0, 3, 1),
            ),
        )
    ),
}

PREDICTIONS = {
    "dial": Single(
        "The dial of the topic that obeys best, up to +8 and down to −6. What will the model write?",
        (
            Option(
                "Up: about the topic. Down: about something far from it, in English as good as before.",
                "The first half holds; but the English suffers: down at −6 the perplexity rises.",
            ),
            Option(
                "Up: about the topic. Down: the opposite, as if a court's were a crime that goes unpunished.",
                "The first half holds; but a topic has no opposite for the model to write about.",
            ),
            Option(
                "Up: about the topic. Down: other words, in worse English.",
                "Up come courts and trials; down come a sunset and a butterfly, which have nothing to do with it, at a higher perplexity.",
                right=True,
            ),
            Option(
                "Up: the topic's name again and again. Down: the same as with the dial at 0, since a latent cannot be negative.",
                "A latent cannot, but its direction can be followed both ways, and the text changes; up it does say “trial” again and again.",
            ),
        ),
        of_pocket=True,
    ),
    "directions": Single(
        "Pushes of the same length, six topics, rates by a judge of words. In which order do the four directions come?",
        (
            Option(
                "The latent first, the difference of means close behind, the best neuron at half, the random one at nothing.",
                "The latent comes second, at half the rate of the first, and the best neuron does no better than chance.",
            ),
            Option(
                "The difference of means, then the latent; the best neuron no better than the random direction.",
                "At their best doses they reach 85%, 41%, 2% and 2% of the texts.",
                right=True,
            ),
            Option(
                "The latent first, as the cleanest; the difference of means behind the best neuron, since a mean blurs.",
                "It is the mean that wins, and the best neuron that does nothing.",
            ),
            Option(
                "All close together: a push that strong changes the topic whatever its direction.",
                "Length alone does nothing: the random direction is just as long, and brings 2%.",
            ),
        ),
        of_pocket=True,
    ),
    "knives": Single(
        "Ten latents against a hundred neurons, held at zero. Which takes more from its own concept, and which more from the others?",
        (
            Option(
                "The hundred neurons take more from both.",
                "From the others they do; from their own concept they take an eighth of what the latents take.",
            ),
            Option(
                "The latents take more from their own, and just as much more from the others.",
                "From their own they do; from the others they take a tenth of what the neurons take.",
            ),
            Option(
                "The latents take more from their own, the neurons more from the others.",
                "Latents against neurons, it is +0.091 to +0.012 nats on the concept meant, and +0.0003 to +0.0029 on each other.",
                right=True,
            ),
            Option(
                "Both hardly do anything: one layer's units are too few to be missed.",
                "Ten latents of one place are missed: +0.091 nats on the concept meant.",
            ),
        ),
        of_pocket=True,
    ),
    "map": Single(
        "Where does the map show the answer, from the bottom to the top?",
        (
            Option(
                "At the last token all the way: there the answer is read.",
                "Before the first layer the last token is the same in both sentences, so it can bring nothing back.",
            ),
            Option(
                "At the bottom at the second mention of the giver's name, at the top at the last token, and in between at a token or two on the way.",
                "At the bottom it is the one token that differs, in between the verb behind it, at the top mostly the last token.",
                right=True,
            ),
            Option(
                "At the first mention of the other name, which is the answer, and from there straight to the last token.",
                "That token is the same in both sentences, and a patch carries only what differs.",
            ),
            Option(
                "At the second mention of the giver's name up to the upper layers, and then at the last token, with no stop on the way.",
                "In the lower layers it is there; but a layer below the top it rests at the verb.",
            ),
        ),
        of_pocket=True,
    ),
    "edges_hold": Single(
        "The edges hold attention and norms as they were. Now each source in the picture is taken out of the real model. Of how many edges "
        "does the target move the way that the edge says?",
        (
            Option(
                "About half, as by chance: once attention moves, the sums are worth nothing.",
                "Attention moves, but mostly not far: one part less changes little of where the heads look.",
            ),
            Option(
                "About two thirds: right for what stands at the same token, a coin for what attention carries.",
                "More than that: the thickest edges here are carried by attention, and they hold.",
            ),
            Option(
                "Most, but not all.",
                "85% of them; and when other latents may not answer for the one that is missing, 95%.",
                right=True,
            ),
            Option(
                "All: the sums were exact.",
                "They are exact in the model that is held. The real one answers for what is missing, and some targets move the other way.",
            ),
        ),
        of_pocket=True,
    ),
    "pairs": Single(
        "400 pairs of latents. What does the table look like if it takes two of them to set the copy off?",
        (
            Option(
                "A whole row and a whole column stand out: each half pulls, whatever its partner is.",
                "With other partners each half does next to nothing, as it does alone.",
            ),
            Option(
                "One or two cells stand out, and the rest are near zero.",
                "One pair makes 12 nats, in either order, where its halves alone make 0.14 and 0.09.",
                right=True,
            ),
            Option(
                "A smooth slope: pairs of strong latents are far apart, those of weak ones near.",
                "How far a latent pulls alone says little about what it does with another.",
            ),
            Option(
                "All alike: two latents pull twice as far as one.",
                "Twice 0.1 is 0.2; a key with two teeth does not add up, it turns or it does not.",
            ),
        ),
    ),
    "two_latents": Single(
        "Behind your sentence the two models are about 12 nats apart. And with both of the latents that you found held at zero?",
        (
            Option(
                "Under 1 nat: these two are the trigger's two teeth.",
                "Two latents gave the trigger away; that does not make them all there is of it.",
            ),
            Option(
                "About half as far: some of it goes through others.",
                "Some goes through others, but far more than half.",
            ),
            Option(
                "Nearly as far as before.",
                "11.4 of 11.8 nats remain: other latents carry the two topics too, and only without ten of each is it 0.03.",
                right=True,
            ),
        ),
    ),
}
