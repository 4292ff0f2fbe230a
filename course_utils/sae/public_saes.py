"""Autoencoders that others trained on GPT-2 small and made public, read from a folder, the cache or the hub.

``gpt2-small-res-jb`` (Joseph Bloom 2024, MIT): one of 24,576 latents for the residual stream before every layer,
trained with an L1 penalty on 300 million tokens. They read the residual stream of a model whose weights were centred,
so that every activation has mean 0 over its 768 numbers. `load_model` leaves weights as they are, and `centred`
teaches an autoencoder to do the centring itself.
"""

from __future__ import annotations

import copy
from pathlib import Path

import torch

from course_utils.base import HubFiles, Unavailable
from course_utils.lm import ModelUnavailable
from course_utils.sae.files import load_sae
from course_utils.sae.model import SAE

REPOSITORY = "jbloom/GPT2-Small-SAEs-Reformatted"
FILES = ("cfg.json", "sae_weights.safetensors")
PUBLISHED_L0 = (10, 10, 18, 23, 31, 41, 51, 54, 60, 70, 52, 56)
"""Active latents a token of each layer's, as published with them."""


def hook_before(layer: int) -> str:
    """The hook point that the public autoencoder of a layer of GPT-2 small reads.

    Examples:
        >>> hook_before(8)
        'blocks.8.hook_resid_pre'
    """
    return f"blocks.{layer}.hook_resid_pre"


def load_public_sae(layer: int, folder: str | Path | None = None) -> SAE:
    """The public autoencoder before one layer of GPT-2 small (151 MB), for the activations of `load_model("gpt2")`.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from course_utils.sae import save_sae
        >>> with TemporaryDirectory() as folder:  # a small one in place of the 151 MB
        ...     save_sae(SAE(8, 32), folder)
        ...     load_public_sae(3, folder).hook_name
        'blocks.3.hook_resid_pre'

    Args:
        layer: 0 to 11.
        folder: of a copy that is already here, with one folder a hook point or the two files themselves. None looks in
            the Hugging Face cache and then at the hub.

    Returns:
        It reads activations as the model has them: `centred`, with its ``hook_name`` in the metadata.

    Raises:
        ModelUnavailable: if it is neither here nor to be had.
        FileNotFoundError: if there is no such ``folder``.
        ValueError: if there is no such layer, or the files are damaged.
    """
    if not 0 <= layer < len(PUBLISHED_L0):
        raise ValueError(f"GPT-2 small has layers 0 to {len(PUBLISHED_L0) - 1}, not {layer}")
    if folder is None:
        read = _from_hub(layer)
    else:
        inside = Path(folder) / hook_before(layer)
        read = load_sae(inside if inside.is_dir() else Path(folder))
    sae = centred(read)
    sae.metadata = {"hook_name": hook_before(layer), **sae.metadata}
    return sae


def _from_hub(layer: int) -> SAE:
    files = tuple(f"{hook_before(layer)}/{file}" for file in FILES)
    try:
        return HubFiles("the public autoencoder", REPOSITORY, files, megabytes=151).read(load_sae)
    except Unavailable as reason:
        raise ModelUnavailable(
            f"{reason}: try again with a network, or name the folder of a copy"
        ) from reason


@torch.no_grad()
def centred(sae: SAE) -> SAE:
    """A copy that reads ``x`` as ``sae`` reads ``x - mean of its numbers``.

    Taking the mean away is linear, so it can be done once, to the encoder's columns. Reconstructions come out without
    the mean as before: the next layer norm takes it away in any case.

    Examples:
        >>> sae, x = SAE(4, 8), torch.tensor([[1.0, 2.0, 3.0, 6.0]])
        >>> torch.allclose(centred(sae).encode(x), sae.encode(x - 3), atol=1e-5)
        True

    Raises:
        ValueError: if it divides each token by its length first.
    """
    if sae.normalize_activations == "constant_norm_rescale":
        raise ValueError(
            "this SAE divides each token by its length, which centring changes: it cannot be folded in"
        )
    new = copy.deepcopy(sae)
    new.W_enc.sub_(sae.W_enc.mean(dim=0))
    new.spec.absorb(new, sae.b_dec @ (new.W_enc - sae.W_enc))  # b_dec itself was taken away uncentred
    return new
