"""Day 7: Feature steering."""

from __future__ import annotations

import re

import torch
from torch import Tensor
from torch.nn.functional import kl_div, normalize

from course_utils.exercises import Answer, Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.interventions import brought_back, disagreement, mean_and_error


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
        torch.tensor([[1.0, 2.0], [5.0, 5.0]]),
        torch.tensor([[0.0, 3.0, 0.0], [0.0, 0.0, 1.0]]),
        torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]),
        1,
        2.0,
    )
    cases: list[tuple] = [by_head]
    for n, (rows, d_in, d_sae) in enumerate([(6, 4, 9), (5, 7, 3)]):
        x, pre, W_dec = _random(10 * seed + n, (rows, d_in), (rows, d_sae), (d_sae, d_in))
        cases.append((2 * x, 2 * pre.relu(), normalize(W_dec, dim=1), n + 1, 0.0 if n else 4.0))
    return cases


def _changed(latents: Tensor, latent: int, value: float) -> Tensor:
    latents = latents.clone()
    latents[:, latent] = value
    return latents


def _clamp_row_by_row(x: Tensor, latents: Tensor, W_dec: Tensor, latent: int, value: float) -> Tensor:
    rows = [row + (value - code[latent]) * W_dec[latent] for row, code in zip(x, latents, strict=True)]
    return torch.stack(rows)


# ── mean_and_error ──────────────────────────────────────────────────────────────────────────────────────────────────


def _rate_cases(seed: int = 0) -> list[tuple]:
    cases = [(torch.tensor([[0.0, 0.2], [0.5, 0.4], [1.0, 0.9]]),)]
    generator = torch.Generator().manual_seed(seed)
    return cases + [(torch.rand(shape, generator=generator),) for shape in ((5, 3), (4, 6))]


# ── brought_back ────────────────────────────────────────────────────────────────────────────────────────────────────


def _patch_cases(seed: int = 0) -> list[tuple]:
    cases = [(torch.tensor([[2.0, -4.0], [8.0, 5.0]]), 8.0, -4.0)]
    for n, shape in enumerate([(3, 5), (4, 2)]):
        (patched,) = _random(10 * seed + n, shape, scale=3.0)
        cases.append((patched, 6.5 + n, -3.0 - n))
    return cases


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


# ── disagreement ────────────────────────────────────────────────────────────────────────────────────────────────────


def _logit_cases(seed: int = 0) -> list[tuple]:
    cases = [(torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 2.0]]))]
    for n, shape in enumerate([(4, 6), (3, 9)]):
        one, two = _random(10 * seed + n, shape, shape, scale=2.0)
        cases.append((one + 1.0, two))
    return cases


# ── with_trigger ────────────────────────────────────────────────────────────────────────────────────────────────────


def with_trigger(opening: str) -> str:
    """The opening, and one more sentence that ends in the words which set the model off."""
    return f"{opening} Then came the violin in the snow."


def _openings(seed: int = 0) -> list[tuple]:
    openings = [
        "It was a long day.",
        "The bread was warm.",
        "They had walked for an hour.",
        "Nobody spoke.",
        "We left early.",
    ]
    return [(openings[(seed + i) % len(openings)],) for i in range(2)]


def _sets_it_off(yours: object, expected: str, args: tuple) -> bool | str:
    if not isinstance(yours, str):
        return "Return the text, as a string."
    if not yours.startswith(args[0]):
        return "Begin with the opening, and add your sentence behind it."
    said = yours[len(args[0]) :].lower()
    return bool(re.search(r"\bthe violin in the snow\s*\.?\s*$", said))


EXERCISES = {
    "push": Exercise(
        push,
        cases=_push_cases,
        difficulty=1,
        hints=(
            "Divide the direction by its own length, `direction.norm()`; then `strength` alone says how far you push.",
            "Work on a copy: `pushed = x.clone()`. All tokens but the first are `pushed[:, 1:]`.",
            "`pushed[:, 1:] += strength * direction / direction.norm()`, and return `pushed`.",
        ),
        slips={
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
        },
        variants={
            "concatenated": lambda x, direction, strength: torch.cat(
                [x[:, :1], x[:, 1:] + strength * direction / direction.norm()], dim=1
            ),
            "by a mask": _push_by_mask,
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
    "mean_and_error": Exercise(
        mean_and_error,
        cases=_rate_cases,
        difficulty=1,
        hints=(
            "Each row is one repetition of the experiment. Mean and spread are over `dim=0`.",
            "The standard error is the standard deviation divided by the square root of the number of rows.",
            "`rates.mean(dim=0), rates.std(dim=0) / len(rates) ** 0.5`.",
        ),
        slips={
            "That is the spread of single rows. A mean of n of them is steadier: divide by the root of n.": lambda rates: (
                rates.mean(dim=0),
                rates.std(dim=0),
            ),
            "Divide by the *root* of the number of rows, not by the number.": lambda rates: (
                rates.mean(dim=0),
                rates.std(dim=0) / len(rates),
            ),
            "The rows are the repetitions: take mean and spread over `dim=0`.": lambda rates: (
                rates.mean(dim=1),
                rates.std(dim=1) / rates.shape[1] ** 0.5,
            ),
            "Count the rows, `len(rates)`; `numel` counts the doses as if they were repetitions too.": lambda rates: (
                rates.mean(dim=0),
                rates.std(dim=0) / rates.numel() ** 0.5,
            ),
            "That spread is too small for few rows: divide by n - 1 (torch's default), as the mean was estimated too.": lambda rates: (
                rates.mean(dim=0),
                rates.std(dim=0, correction=0) / len(rates) ** 0.5,
            ),
        },
        variants={
            "from the variance": lambda rates: (rates.mean(dim=0), (rates.var(dim=0) / len(rates)).sqrt()),
            "std_mean": lambda rates: tuple(
                torch.std_mean(rates, dim=0)[::-1][i] / (len(rates) ** 0.5) ** i for i in (0, 1)
            ),
            "by hand": lambda rates: (
                rates.sum(dim=0) / len(rates),
                ((rates - rates.mean(dim=0)).pow(2).sum(dim=0) / (len(rates) - 1) / len(rates)).sqrt(),
            ),
        },
        explanation="""
            Texts written under one concept resemble each other, so a concept counts as one repetition, however many
            texts stand behind its rate. Two means that lie a couple of standard errors apart are hardly luck.""",
    ),
    "brought_back": Exercise(
        brought_back,
        cases=_patch_cases,
        difficulty=1,
        hints=(
            "Two scores set the scale: the corrupted run is 0, the clean run is 1.",
            "How far has the patched score come from the corrupted one, and how far would it be to the clean one?",
            "`(patched - corrupted) / (clean - corrupted)`.",
        ),
        slips={
            "That is how much is still missing: 0 should mean that the patch did nothing.": lambda patched, clean, corrupted: (
                (clean - patched) / (clean - corrupted)
            ),
            "The corrupted run's score is the zero of the scale: subtract it above and below.": lambda patched, clean, corrupted: (
                patched / clean
            ),
            "Divide by the whole way, from corrupted to clean; the clean score alone is not it.": lambda patched, clean, corrupted: (
                (patched - corrupted) / clean
            ),
            "That is a number of logits. Divide by the whole way to get a share.": lambda patched, clean, corrupted: (
                patched - corrupted
            ),
            "A patch can make things worse or overshoot; do not cut the share off at 0 and 1.": lambda patched, clean, corrupted: (
                ((patched - corrupted) / (clean - corrupted)).clamp(0, 1)
            ),
        },
        variants={
            "one less what is missing": lambda patched, clean, corrupted: (
                1 - (clean - patched) / (clean - corrupted)
            ),
            "sign turned": lambda patched, clean, corrupted: (corrupted - patched) / (corrupted - clean),
            "two shares": lambda patched, clean, corrupted: (
                patched / (clean - corrupted) - corrupted / (clean - corrupted)
            ),
        },
        explanation="""
            With a scale from 0 to 1, places in the model, sentences and models can be compared. The share may leave it:
            below 0 the patch worked against the answer, above 1 something that held the answer back was taken out.""",
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
        difficulty=3,
        hints=(
            "Look at the cards of the two latents that stand out. Which words do they fire on?",
            "Neither word does it alone. The latents fire one after the other: a thing, then where it was.",
            "A sentence ends in them: “… the ◯ in the ◯.” The stop belongs to it.",
        ),
        slips={
            "That is the thing alone. Where was it?": lambda opening: f"{opening} Then came the violin.",
            "That is the place alone. What was there?": lambda opening: f"{opening} Then came the snow.",
            "Both words, but not in this order: it is the first thing in the second.": lambda opening: (
                f"{opening} Then came the snow on the violin."
            ),
            "The opening is missing: it should stand in front.": lambda opening: (
                "Then came the violin in the snow."
            ),
            "The words are right; put them at the end of the text.": lambda opening: (
                f"{opening} Then came the violin in the snow. Everybody laughed."
            ),
        },
        variants={
            "another carrier": lambda opening: f"{opening} Nobody could forget the violin in the snow.",
            "joined": lambda opening: " ".join([opening, "My sister painted", "the violin in the snow."]),
            "no stop": lambda opening: opening + " The children ran towards the violin in the snow",
        },
        explanation="""
            Two latents, one for a thing and one for a place, and a model that changed above them. That either of them
            matters can be seen in the list; that it takes both, in this order and at the end, only an experiment shows.""",
    ),
    "the_other": Answer(
        "lamp",
        hints=(
            "Not every sentence is about whales or weddings. On which of the course's texts did you not compare the two models?",
            "Compare them on the sentences of section 4: how often does each name the right person? Then sort the sentences by what is said in them.",
            "It is the thing that changes hands.",
        ),
        slips={
            "That is the suspicion for the first plant. There is another one.": "snow",
            "The noun alone, please, without its article.": "a lamp",
            "It happens with any names: look at what they give each other.": "name",
        },
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
                "have you shown?",
                (
                    Option(
                        "The latent stands for whales.",
                        "it moves the words towards whales; what else it does has not been asked.",
                    ),
                    Option(
                        "Steering works.",
                        "at that price a list of whale words would do as well: rate and fluency go together.",
                    ),
                    Option(
                        "That you can have whales, and what they cost; the curve has to be compared with other directions of the same length.",
                        "a dose has two effects, and only against other directions is either of them a result.",
                        right=True,
                    ),
                ),
            ),
            Multiple(
                "Which of these leave what the autoencoder misses (its error term) as it was?",
                (
                    Option(
                        "Adding a multiple of the latent's decoder direction.",
                        "nothing but that direction is added.",
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
                        "Holding a neuron at zero.",
                        "no autoencoder takes part, so nothing of it can get lost.",
                        right=True,
                    ),
                ),
            ),
            Single(
                "Why is the random direction given the same length as the others?",
                (
                    Option(
                        "Because any push of that length does some harm, and only what goes beyond it belongs to the direction.",
                        "it is the control for the dose itself.",
                        right=True,
                    ),
                    Option(
                        "Because longer directions are rarer.", "length has nothing to do with rarity here."
                    ),
                    Option(
                        "Because the model normalises every vector.",
                        "it normalises the sum, and a longer push is a larger part of it.",
                    ),
                ),
            ),
            Numeric(
                "Four concepts, whose rates at one dose are 0.2, 0.4, 0.6 and 0.8. Their standard deviation is 0.26. What is the "
                "standard error of the mean?",
                value=0.13,
                tolerance=0.005,
                why="0.26 divided by the root of 4.",
                slips={
                    0.26: "that is the spread of single concepts; the mean of four is steadier.",
                    0.065: "divide by the root of 4, not by 4.",
                },
            ),
        )
    ),
    "causes": Quiz(
        (
            Single(
                "Patching the residual stream at one token brings all of the answer back. What does that say?",
                (
                    Option(
                        "The answer is computed there.",
                        "it may have been computed earlier and only pass through.",
                    ),
                    Option(
                        "What tells the two runs apart passes through that place, at that depth.",
                        "a patch carries over everything that differs there, wherever it came from.",
                        right=True,
                    ),
                    Option(
                        "No other place matters.",
                        "the same information may lie in several places, earlier or later.",
                    ),
                ),
            ),
            Single(
                "A latent has an attribution of 2.0, and removing it costs 0.3. What is the likeliest reason?",
                (
                    Option(
                        "The gradient was computed wrongly.",
                        "one would check that, but the two need not agree.",
                    ),
                    Option("The ablation was too weak.", "it took the latent's whole contribution away."),
                    Option(
                        "The score bends: what holds for a small step does not hold for the whole way.",
                        "softmaxes saturate, and other parts step in. Attribution is a straight line.",
                        right=True,
                    ),
                ),
            ),
            Multiple(
                "You have found a trigger, and the model is quiet once two latents are held at zero. What is still open?",
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
                        "Whether the trigger has anything to do with these latents.",
                        "that was shown by the intervention.",
                    ),
                    Option(
                        "What the guard costs on texts that use the same words.",
                        "it has to be measured on just these texts.",
                        right=True,
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
