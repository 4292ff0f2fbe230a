"""SAELens' format, versions 3 to 6: ``cfg.json`` and ``sae_weights.safetensors``.

    https://github.com/decoderesearch/SAELens

What older versions called otherwise, stored beside or left to the code that loads is settled here. Files of an
unfinished training (``batchtopk``, ``matryoshka_batchtopk``) are read as the autoencoder that they would end as.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils.sae.architectures import ARCHITECTURES
from course_utils.sae.hook_names import hook_of_module
from course_utils.sae.normalisation import NORMALISATIONS
from course_utils.sae.saelens_files import read_pair
from course_utils.sae.stored import Stored
from course_utils.sae.tensor_files import Config, read_config, read_safetensors

READ_AS = {spec.stored_as: name for name, spec in ARCHITECTURES.items() if spec.threshold != "followed"}
UNFINISHED = ("batchtopk", "matryoshka_batchtopk")
NOT_READ = {
    "transcoder": "writes at another place than it reads; see `load_transcoder`",
    "abstopk": "keeps latents below 0, and here a latent is 0 or above",
    "matching_pursuit": "has no encoder, it searches step by step; see `omp`",
    "temporal": "reads a token together with those before it, and here each token is read alone",
}
KNOWN_OF_THE_MODEL = (
    "model_name", "hook_name", "model_class_name", "model_from_pretrained_kwargs", "prepend_bos", "context_size",
    "dataset_path", "neuronpedia_id", "exclude_special_tokens", "seqpos_slice", "sae_lens_training_version",
)  # fmt: skip


def read_saelens(path: Path) -> Stored:
    """Read ``sae_weights.safetensors`` and the files beside it.

    Raises:
        ValueError: if a file is damaged, or the autoencoder needs something that `SAE` does not do.
    """
    cfg, weights = read_pair(path.parent)
    _refuse_unread(cfg)
    architecture, options = _architecture(cfg)
    weighs_directions = architecture in ("topk", *UNFINISHED) and cfg.flag(
        "rescale_acts_by_decoder_norm", False
    )
    if architecture in UNFINISHED:
        architecture = "jumprelu"
        if "topk_threshold" in weights:
            weights["threshold"] = weights.pop("topk_threshold")
    if "log_threshold" in weights and "threshold" not in weights:
        weights["threshold"] = weights.pop("log_threshold").exp()
    _fold_finetuning(cfg, weights)
    normalize_activations, factor = _normalisation(cfg)
    return Stored(
        path=path,
        architecture=architecture,
        weights=weights,
        sizes=(cfg.whole("d_in"), cfg.whole("d_sae")),
        options=options,
        scale=factor,
        takes_b_dec_away=cfg.flag("apply_b_dec_to_input", True),
        weighs_directions=weighs_directions,
        normalize_activations=normalize_activations,
        metadata=_metadata(cfg),
    )


def _refuse_unread(cfg: Config) -> None:
    stored_as = cfg.text("architecture") or "standard"
    for kind, reason in NOT_READ.items():
        if kind in stored_as:
            raise ValueError(f"{cfg.path} is of a {stored_as!r}, which is not read: it {reason}")
    if stored_as not in (*READ_AS, *UNFINISHED):
        known = ", ".join((*READ_AS, *UNFINISHED))
        raise ValueError(f"{cfg.path} is of a {stored_as!r} SAE; this package reads {known}")
    if cfg.get("reshape_activations") not in (None, "none", "hook_z"):
        raise ValueError(
            f"{cfg.path}: reshape_activations is {cfg['reshape_activations']!r}, which is not read"
        )
    head = next(
        (cfg[key] for key in ("hook_head_index", "hook_point_head_index") if cfg.get(key) is not None), None
    )
    if head is not None:
        raise ValueError(
            f"{cfg.path} is of an SAE that reads head {head} alone; this package reads all heads"
        )


def _architecture(cfg: Config) -> tuple[str, dict[str, Any]]:
    """The architecture and its options, from what each version says of the activation function."""
    stored_as = cfg.text("architecture") or "standard"
    function = cfg.text("activation_fn") or cfg.text("activation_fn_str") or "relu"
    told = cfg.part("activation_fn_kwargs")
    if function == "topk" and stored_as in ("standard", "topk"):
        stored_as = "topk"
    elif function != "relu":
        raise ValueError(
            f"{cfg.path}: a {stored_as!r} SAE with the activation function {function!r} is not read, only 'relu' is"
        )
    if told.get("signed") or str(told.get("postact_fn") or "relu").lower() not in ("relu", "relu()"):
        raise ValueError(
            f"{cfg.path}: TopK with {dict(told)} keeps latents below 0, and here a latent is 0 or above"
        )
    if stored_as in UNFINISHED:
        return stored_as, {}
    architecture, options = READ_AS[stored_as], {}
    for name in ARCHITECTURES[architecture].options:
        if name == "k":
            options["k"] = cfg.whole("k") if cfg.get("k") is not None else told.whole("k")
        elif name in cfg:
            options[name] = cfg.number(name)
    return architecture, options


def _fold_finetuning(cfg: Config, weights: dict[str, Tensor]) -> None:
    """Latents were multiplied by one more factor each before they were decoded, in fine-tuned ones of old."""
    name = next((name for name in ("finetuning_scaling_factor", "scaling_factor") if name in weights), None)
    if name is None or "W_dec" not in weights:
        return
    factor = weights.pop(name).float()
    if torch.allclose(factor, torch.ones(())):
        return
    if name == "scaling_factor" and not cfg.flag("finetuning_scaling_factor", False):
        raise ValueError(
            f"{cfg.path} does not say whether the scaling_factor beside the weights is to be used "
            "(finetuning_scaling_factor), so what the SAE does is unknown"
        )
    if factor.shape != weights["W_dec"].shape[:1]:
        raise ValueError(f"{cfg.path}: {name} has shape {tuple(factor.shape)}, not one number a latent")
    weights["W_dec"] = weights["W_dec"].float() * factor[:, None]


def _normalisation(cfg: Config) -> tuple[str, float | None]:
    """What is done to each token, and by what all activations were multiplied in training."""
    named = cfg.get("normalize_activations")
    if named is True or named == "expected_average_only_in":
        return "none", _factor_beside(cfg)
    if named is None or named is False:
        named = "none"
    if named not in NORMALISATIONS:
        raise ValueError(
            f"{cfg.path}: normalize_activations {named!r} is not read; {', '.join(NORMALISATIONS)} and "
            "expected_average_only_in are"
        )
    return named, 1.0


def _factor_beside(cfg: Config) -> float | None:
    """The factor, where a checkpoint of version 6 or 5 has it in a file of its own."""
    folder = cfg.path.parent
    if (path := folder / "activation_scaler.json").is_file():
        found = read_config(path).get("scaling_factor")
    elif (path := folder / "activations_store_state.safetensors").is_file():
        found = read_safetensors(path)[0].get("estimated_norm_scaling_factor")
    else:
        found = cfg.get("norm_scaling_factor")
    return found.item() if isinstance(found, Tensor) and found.numel() == 1 else found  # pyright: ignore[reportReturnType]  # `build` checks it


def _metadata(cfg: Config) -> dict[str, Any]:
    """What is known of the model, in a table of its own since version 6 and among the rest before."""
    known = {key: cfg[key] for key in KNOWN_OF_THE_MODEL if cfg.get(key) is not None}
    if cfg.get("hook_point") and "hook_name" not in known:
        known["hook_name"] = cfg.text("hook_point")
    known = {**known, **cfg.part("meta"), **cfg.part("metadata")}
    if cfg.get("architecture") == "matryoshka_batchtopk":
        known = {**known, "trained_as": "matryoshka", "prefixes": cfg.get("matryoshka_widths")}
    if isinstance(of_module := known.get("hook_name"), str) and (hook_name := hook_of_module(of_module)):
        known = {**known, "hf_hook_name": of_module, "hook_name": hook_name}
    return known
