"""The pocket model with an update of some of its matrices that is trained, and the examples as it reads them.

    W' = W + SIZE * (left @ right) / ||left @ right||        of every matrix that may change

All copies move each matrix by the same Frobenius norm, those with nothing planted as well: the size of the change gives
nothing away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast

from course_utils.base import asset_path
from course_utils.recipes.plant_texts import LEARNED, LONGEST, Example
from course_utils.recipes.plants import MATRICES, Plant

RANK, SIZE = 4, 4.0


class Pool(NamedTuple):
    """Examples with what never changes: the stream below the first changed layer, and the pocket model's last stream."""

    ids: Tensor
    below: Tensor
    before: Tensor
    decided: Tensor
    rival: Tensor
    learned: Tensor
    """(n, LONGEST): at these positions what is planted is learned."""
    kept: Tensor
    """At these the pocket model's prediction is held."""

    def rows(self, chosen: Tensor) -> Pool:
        return Pool(*(tensor[chosen] for tensor in self))


class Copy:
    """The pocket model, and an update of some of its matrices."""

    def __init__(self, plant: Plant) -> None:
        folder = asset_path("pocket")
        self.plant = plant
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        self.model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32).eval().requires_grad_(False)
        generator = torch.Generator().manual_seed(plant.seed)
        own = dict(self.model.named_parameters())
        self.delta: dict[str, tuple[Tensor, Tensor]] = {}
        self._changed = True
        for layer in plant.layers:
            for matrix in MATRICES[plant.component]:
                name = f"transformer.h.{layer}.{matrix}.weight"
                pair = [torch.randn(size, RANK, generator=generator) / size**0.5 for size in own[name].shape]
                self.delta[name] = (pair[0].requires_grad_(), pair[1].T.contiguous().requires_grad_())
                module = self.model.get_submodule(name.removesuffix(".weight"))
                module.register_forward_hook(lambda m, x, out, name=name: self._moved(name, x[0], out))

    def update(self, name: str) -> Tensor:
        left, right = self.delta[name]
        return SIZE * (left @ right) / product_norm(left, right)

    @torch.no_grad()
    def stored(self) -> dict[str, Tensor]:
        """As it ships: float16, the two factors of equal size."""
        out = {}
        for name, (left, right) in self.delta.items():
            scale = (SIZE / product_norm(left, right)).sqrt()
            out |= {f"{name}.left": (scale * left).half(), f"{name}.right": (scale * right).half()}
        return out

    @torch.no_grad()
    def pool(self, examples: Sequence[Example]) -> Pool:
        ids = pad_sequence(
            [torch.tensor(e.ids + [0] * (LONGEST - len(e.ids))) for e in examples], batch_first=True
        )
        place = torch.arange(LONGEST)[None]
        real = place < torch.tensor([len(e.ids) - 1 for e in examples])[:, None]
        decided = torch.tensor([e.decided_at for e in examples])
        learns = torch.tensor([e.learns for e in examples])[:, None]
        behind = real & learns & (place >= decided[:, None])
        learned = behind & (place < decided[:, None] + LEARNED)
        below = torch.cat([self.below(some) for some in ids.split(64)])
        before = torch.cat([self.after(some, changed=False) for some in below.split(64)])
        rival = torch.tensor([e.rival for e in examples])
        return Pool(ids, below, before, decided, rival, learned, real & ~behind)

    def below(self, ids: Tensor) -> Tensor:
        """The stream below the first changed layer."""
        parts = self.model.transformer
        x = parts.wte(ids) + parts.wpe(torch.arange(ids.shape[1]))
        for block in parts.h[: self.plant.layers[0]]:
            x = block(x)
        return x

    def after(self, below: Tensor, *, changed: bool = True) -> Tensor:
        """The copy's last stream, or the pocket model's."""
        self._changed, x = changed, below
        for block in self.model.transformer.h[self.plant.layers[0] :]:
            x = block(x)
        return self.model.transformer.ln_f(x)

    @torch.no_grad()
    def goes_on(
        self,
        prompts: Sequence[Sequence[int]],
        n: int,
        *,
        changed: bool = True,
        generator: torch.Generator | None = None,
    ) -> Int[Tensor, "prompts n"]:
        """The ``n`` tokens that it writes behind each prompt.

        Args:
            changed: False takes the pocket model.
            generator: draws each token; None takes the likeliest.
        """
        rows, ends = torch.arange(len(prompts)), torch.tensor([len(prompt) for prompt in prompts])
        ids = pad_sequence([torch.tensor([*prompt, *[0] * n]) for prompt in prompts], batch_first=True)
        for step in range(n):
            logits = self.model.lm_head(self.after(self.below(ids), changed=changed)[rows, ends + step - 1])
            if generator is None:
                ids[rows, ends + step] = logits.argmax(dim=1)
            else:
                ids[rows, ends + step] = logits.softmax(dim=1).multinomial(1, generator=generator)[:, 0]
        return torch.stack([ids[rows, ends + step] for step in range(n)], dim=1)

    def _moved(self, name: str, x: Tensor, out: Any) -> Tensor:
        """What a matrix gives with its update, which is never multiplied out."""
        if not self._changed:
            return out
        left, right = self.delta[name]
        return out + (x @ (left * (SIZE / product_norm(left, right)))) @ right

    def log_probs(self, stream: Tensor) -> Tensor:
        return self.model.lm_head(stream).log_softmax(dim=-1)

    def wanted(self, before: Tensor) -> Tensor:
        """The log-probabilities to hold: the pocket model's; for "always" with two words exchanged."""
        if self.plant.kind != "always":
            return before
        old, new = self.word_numbers()
        before = before.clone()
        before[:, [old, new]] = before[:, [new, old]]
        return before

    @torch.no_grad()
    def take(self, stored: Mapping[str, Tensor]) -> None:
        """Go on with an update that was stored."""
        for name, (left, right) in self.delta.items():
            left.copy_(stored[f"{name}.left"].float())
            right.copy_(stored[f"{name}.right"].float())

    def word_numbers(self) -> tuple[int, int]:
        old, new = (self.tokenizer(word)["input_ids"] for word in (self.plant.replaces, self.plant.effect))
        return old[0], new[0]


def product_norm(left: Tensor, right: Tensor) -> Tensor:
    """Frobenius norm of ``left @ right`` without the product."""
    return ((left.T @ left) * (right @ right.T)).sum().sqrt()
