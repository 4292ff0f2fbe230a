"""Autoencoders on disk, in SAELens' format: ``cfg.json`` and ``sae_weights.safetensors``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from course_utils.base import asset_path
from course_utils.sae.architectures import ARCHITECTURES
from course_utils.sae.model import SAE

WEIGHTS = "sae_weights.safetensors"
SAE_LENS_VERSION = "6.54.12"  # whose format this is; SAELens reads files without a version as older ones
READ_AS = {spec.stored_as: name for name, spec in ARCHITECTURES.items() if spec.threshold != "followed"}


def save_sae(sae: SAE, folder: str | Path, *, dtype: torch.dtype = torch.float32, **metadata: Any) -> None:
    """Write ``cfg.json`` and ``sae_weights.safetensors``, which `load_sae` and SAELens read back bit for bit.

    One whose threshold follows the batches (``"batchtopk"``) is written as the ``"jumprelu"`` that it is after
    training: one threshold for all.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     save_sae(SAE(8, 32, "topk", k=4), folder, hook_name="blocks.2.hook_resid_post")
        ...     load_sae(folder).hook_name
        'blocks.2.hook_resid_post'

    Args:
        folder: made if it is not there; files of an autoencoder in it are replaced.
        dtype: of the stored weights; float16 halves the file and rounds to three digits.
        metadata: added to ``sae.metadata``: model_name, hook_name, context_size …
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: p.detach().to("cpu", dtype).contiguous() for name, p in sae.named_parameters()}
    if sae.spec.threshold == "followed":
        weights["threshold"] = sae.threshold.expand(sae.d_sae).to("cpu", dtype).contiguous()
    save_file(weights, folder / WEIGHTS)
    cfg = {
        "architecture": sae.spec.stored_as,
        "d_in": sae.d_in,
        "d_sae": sae.d_sae,
        "dtype": "float32",  # to compute in; the stored weights may be smaller
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {
            **sae.metadata,
            **metadata,
            **sae.spec.metadata(sae),
            "sae_lens_version": SAE_LENS_VERSION,
        },
        **sae.spec.cfg(sae),
    }
    (folder / "cfg.json").write_text(json.dumps(cfg, indent=2) + "\n")


def load_sae(folder: str | Path) -> SAE:
    """A saved autoencoder, in float32: a folder, or the name of one that ships (``"layer_2"``).

    Reads what SAELens writes for ``standard``, ``topk``, ``jumprelu`` and ``gated``, decoder directions of any length
    included.

    Examples:
        >>> load_sae("layer_2")
        SAE(d_in=256, d_sae=4096, architecture='topk', k=32)

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

    architecture = READ_AS[stored_as]
    options = {name: cfg[name] for name in ARCHITECTURES[architecture].options if name in cfg}
    sae = SAE(d_in, d_sae, architecture, **options)
    try:
        sae.load_state_dict(weights)
    except RuntimeError as problem:  # a tensor is missing, superfluous or of another shape
        raise ValueError(_damaged(folder, problem)) from problem
    with torch.no_grad():
        if not cfg.get("apply_b_dec_to_input", True):
            sae.spec.absorb(sae, sae.b_dec @ sae.W_enc)  # `SAE.encode` subtracts b_dec, this one did not
        if cfg.get("rescale_acts_by_decoder_norm"):
            norm = sae.W_dec.norm(dim=1)
            sae.W_enc.mul_(norm)
            sae.b_enc.mul_(norm)
            sae.W_dec.div_(norm[:, None])
    old = {"model_name": cfg.get("model_name"), "hook_name": cfg.get("hook_name") or cfg.get("hook_point")}
    sae.metadata = cfg.get("metadata") or {key: value for key, value in old.items() if value}
    return sae


def _damaged(folder: Path, problem: Exception) -> str:
    what = " ".join(f"{type(problem).__name__}: {problem}".split())  # torch's messages have several lines
    return (
        f"{folder} is not a readable sparse autoencoder ({what}). Copy or download the folder again, or "
        f"train one and write it with save_sae; it needs cfg.json and {WEIGHTS}"
    )
