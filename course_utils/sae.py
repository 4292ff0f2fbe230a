"""Sparse autoencoders: read a dense activation as a few active latents.

    latents = act((x - b_dec) @ W_enc + b_enc)
    x_hat   = latents @ W_dec + b_dec

``act`` is what an architecture adds: ``relu`` keeps what is positive (Bricken et al. 2023), ``topk`` the k largest of
those (Gao et al. 2024). On disk an autoencoder is a folder in SAELens' format, ``cfg.json`` and
``sae_weights.safetensors``; it reads raw activations, whatever scale it was trained at.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from course_utils.assets import asset_path

WEIGHTS = "sae_weights.safetensors"
SAE_LENS_VERSION = "6.54.12"  # whose format this is; SAELens reads files without a version as older ones


class SAEOutput(NamedTuple):
    x_hat: Float[Tensor, "... d_in"]
    """Reconstruction of the input."""

    latents: Float[Tensor, "... d_sae"]
    """Activations; most entries are exactly zero."""


def topk(pre_activations: Float[Tensor, "... d_sae"], k: int) -> Float[Tensor, "... d_sae"]:
    """Keep the k largest of each row if they are positive; everything else becomes zero."""
    values, kept = pre_activations.topk(k, dim=-1, sorted=False)
    return torch.zeros_like(pre_activations).scatter(-1, kept, values.relu())


def encode(
    x: Float[Tensor, "... d_in"],
    W_enc: Float[Tensor, "d_in d_sae"],
    b_enc: Float[Tensor, "d_sae"],
    b_dec: Float[Tensor, "d_in"],
    act: Callable[[Tensor], Tensor] = torch.relu,
) -> Float[Tensor, "... d_sae"]:
    """Latents of ``x``: centre, project, let ``act`` decide which stay."""
    return act((x - b_dec) @ W_enc + b_enc)


def decode(
    latents: Float[Tensor, "... d_sae"], W_dec: Float[Tensor, "d_sae d_in"], b_dec: Float[Tensor, "d_in"]
) -> Float[Tensor, "... d_in"]:
    """Each active latent adds its decoder direction, as long as it is active."""
    return latents @ W_dec + b_dec


class Architecture(NamedTuple):
    sae_lens_name: str
    act: Callable[[SAE, Tensor], Tensor]
    needs_k: bool = False


ARCHITECTURES = {
    "relu": Architecture("standard", lambda sae, pre: pre.relu()),
    "topk": Architecture("topk", lambda sae, pre: topk(pre, sae.k), needs_k=True),
}


class SAE(nn.Module):
    """A sparse autoencoder. It starts tied: ``W_enc`` is ``W_dec`` transposed, rows of ``W_dec`` have length 1.

    Args:
        d_in: length of an activation.
        d_sae: number of latents.
        architecture: ``"relu"`` or ``"topk"``.
        k: latents that may be active at once, for ``"topk"``.
        seed: of the random decoder directions.

    Raises:
        ValueError: if the architecture is unknown, or does not go with ``k``.
    """

    def __init__(
        self, d_in: int, d_sae: int, architecture: str = "relu", *, k: int | None = None, seed: int = 0
    ):
        super().__init__()
        if architecture not in ARCHITECTURES:
            raise ValueError(f"unknown architecture {architecture!r}: there are {', '.join(ARCHITECTURES)}")
        if ARCHITECTURES[architecture].needs_k and (k is None or not 1 <= k <= d_sae):
            raise ValueError(f"architecture {architecture!r} needs k between 1 and d_sae = {d_sae}, not {k}")
        if k is not None and not ARCHITECTURES[architecture].needs_k:
            raise ValueError(f"architecture {architecture!r} takes no k: only a loss makes it sparse")
        self.d_in, self.d_sae, self.architecture, self.k = d_in, d_sae, architecture, k
        self.metadata: dict[str, Any] = {}

        directions = torch.randn(d_sae, d_in, generator=torch.Generator().manual_seed(seed))
        self.W_dec = nn.Parameter(directions / directions.norm(dim=1, keepdim=True))
        self.W_enc = nn.Parameter(self.W_dec.detach().T.clone(memory_format=torch.contiguous_format))
        self.b_enc = nn.Parameter(torch.zeros(d_sae))
        self.b_dec = nn.Parameter(torch.zeros(d_in))

    @property
    def hook_name(self) -> str | None:
        """The hook point whose activations it reads, if it was said."""
        return self.metadata.get("hook_name")

    def act(self, pre_activations: Float[Tensor, "... d_sae"]) -> Float[Tensor, "... d_sae"]:
        return ARCHITECTURES[self.architecture].act(self, pre_activations)

    def encode(self, x: Float[Tensor, "... d_in"]) -> Float[Tensor, "... d_sae"]:
        """Latents of ``x``.

        Raises:
            ValueError: if the last axis of ``x`` is not ``d_in``.
        """
        if x.shape[-1] != self.d_in:
            raise ValueError(f"x has shape {tuple(x.shape)}, but this SAE reads activations of {self.d_in}")
        return encode(x, self.W_enc, self.b_enc, self.b_dec, self.act)

    def decode(self, latents: Float[Tensor, "... d_sae"]) -> Float[Tensor, "... d_in"]:
        return decode(latents, self.W_dec, self.b_dec)

    def forward(self, x: Float[Tensor, "... d_in"]) -> SAEOutput:
        latents = self.encode(x)
        return SAEOutput(self.decode(latents), latents)

    def extra_repr(self) -> str:
        k = f", k={self.k}" if self.k else ""
        return f"d_in={self.d_in}, d_sae={self.d_sae}, architecture={self.architecture!r}{k}"

    @torch.no_grad()
    def unit_norm_decoder_(self) -> None:
        """Make every decoder direction as long as 1; otherwise shrinking latents while growing W_dec cheats L1."""
        self.W_dec /= self.W_dec.norm(dim=1, keepdim=True)

    @torch.no_grad()
    def fold_scale_(self, scale: float) -> None:
        """Turn a reader of ``scale * x`` into a reader of ``x``: latents and reconstruction come out ``scale`` smaller.

        Only the biases change, since relu and topk turn a scaled input into equally scaled latents; the decoder
        directions keep length 1, so that a latent's activation is a length in the units of ``x``.
        """
        self.b_enc /= scale
        self.b_dec /= scale


def neuron_basis(d_in: int, **metadata: Any) -> SAE:
    """The dictionary in which latent i is neuron i (where it is positive), to put neurons through the same tools."""
    sae = SAE(d_in, d_in)
    with torch.no_grad():
        sae.W_enc.copy_(torch.eye(d_in))
        sae.W_dec.copy_(torch.eye(d_in))
    sae.metadata = metadata
    return sae


def save_sae(sae: SAE, folder: str | Path, *, dtype: torch.dtype = torch.float32, **metadata: Any) -> None:
    """Write ``cfg.json`` and ``sae_weights.safetensors``, which `load_sae` and SAELens read back bit for bit.

    Args:
        dtype: of the stored weights; float16 halves the file and rounds to three digits.
        metadata: added to ``sae.metadata``: model_name, hook_name, context_size …
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: p.detach().to("cpu", dtype).contiguous() for name, p in sae.named_parameters()}
    save_file(weights, folder / WEIGHTS)
    cfg = {
        "architecture": ARCHITECTURES[sae.architecture].sae_lens_name,
        "d_in": sae.d_in,
        "d_sae": sae.d_sae,
        "dtype": "float32",  # to compute in; the stored weights may be smaller
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {**sae.metadata, **metadata, "sae_lens_version": SAE_LENS_VERSION},
    }
    if sae.k is not None:
        cfg |= {"k": sae.k, "rescale_acts_by_decoder_norm": False}
    (folder / "cfg.json").write_text(json.dumps(cfg, indent=2) + "\n")


def load_sae(folder: str | Path) -> SAE:
    """A saved autoencoder, in float32: a folder, or the name of one that ships (``"layer_2"``).

    Reads what SAELens writes for ``standard`` and ``topk``, decoder directions of any length included.

    Raises:
        FileNotFoundError: if there is no such folder and none of this name ships.
        ValueError: if the files are damaged, or the SAE needs something that `SAE` does not do.
    """
    folder = path if (path := Path(folder)).is_dir() else asset_path(f"saes/{folder}")
    try:
        cfg = json.loads((folder / "cfg.json").read_text())
        weights = {name: w.float() for name, w in load_file(folder / WEIGHTS).items()}
        names = {a.sae_lens_name: name for name, a in ARCHITECTURES.items()}
        sae_lens_name = cfg.get("architecture", "standard")
        d_in, d_sae = cfg["d_in"], cfg["d_sae"]
    except (OSError, ValueError, KeyError, SafetensorError) as problem:
        raise ValueError(_damaged(folder, problem)) from problem
    if sae_lens_name not in names:
        raise ValueError(f"{folder} holds a {sae_lens_name!r} SAE; this package reads {', '.join(names)}")
    for key in ("normalize_activations", "reshape_activations"):
        if cfg.get(key) not in (None, False, "none"):
            raise ValueError(
                f"{folder} has {key} {cfg[key]!r}; only 'none' is read: fold it into the weights"
            )

    sae = SAE(d_in, d_sae, names[sae_lens_name], k=cfg.get("k"))
    try:
        sae.load_state_dict(weights)
    except RuntimeError as problem:  # a tensor is missing, superfluous or of another shape
        raise ValueError(_damaged(folder, problem)) from problem
    with torch.no_grad():
        if not cfg.get("apply_b_dec_to_input", True):
            sae.b_enc += sae.b_dec @ sae.W_enc  # encode subtracts b_dec, this SAE did not
        if cfg.get("rescale_acts_by_decoder_norm"):
            norm = sae.W_dec.norm(dim=1)
            sae.W_enc *= norm
            sae.b_enc *= norm
            sae.W_dec /= norm[:, None]
    old = {"model_name": cfg.get("model_name"), "hook_name": cfg.get("hook_name") or cfg.get("hook_point")}
    sae.metadata = cfg.get("metadata") or {key: value for key, value in old.items() if value}
    return sae


def _damaged(folder: Path, problem: Exception) -> str:
    what = " ".join(f"{type(problem).__name__}: {problem}".split())  # torch's messages have several lines
    return (
        f"{folder} is no readable sparse autoencoder ({what}). Copy or download the folder again, or "
        f"train one and write it with save_sae; it needs cfg.json and {WEIGHTS}"
    )
