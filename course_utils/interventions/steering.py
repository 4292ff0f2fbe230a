"""Write with an edited model: what does it say when a unit is turned up, and does it still say it well?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.interventions.prompts import prompt_ids
from course_utils.interventions.units import Hook, How, Units, edit_hook
from course_utils.lm import check_hook_name, next_token_losses, tokenize

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


def steer(
    model: TransformerBridge,
    units: Units,
    strength: float | Sequence[float],
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

    Examples:
        >>> from course_utils.interventions import direction_unit
        >>> from course_utils.lm import load_model
        >>> model = load_model("pocket")
        >>> unit = direction_unit(model.W_U[:, 0], "blocks.2.hook_resid_post")
        >>> steer(model, unit, 0.0, prompts="In the morning", n_tokens=8, temperature=0)  # as it writes by itself
        ', I was at the beach with a'

    Args:
        units: from `latent_units`, `neuron_units` or `direction_unit`.
        strength: how strongly. For ``"add"`` and ``"clamp"`` a length in the units of the activation, since directions
            have length 1, added to or put in place of each unit's value; for ``"scale"`` a factor, 0 to remove it and 1
            to change nothing. One number, or one for each prompt.
        prompts: one text gives one text back, several give a list. An empty prompt starts from BOS alone.
        how: ``"add"``, ``"clamp"`` or ``"scale"``, as in `edit_hook`.
        n_tokens: to write; fewer if the text ends, or the model's context does.
        temperature: divides the logits before sampling; 0 always takes the likeliest token.
        top_k: only so many likeliest tokens are sampled from.
        seed: of the sampling, the same for prompts of the same length in one call; the global generator is left alone.

    Returns:
        The continuation without its prompt: a string for one prompt, a list of them for several.

    Raises:
        TypeError: if ``units`` or ``strength`` is something else.
        ValueError: if the model does not have the units' hook point, or strengths and prompts do not match.
    """
    _check_units(model, units)
    texts = [prompts] if isinstance(prompts, str) else list(prompts)
    strengths = _numbers(strength)
    if strengths.ndim and len(strengths) != len(texts):
        raise ValueError(f"{len(strengths)} strengths, but {len(texts)} prompts")
    strengths = strengths.expand(len(texts))

    encoded = [prompt_ids(model, text) for text in texts]
    written = [""] * len(texts)
    for length in sorted({len(ids) for ids in encoded}):  # rows of one length need no padding
        rows = [i for i, ids in enumerate(encoded) if len(ids) == length]
        ids = torch.stack([encoded[i] for i in rows])
        hook = _while_writing(units, how, strengths[rows])
        out = _sample(model, ids, hook, n_tokens, temperature, top_k, seed)
        for row, continuation in zip(rows, out[:, length:].tolist(), strict=True):
            written[row] = _decode(model, continuation)
    return written[0] if isinstance(prompts, str) else written


def _check_units(model: TransformerBridge, units: object) -> None:
    if isinstance(units, Tensor):
        raise TypeError(
            "units is a plain tensor, which does not say where it is added: pass direction_unit(direction, hook_name)"
        )
    if not isinstance(units, Units):
        raise TypeError(
            f"units is {type(units).__name__}: make units with latent_units, neuron_units or direction_unit"
        )
    check_hook_name(model, units.hook_name)


def _numbers(strength: float | Sequence[float]) -> Float[Tensor, "*n"]:
    try:
        return torch.as_tensor(strength, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"strength is {strength!r}: it must be a number, or several") from None


def _while_writing(units: Units, how: How, strengths: Tensor) -> Hook:
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
        tokens = model.generate(
            ids.to(model.cfg.device),
            max_new_tokens=n_tokens,
            do_sample=temperature > 0,
            temperature=temperature or 1.0,
            top_k=top_k,
            return_type="tokens",
            verbose=False,
        )
    assert isinstance(tokens, Tensor)  # of all that generate can return, that is what "tokens" asks for
    return tokens.cpu()


def _decode(model: TransformerBridge, ids: list[int]) -> str:
    """Up to the end of the text."""
    end = model.tokenizer.eos_token_id
    return model.tokenizer.decode(ids[: ids.index(end)] if end in ids else ids)


def stream(
    model: TransformerBridge,
    units: Units,
    strength: Sequence[float],
    *,
    prompts: str = "",
    how: How = "add",
    n_tokens: int = 40,
    temperature: float = 0.8,
    top_k: int = 40,
    seed: int = 0,
) -> Iterator[list[str]]:
    """One prompt continued at several strengths, one token at a time.

    All strengths draw the same random numbers, so that only the edit tells the texts apart. A text that has ended waits
    for the others.

    Examples:
        >>> from course_utils.interventions import direction_unit, prompt_ids
        >>> from course_utils.lm import load_model
        >>> model = load_model("pocket")
        >>> sea = direction_unit(model.W_U[:, prompt_ids(model, " sea")[1]], "blocks.2.hook_resid_post")
        >>> list(stream(model, sea, [0.0, 40.0], prompts="In the morning", n_tokens=2, temperature=0))
        [[',', ' sea'], [', I', ' sea sea']]

    Args:
        strength: one number for each text that is written.
        prompts: the one text that all of them continue.
        units, how, n_tokens, temperature, top_k, seed: as for `steer`.

    Yields:
        After each token, what has been written so far at each strength, without the prompt.

    Raises:
        TypeError: if ``units``, ``strength`` or ``prompts`` is something else.
        ValueError: if the model does not have the units' hook point.
    """
    _check_units(model, units)
    if not isinstance(prompts, str):
        raise TypeError(f"prompts is {type(prompts).__name__}: one text is continued at several strengths")
    strengths = _numbers(strength)
    if strengths.ndim != 1:
        raise TypeError(f"strength is {strength!r}: a list of numbers is needed, one for each text")
    return _stream(
        model, edit_hook(units, how, strengths), len(strengths), prompts, n_tokens, temperature, top_k, seed
    )


def _stream(
    model: TransformerBridge,
    hook: Hook,
    n: int,
    prompt: str,
    n_tokens: int,
    temperature: float,
    top_k: int,
    seed: int,
) -> Iterator[list[str]]:
    generator = torch.Generator().manual_seed(seed)
    ids = prompt_ids(model, prompt).expand(n, -1)
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

    Examples:
        >>> from course_utils.lm import load_model
        >>> written = [" sails over the sea", " sea the over sails"]
        >>> continuation_losses(load_model("pocket"), ["The ship"] * 2, written).round()
        tensor([ 4., 10.])

    Args:
        prompts: what each continuation follows; their own tokens are not scored.
        continuations: as `steer` gives them, one for each prompt.
        batch_size: texts a forward pass.

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
    losses = torch.full((len(prompts),), torch.nan, dtype=torch.float32)
    for texts, batch in tokens.batches(batch_size):
        ids = batch.ids.to(model.cfg.device)
        logits = model(ids, return_type="logits")
        scored = (
            batch.is_real[:, 1:] & (torch.arange(1, ids.shape[1]) >= first[texts, None]) & ~empty[texts, None]
        )
        losses[texts] = next_token_losses(logits, ids, scored).cpu().sum(dim=1) / scored.sum(dim=1)
    return losses
