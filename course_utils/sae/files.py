"""Autoencoders on disk, in SAELens' format: ``cfg.json`` and ``sae_weights.safetensors``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from course_utils.base import asset_path
from course_utils.sae.model import ARCHITECTURES, SAE

WEIGHTS = "sae_weights.safetensors"
SAE_LENS_VERSION = "6.54.12"  # whose format this is; SAELens reads files without a version as older ones
READ_AS = {"standard": "relu", "topk": "topk", "jumprelu": "jumprelu", "gated": "gated"}


def save_sae(sae: SAE, folder: str | Path, *, dtype: torch.dtype = torch.float32, **metadata: Any) -> None:
    """Write ``cfg.json`` and ``sae_weights.safetensors``, which `load_sae` and SAELens read back bit for bit.

    A ``"batchtopk"`` autoencoder is written as the ``"jumprelu"`` that it is after training: one threshold for all.

    Args:
        dtype: of the stored weights; float16 halves the file and rounds to three digits.
        metadata: added to ``sae.metadata``: model_name, hook_name, context_size …
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: p.detach().to("cpu", dtype).contiguous() for name, p in sae.named_parameters()}
    if sae.architecture == "batchtopk":
        weights["threshold"] = sae.threshold.expand(sae.d_sae).to("cpu", dtype).contiguous()
    save_file(weights, folder / WEIGHTS)
    cfg = {
        "architecture": ARCHITECTURES[sae.architecture].stored_as,
        "d_in": sae.d_in,
        "d_sae": sae.d_sae,
        "dtype": "float32",  # to compute in; the stored weights may be smaller
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {**sae.metadata, **metadata, "sae_lens_version": SAE_LENS_VERSION},
    }
    if sae.architecture == "topk":
        cfg |= {"k": sae.k, "rescale_acts_by_decoder_norm": False}
    (folder / "cfg.json").write_text(json.dumps(cfg, indent=2) + "\n")


def load_sae(folder: str | Path) -> SAE:
    """A saved autoencoder, in float32: a folder, or the name of one that ships (``"layer_2"``).

    Reads what SAELens writes for ``standard``, ``topk``, ``jumprelu`` and ``gated``, decoder directions of any length
    included.

    Raises:
        FileNotFoundError: if there is no such folder and none of this name ships.
        ValueError: if the files are damaged, or the SAE needs something that `SAE` does not do.
    """
    folder = path if (path := Path(folder)).is_dir() else asset_path(f"saes/{folder}")
    try:
        cfg = json.loads((folder / "cfg.json").read_text())
        weights = {name: w.float() for name, w in load_file(folder / WEIGHTS).items()}
        stored_as = cfg.get("architecture", "standard")
        d_in, d_sae = cfg["d_in"], cfg["d_sae"]
    except (OSError, ValueError, KeyError, SafetensorError) as problem:
        raise ValueError(_damaged(folder, problem)) from problem
    if stored_as not in READ_AS:
        raise ValueError(f"{folder} holds a {stored_as!r} SAE; this package reads {', '.join(READ_AS)}")
    for key in ("normalize_activations", "reshape_activations"):
        if cfg.get(key) not in (None, False, "none"):
            raise ValueError(
                f"{folder} has {key} {cfg[key]!r}; only 'none' is read: fold it into the weights"
            )

    sae = SAE(d_in, d_sae, READ_AS[stored_as], k=cfg.get("k") if stored_as == "topk" else None)
    try:
        sae.load_state_dict(weights)
    except RuntimeError as problem:  # a tensor is missing, superfluous or of another shape
        raise ValueError(_damaged(folder, problem)) from problem
    with torch.no_grad():
        if not cfg.get("apply_b_dec_to_input", True):
            _subtract_b_dec_(sae)
        if cfg.get("rescale_acts_by_decoder_norm"):
            norm = sae.W_dec.norm(dim=1)
            sae.W_enc *= norm
            sae.b_enc *= norm
            sae.W_dec /= norm[:, None]
    old = {"model_name": cfg.get("model_name"), "hook_name": cfg.get("hook_name") or cfg.get("hook_point")}
    sae.metadata = cfg.get("metadata") or {key: value for key, value in old.items() if value}
    return sae


def _subtract_b_dec_(sae: SAE) -> None:
    """`SAE.encode` subtracts ``b_dec``, this one did not: make up for it in the encoder's biases."""
    shift = sae.b_dec @ sae.W_enc
    if sae.architecture == "gated":
        sae.b_gate += shift
        sae.b_mag += shift * sae.r_mag.exp()
    else:
        sae.b_enc += shift


def _damaged(folder: Path, problem: Exception) -> str:
    what = " ".join(f"{type(problem).__name__}: {problem}".split())  # torch's messages have several lines
    return (
        f"{folder} is no readable sparse autoencoder ({what}). Copy or download the folder again, or "
        f"train one and write it with save_sae; it needs cfg.json and {WEIGHTS}"
    )
