"""dictionary_learning (Marks, Karvonen and Mueller): ``ae.pt``, and ``config.json`` beside it.

    https://github.com/saprmarks/dictionary_learning

Which of its classes a file is of shows in the names of its tensors; AutoEncoderTopK and BatchTopKSAE have the same ones,
and `config.json` says which.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from course_utils.sae.hook_names import hook_of_module
from course_utils.sae.stored import Stored
from course_utils.sae.tensor_files import Config, laid_out, read_config


class Kind(NamedTuple):
    """One of the library's classes."""

    architecture: str
    ours: dict[str, str]
    """The name that `SAE` has for each tensor; linear layers are stored transposed."""

    takes_b_dec_away: bool = True
    weighs_directions: bool = False
    """The library makes decoder directions 1 long when it loads one."""


ENCODER = {"encoder.weight": "W_enc", "encoder.bias": "b_enc", "decoder.weight": "W_dec"}
PLAIN = {name: name for name in ("W_enc", "b_enc", "W_dec", "b_dec", "threshold")}
GATES = {"encoder.weight": "W_enc", "decoder.weight": "W_dec", "decoder_bias": "b_dec"}
KINDS = {
    "AutoEncoder": Kind("relu", {**ENCODER, "bias": "b_dec"}, weighs_directions=True),
    "AutoEncoderNew": Kind("relu", {**ENCODER, "decoder.bias": "b_dec"}, takes_b_dec_away=False),
    "GatedAutoEncoder": Kind(
        "gated", {**GATES, "gate_bias": "b_gate", "mag_bias": "b_mag", "r_mag": "r_mag"}
    ),
    "JumpReluAutoEncoder": Kind("jumprelu", PLAIN, takes_b_dec_away=False),
    "AutoEncoderTopK": Kind("topk", {**ENCODER, "b_dec": "b_dec"}),
    "BatchTopKSAE": Kind("jumprelu", {**ENCODER, "b_dec": "b_dec", "threshold": "threshold"}),
    "MatryoshkaBatchTopKSAE": Kind("jumprelu", PLAIN),
}
SITES = {
    "resid_post": "hook_resid_post", "resid_out": "hook_resid_post", "mlp_out": "hook_mlp_out",
    "attn_out": "hook_attn_out", "attention_out": "hook_attn_out",
}  # fmt: skip


def is_dictionary_learning(values: dict[str, Any]) -> bool:
    """Whether a file of tensors is one of the library's.

    Examples:
        >>> is_dictionary_learning({"weight": 1}), is_dictionary_learning(dict.fromkeys(GATES))
        (False, True)
    """
    return {"encoder.weight", "decoder.weight"} <= values.keys() or {"W_enc", "threshold"} <= values.keys()


def read_dictionary_learning(path: Path, values: dict[str, Any]) -> Stored:
    """Read the tensors of ``ae.pt``, and ``config.json`` in the same folder or above ``checkpoints/``.

    Raises:
        ValueError: if a file is damaged, or the class is not told or not read.
    """
    cfg = _config(path)
    name = _class(path, values, cfg.text("dict_class"))
    kind = KINDS[name]
    beside = ("k", "group_sizes", *(["threshold"] if kind.architecture == "topk" else []))
    weights = {kind.ours.get(key, key): laid_out(key, x) for key, x in values.items() if key not in beside}
    options, metadata = {}, _metadata(path, cfg)
    if kind.architecture == "topk":
        options["k"] = _number(path, values, "k") if "k" in values else cfg.whole("k")
    if "BatchTopK" in name:
        _check_threshold(path, weights)
    if name == "MatryoshkaBatchTopKSAE":
        metadata = {
            **metadata,
            "trained_as": "matryoshka",
            "prefixes": _prefixes(path, values["group_sizes"]),
        }
    return Stored(
        path=path,
        architecture=kind.architecture,
        weights=weights,
        sizes=(cfg.whole("activation_dim"), cfg.whole("dict_size")),
        options=options,
        takes_b_dec_away=kind.takes_b_dec_away,
        weighs_directions=kind.weighs_directions,
        metadata=metadata,
    )


def _config(path: Path) -> Config:
    """What training was told, with what the library calls the trainer's part at the top."""
    folder = path.parent.parent if path.parent.name == "checkpoints" else path.parent
    beside = folder / "config.json"
    if not beside.is_file():
        return Config(beside, {})
    whole = read_config(beside)
    return whole.part("trainer") or whole


def _class(path: Path, values: dict[str, Any], told: str | None) -> str:
    """The library's class: by the tensors, and by the configuration where two have the same ones."""
    told = re.sub(r"\W+$", "", told).split(".")[-1] if told else None
    signs = {
        "gate_bias": "GatedAutoEncoder", "group_sizes": "MatryoshkaBatchTopKSAE", "W_enc": "JumpReluAutoEncoder",
        "bias": "AutoEncoder", "decoder.bias": "AutoEncoderNew",
    }  # fmt: skip
    shown = next((name for sign, name in signs.items() if sign in values), None)
    if told is not None and told not in KINDS:
        raise ValueError(f"{path} is of a {told}, which is not read; {', '.join(KINDS)} are")
    if shown and told and shown != told:
        raise ValueError(f"{path} has the tensors of {shown}, but its config.json says {told}")
    if name := shown or told:
        return name
    raise ValueError(
        f"{path} may be an AutoEncoderTopK or a BatchTopKSAE: the config.json that says so (dict_class) is not beside it"
    )


def _check_threshold(path: Path, weights: dict[str, Any]) -> None:
    threshold = weights.get("threshold")
    if isinstance(threshold, Tensor) and threshold.ndim == 0 and threshold < 0:
        raise ValueError(
            f"{path}: its common threshold is {threshold.item():g}, which stands for none: it was saved before training "
            "had found one, and without it every latent would be active"
        )


def _number(path: Path, values: dict[str, Any], key: str) -> int | None:
    value = values[key]
    return Config(
        path, {key: value.item() if isinstance(value, Tensor) and value.numel() == 1 else value}
    ).whole(key)


def _prefixes(path: Path, sizes: Any) -> list[int]:
    if not isinstance(sizes, Tensor) or sizes.ndim != 1:
        raise ValueError(f"{path}: group_sizes is {sizes!r}, not the sizes of nested dictionaries")
    return sizes.cumsum(0).tolist()


def _metadata(path: Path, cfg: Config) -> dict[str, str | None]:
    """Model and place, from the configuration or, in the first ones, from the names of the folders."""
    model_name, submodule = cfg.text("lm_name"), cfg.text("submodule_name")
    hook_name = hook_of_module(submodule, model_name) if submodule else None
    for text in (submodule, *reversed(path.absolute().parts[:-1])):
        found = re.search(rf"({'|'.join(SITES)})_layer_?(\d+)", text or "")
        if found and not hook_name:
            hook_name = f"blocks.{found[2]}.{SITES[found[1]]}"
    return {"model_name": model_name, "hook_name": hook_name}
