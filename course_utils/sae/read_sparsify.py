"""EleutherAI's sparsify (once ``sae``): a folder a hook point, with ``cfg.json`` and ``sae.safetensors``.

    https://github.com/EleutherAI/sparsify

All are TopK; ``b_dec`` is taken away first. The folder has the name of a module of the Hugging Face model, whose output
is read, and ``config.json`` above it the name of the model.
"""

from __future__ import annotations

import re
from pathlib import Path

from course_utils.sae.hook_names import hook_of_module
from course_utils.sae.stored import Stored
from course_utils.sae.tensor_files import Config, laid_out, read_config, read_safetensors

OURS = {
    "encoder.weight": "W_enc",
    "encoder.bias": "b_enc",
}  # in its first weeks the library called them as we do


def read_sparsify(path: Path) -> Stored:
    """Read ``sae.safetensors``, ``cfg.json`` beside it, and ``config.json`` above if it is there.

    Raises:
        ValueError: if a file is damaged, or the autoencoder needs something that `SAE` does not do.
    """
    cfg = read_config(path.parent / "cfg.json")
    tensors, _ = read_safetensors(path)
    _refuse_unread(cfg, "W_skip" in tensors)
    weights = {OURS.get(name, name): laid_out(name, tensor) for name, tensor in tensors.items()}
    d_in, d_sae = cfg.whole("d_in"), cfg.whole("num_latents") or None
    if d_in and not d_sae and cfg.whole("expansion_factor"):
        d_sae = d_in * (cfg.whole("expansion_factor") or 1)
    return Stored(
        path=path,
        architecture="topk",
        weights=weights,
        sizes=(d_in, d_sae),
        options={"k": cfg.whole("k")},
        metadata=_metadata(path.parent),
    )


def _refuse_unread(cfg: Config, skips: bool) -> None:
    if cfg.flag("transcode", False) or cfg.flag("skip_connection", False) or skips:
        raise ValueError(
            f"{cfg.path} is of a transcoder, which is not read: it writes at another place than it reads, and this "
            "package has autoencoders only"
        )
    if cfg.flag("signed", False):
        raise ValueError(f"{cfg.path} is signed: it keeps latents below 0, and here a latent is 0 or above")
    if (activation := cfg.text("activation") or "topk") != "topk":
        raise ValueError(f"{cfg.path}: its activation is {activation!r}, and only 'topk' is read")


def _metadata(folder: Path) -> dict[str, str | None]:
    module = folder.parent if re.fullmatch(r"seed_?\d+", folder.name) else folder
    above = module.parent / "config.json"
    model_name = read_config(above).text("model") if above.is_file() else None
    return {
        "model_name": model_name,
        "hook_name": hook_of_module(module.name, model_name),
        "hf_hook_name": module.name,
    }
