"""Autoencoders on disk: written in SAELens' format, read from that and from those of other publishers.

`load_sae` looks at what lies in a folder, and the reader of that format (``read_…``) hands over what it found as a
`Stored`. `docs/dictionaries.md` says what is read, what is refused, and where the formats are described.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils.sae.locate import located, reader_of
from course_utils.sae.model import SAE
from course_utils.sae.saelens_files import write_pair
from course_utils.sae.stored import build

SAE_LENS_VERSION = "6.54.12"  # whose format this is; SAELens reads files without a version as older ones
PRECISIONS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


def load_sae(folder: str | Path, *, scale: float | None = None) -> SAE:
    """A saved or published autoencoder, in float32: its folder or file, or the name of one that ships (``"layer_2"``).

    Reads what SAELens (3 to 6), EleutherAI's sparsify, Gemma Scope, dictionary_learning and OpenAI publish. Nothing in
    a file is run. What is known of it, as the hook point that it reads, is in ``metadata``.

    Examples:
        >>> load_sae("layer_2")
        SAE(d_in=256, d_sae=4096, architecture='topk', k=32)

    Args:
        folder: or a file in it: ``params.npz``, ``ae.pt``, ``8.pt`` …
        scale: by which all activations were multiplied in training; only for files that need it and do not say it,
            and the error for those says how to find it.

    Returns:
        An autoencoder that reads raw activations, whatever its publisher did to them first.

    Raises:
        FileNotFoundError: if there is no such folder or file, and none of this name ships.
        ValueError: if the files are damaged, do not belong together, or need something that `SAE` does not do.
    """
    path, reader = reader_of(located(folder))
    return build(reader(path), scale)


def save_sae(sae: SAE, folder: str | Path, *, dtype: torch.dtype = torch.float32, **metadata: Any) -> None:
    """Write ``cfg.json`` and ``sae_weights.safetensors``, which `load_sae` and SAELens read back bit for bit.

    One whose threshold follows the batches (``"batchtopk"``) is written as the ``"jumprelu"`` that it is after
    training: one threshold for all. If the process is killed while it writes, the folder has the old autoencoder, the
    new one, or no ``cfg.json``.

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

    Raises:
        ValueError: if the weights are not finite in this precision, the metadata cannot be written as JSON, or it is a
            `Transcoder` (`save_transcoder`).
        OSError: if the disk refuses; what was there before is still there.
    """
    if sae.width != sae.d_in:
        raise ValueError("a transcoder has a format of its own: see save_transcoder")
    cfg = {
        "architecture": sae.spec.stored_as,
        "d_in": sae.d_in,
        "d_sae": sae.d_sae,
        "dtype": "float32",  # to compute in; the stored weights may be smaller
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": sae.normalize_activations,
        "reshape_activations": "none",
        "metadata": described(sae, metadata),
        **sae.spec.cfg(sae),
    }
    write_pair(Path(folder).expanduser(), cfg, in_precision(sae, dtype))


def in_precision(sae: SAE, dtype: torch.dtype) -> dict[str, Tensor]:
    """The tensors to be stored, a threshold that followed the batches as one for each latent.

    Raises:
        ValueError: if weights are not stored so, or are not finite in this precision.
    """
    if dtype not in PRECISIONS:
        raise ValueError(f"dtype is {dtype}: weights are stored as {', '.join(map(str, PRECISIONS))}")
    weights = {name: p.detach().to("cpu", dtype).contiguous() for name, p in sae.named_parameters()}
    if sae.spec.threshold == "followed":
        weights["threshold"] = sae.threshold.expand(sae.d_sae).to("cpu", dtype).contiguous()
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} is not finite in {dtype}, so it is not saved")
    return weights


def described(sae: SAE, metadata: dict[str, Any]) -> dict[str, Any]:
    """What is known of it, and the version whose format this is.

    Raises:
        ValueError: if something of it cannot be written as JSON.
    """
    known = {**sae.metadata, **metadata, **sae.spec.metadata(sae), "sae_lens_version": SAE_LENS_VERSION}
    for key, value in known.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError) as problem:
            raise ValueError(f"metadata {key!r} cannot be written as JSON: {problem}") from None
    return known
