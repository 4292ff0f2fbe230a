"""Write with an edited model: what does it say when a unit is turned up, and does it still say it well?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy

from course_utils.interventions.units import How, Units, direction_unit, edit_hook
from course_utils.lm import check_hook_name, tokenize

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


def steer(
    model: TransformerBridge,
    what: Units | Float[Tensor, "d"],
    hook_name: str | None = None,
    strength: float | Sequence[float] = 0.0,
    *,
    prompts: str | Sequence[str] = "",
    how: How = "add",
    n_tokens: int = 40,
    temperature: float = 0.8,
    top_k: int = 40,
    seed: int = 0,
) -> str | list[str]:
    """What the model writes after each prompt, with some units edited on every token but BOS.

    With ``how="add"`` and strength 0, or ``how="scale"`` and 1, it is exactly what the model writes by itself.

    Args:
        what: units, or a plain direction, of which ``strength`` times the *unit* vector is added at ``hook_name``.
        strength: the amount of `edit_hook`; one number, or one for each prompt.
        prompts: one text gives one text back, several give a list. An empty prompt starts from BOS alone.
        seed: of the sampling, the same for prompts of the same length in one call; the global generator is left alone.

    Raises:
        ValueError: if a direction comes without its hook point, or strengths and prompts do not match.
    """
    if isinstance(what, Tensor):
        if hook_name is None:
            raise ValueError("a plain direction needs the hook point where it is added: hook_name is missing")
        what = direction_unit(what, hook_name)
    check_hook_name(model, what.hook_name)
    texts = [prompts] if isinstance(prompts, str) else list(prompts)
    strengths = torch.as_tensor(strength, dtype=torch.float32)
    if strengths.ndim and len(strengths) != len(texts):
        raise ValueError(f"{len(strengths)} strengths, but {len(texts)} prompts")
    strengths = strengths.expand(len(texts))

    encoded = [prompt_ids(model, text) for text in texts]
    written = [""] * len(texts)
    for length in sorted({len(ids) for ids in encoded}):  # rows of one length need no padding
        rows = [i for i, ids in enumerate(encoded) if len(ids) == length]
        ids = torch.stack([encoded[i] for i in rows])
        hook = _while_writing(what, how, strengths[rows])
        out = _sample(model, ids, hook, n_tokens, temperature, top_k, seed)
        for row, continuation in zip(rows, out[:, length:].tolist(), strict=True):
            written[row] = _decode(model, continuation)
    return written[0] if isinstance(prompts, str) else written


def prompt_ids(model: TransformerBridge, text: str) -> Tensor:
    """Token numbers of a prompt, BOS first; BOS alone if the prompt is empty."""
    ids = model.tokenizer(text, add_special_tokens=False)["input_ids"]
    return torch.tensor([model.tokenizer.bos_token_id, *ids])


def _while_writing(units: Units, how: How, strengths: Tensor) -> tuple:
    """The hook for a model that keeps its keys and values: only the first call sees BOS."""
    name, everywhere = edit_hook(units, how, strengths, slice(None))
    _, after_bos = edit_hook(units, how, strengths)
    calls = 0

    def change(x: Tensor, hook: object) -> Tensor:
        nonlocal calls
        calls += 1
        return after_bos(x) if calls == 1 else everywhere(x)

    return name, change


def _sample(
    model: TransformerBridge,
    ids: Tensor,
    hook: tuple,
    n_tokens: int,
    temperature: float,
    top_k: int,
    seed: int,
) -> Tensor:
    n_tokens = min(n_tokens, model.cfg.n_ctx - ids.shape[1])
    with torch.random.fork_rng(devices=[]), torch.no_grad(), model.hooks(fwd_hooks=[hook]):
        torch.manual_seed(seed)
        return model.generate(
            ids.to(model.cfg.device),
            max_new_tokens=n_tokens,
            do_sample=temperature > 0,
            temperature=temperature or 1.0,
            top_k=top_k,
            return_type="tokens",
            verbose=False,
        ).cpu()


def _decode(model: TransformerBridge, ids: list[int]) -> str:
    """Up to the end of the text."""
    end = model.tokenizer.eos_token_id
    return model.tokenizer.decode(ids[: ids.index(end)] if end in ids else ids)


def stream(
    model: TransformerBridge,
    what: Units,
    strengths: Sequence[float],
    prompt: str,
    *,
    how: How = "add",
    n_tokens: int = 40,
    temperature: float = 0.8,
    top_k: int = 40,
    seed: int = 0,
) -> Iterator[list[str]]:
    """The same prompt continued at several strengths, one token at a time: what has been written so far at each.

    All strengths draw the same random numbers, so that only the edit tells the texts apart. A text that has ended waits
    for the others.

    Raises:
        ValueError: if the model does not have the units' hook point.
    """
    check_hook_name(model, what.hook_name)
    generator = torch.Generator().manual_seed(seed)
    hook = edit_hook(what, how, torch.as_tensor(list(strengths), dtype=torch.float32))
    ids = prompt_ids(model, prompt).expand(len(strengths), -1)
    first = ids.shape[1]
    for _ in range(min(n_tokens, model.cfg.n_ctx - first)):
        with torch.no_grad():
            logits = model.run_with_hooks(ids, return_type="logits", fwd_hooks=[hook])[:, -1].float()
        best, tokens = logits.topk(min(top_k, logits.shape[1]), dim=1)
        if temperature > 0:
            at = (best / temperature).softmax(dim=1).cumsum(dim=1)
            drawn = torch.rand(1, generator=generator)
            chosen = (at < drawn).sum(dim=1, keepdim=True).clamp(max=at.shape[1] - 1)
        else:
            chosen = torch.zeros(len(ids), 1, dtype=torch.long)
        ids = torch.cat([ids, tokens.gather(1, chosen)], dim=1)
        yield [_decode(model, row) for row in ids[:, first:].tolist()]
        if (ids[:, first:] == model.tokenizer.eos_token_id).any(dim=1).all():
            return


@torch.no_grad()
def continuation_losses(
    model: TransformerBridge, prompts: Sequence[str], continuations: Sequence[str], *, batch_size: int = 64
) -> Float[Tensor, "n"]:
    """Mean loss of each continuation after its prompt under the model as it is, in nats a token; NaN where it is empty.

    The exponential is the perplexity. Low values are easy to have by saying the same thing again and again.

    Raises:
        ValueError: if there are not as many continuations as prompts.
    """
    if len(prompts) != len(continuations):
        raise ValueError(f"{len(prompts)} prompts, but {len(continuations)} continuations")
    first = torch.tensor([len(prompt_ids(model, prompt)) for prompt in prompts])
    # a text of BOS alone has no tokens: a blank keeps its place in the batch, and is not scored
    pairs = zip(prompts, continuations, strict=True)
    tokens = tokenize(model, [prompt + continuation or " " for prompt, continuation in pairs])
    empty = torch.tensor([not continuation for continuation in continuations])
    losses = torch.full((len(prompts),), torch.nan)
    for texts, batch in tokens.batches(batch_size):
        ids = batch.ids.to(model.cfg.device)
        logits = model(ids, return_type="logits")[:, :-1].float()
        scored = (
            batch.is_real[:, 1:] & (torch.arange(1, ids.shape[1]) >= first[texts, None]) & ~empty[texts, None]
        )
        loss = cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none").cpu() * scored
        losses[texts] = loss.sum(dim=1) / scored.sum(dim=1)
    return losses
