"""A one-layer transformer that adds modulo a prime, and the waves it adds with.

    tokens  a, b, =   ->   logits over c,  c = (a + b) mod p

The architecture is that of Nanda et al. (2023), section 3 (arXiv 2301.05217): no layer norm, a ReLU MLP, an
unembedding of its own. Only the "=" position is read, so only there attention and MLP are computed.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import relu


class Read(NamedTuple):
    """What the network computes at the "=" position."""

    neurons: Float[Tensor, "batch d_mlp"]
    """MLP neurons, after their ReLU."""

    logits: Float[Tensor, "batch p"]


class ModularTransformer(nn.Module):
    """Adds two numbers modulo ``p``; ``W_E`` has a row for each number and a last one for "=".

    Examples:
        >>> model = ModularTransformer(5, d_model=16, d_mlp=8)  # not trained: `load_modular` gives one that can add
        >>> model(all_pairs(5)).shape  # a logit for each of 5 answers to each of 25 sums
        torch.Size([25, 5])

    Args:
        p: the modulus, and the number of numbers.
        seed: of the weights to start from.

    Raises:
        ValueError: if ``d_model`` is not a multiple of ``n_heads``.
    """

    def __init__(self, p: int, d_model: int = 128, n_heads: int = 4, d_mlp: int = 512, *, seed: int = 0):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"d_model {d_model} is not a multiple of n_heads {n_heads}")
        generator = torch.Generator().manual_seed(seed)
        self.p = p

        def weights(*shape: int, fan: int = d_model) -> nn.Parameter:
            return nn.Parameter(torch.randn(shape, generator=generator) / fan**0.5)

        d_head = d_model // n_heads
        self.W_E, self.W_pos = weights(p + 1, d_model), weights(3, d_model)
        self.W_Q, self.W_K, self.W_V = (weights(n_heads, d_model, d_head) for _ in range(3))
        self.W_O = weights(n_heads, d_head, d_model)
        self.W_in, self.b_in = weights(d_model, d_mlp), nn.Parameter(torch.zeros(d_mlp))
        self.W_out, self.b_out = weights(d_mlp, d_model, fan=d_mlp), nn.Parameter(torch.zeros(d_model))
        self.W_U = weights(d_model, p)

    def read(
        self, pairs: Int[Tensor, "batch 2"], W_E: Float[Tensor, "p_plus_1 d_model"] | None = None
    ) -> Read:
        """Neurons and logits for each pair; ``W_E`` may be replaced to see what the network makes of another one."""
        W_E = self.W_E if W_E is None else W_E
        if pairs.min() < 0 or pairs.max() >= self.p:
            raise ValueError(
                f"pairs hold {int(pairs.min())} to {int(pairs.max())}: numbers are 0 to {self.p - 1}"
            )
        equals = torch.full((len(pairs), 1), self.p, device=pairs.device)
        x = W_E[torch.cat([pairs, equals], dim=1)] + self.W_pos
        last = x[:, 2]
        q = torch.einsum("bm,hmd->bhd", last, self.W_Q)
        k = torch.einsum("bsm,hmd->bhsd", x, self.W_K)
        v = torch.einsum("bsm,hmd->bhsd", x, self.W_V)
        pattern = (torch.einsum("bhd,bhsd->bhs", q, k) / q.shape[-1] ** 0.5).softmax(dim=-1)
        last = last + torch.einsum("bhs,bhsd,hdm->bm", pattern, v, self.W_O)
        neurons = relu(last @ self.W_in + self.b_in)
        return Read(neurons, (last + neurons @ self.W_out + self.b_out) @ self.W_U)

    def forward(self, pairs: Int[Tensor, "batch 2"]) -> Float[Tensor, "batch p"]:
        return self.read(pairs).logits


def all_pairs(p: int) -> Int[Tensor, "p_squared 2"]:
    """Every pair (a, b) of numbers below ``p``, a slowest.

    Examples:
        >>> all_pairs(2).tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return torch.cartesian_prod(torch.arange(p), torch.arange(p))


def training_rows(p: int, share: float = 0.3, *, seed: int = 0) -> Bool[Tensor, "p_squared"]:
    """True for the pairs that the network was trained on; the others are held out.

    Examples:
        >>> training_rows(10, share=0.3).sum()  # of 10 · 10 pairs
        tensor(30)

    Args:
        share: of all pairs that is trained on, between 0 and 1.

    Returns:
        One entry for each row of `all_pairs`.
    """
    order = torch.randperm(p * p, generator=torch.Generator().manual_seed(seed))
    rows = torch.zeros(p * p, dtype=torch.bool)
    rows[order[: round(share * p * p)]] = True
    return rows


def fourier_basis(p: int) -> Float[Tensor, "p p"]:
    """Orthonormal rows: the constant, then for each frequency k = 1 … (p-1)/2 a cosine and a sine over 0 … p-1.

    Examples:
        >>> waves = fourier_basis(5)
        >>> torch.allclose(waves @ waves.T, torch.eye(5), atol=1e-6)
        True

    Returns:
        Row 0 is the constant, row 2k - 1 the cosine of frequency k, row 2k its sine.

    Raises:
        ValueError: if ``p`` is even or below 3, where the highest frequency has no sine.
    """
    if p < 3 or p % 2 == 0:
        raise ValueError(f"p is {p}: this basis needs an odd number from 3 on")
    n = torch.arange(p, dtype=torch.float64)
    angles = 2 * torch.pi * torch.arange(1, (p + 1) // 2, dtype=torch.float64)[:, None] * n / p
    waves = torch.stack([angles.cos(), angles.sin()], dim=1).flatten(end_dim=1)
    return torch.cat([torch.full((1, p), p**-0.5, dtype=torch.float64), waves * (2 / p) ** 0.5]).float()


def frequency_power(
    W_E: Float[Tensor, "p d_model"], waves: Float[Tensor, "p p"]
) -> Float[Tensor, "n_frequencies"]:
    """Squared length of the embedding along each frequency: entry 0 is the constant, entry k cosine plus sine of k.

    The entries sum to the squared length of ``W_E``, whose rows are the numbers alone, without "=".

    Examples:
        >>> waves = fourier_basis(5)
        >>> W_E = 3 * waves[[1]].T  # one dimension, which holds the cosine of frequency 1
        >>> frequency_power(W_E, waves).round(decimals=2)
        tensor([0., 9., 0.])

    Args:
        waves: the rows of `fourier_basis`.
    """
    power = (waves @ W_E).pow(2).sum(dim=1)
    return torch.cat([power[:1], power[1::2] + power[2::2]])


def keep_frequencies(W_E: Float[Tensor, "p d_model"], frequencies: list[int]) -> Float[Tensor, "p d_model"]:
    """The part of the embedding that lies along these frequencies; the constant is frequency 0.

    Examples:
        >>> W_E = torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0]])
        >>> keep_frequencies(W_E, [0]).flatten().round(decimals=2)  # what is left of it is its mean
        tensor([3., 3., 3., 3., 3.])

    Args:
        W_E: a row for each number, without the row of "=".

    Raises:
        ValueError: if a frequency is not between 0 and (p-1)/2, or the number of rows is even or below 3.
    """
    p = len(W_E)
    if any(not 0 <= k <= (p - 1) // 2 for k in frequencies):
        raise ValueError(f"frequencies {frequencies} must lie between 0 and {(p - 1) // 2}")
    rows = sorted({row for k in frequencies for row in ([0] if k == 0 else [2 * k - 1, 2 * k])})
    waves = fourier_basis(p).to(W_E)[rows]
    return waves.T @ (waves @ W_E)


def load_modular(path: Path | None = None) -> ModularTransformer:
    """The trained network that ships, or one that the recipe saved elsewhere.

    Examples:
        >>> model = load_modular()
        >>> model.p, model(torch.tensor([[40, 30]])).argmax(dim=1).item()  # 40 + 30 = 70 = 67 + 3
        (67, 3)

    Args:
        path: a ``model.safetensors`` of `recipes.modular_addition`; None takes the one that ships.

    Returns:
        The network in evaluation mode, its weights in single precision and without gradients.

    Raises:
        FileNotFoundError, ValueError: if the file that ships is missing or damaged, as from `asset_path`.
    """
    from safetensors.torch import load_file

    from course_utils.base import asset_path

    tensors = load_file(path or asset_path("modular_addition/model.safetensors"))
    n_heads, d_model, _ = tensors["W_Q"].shape
    model = ModularTransformer(tensors["W_U"].shape[1], d_model, n_heads, tensors["W_in"].shape[1])
    model.load_state_dict({name: value.float() for name, value in tensors.items()})
    return model.eval().requires_grad_(False)
