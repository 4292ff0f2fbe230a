"""OpenAI's autoencoders of GPT-2 small (Gao et al. 2024): one file a layer.

    https://github.com/openai/sparse_autoencoder

    latents = act((x - pre_bias) @ encoder.T + latent_bias)
    x_hat   = latents @ decoder.T + pre_bias

The TopK ones (version 5) layer-normalise each token first and put its mean and scale back; the ReLU ones do not. The
files do not say so: it is in the publisher's code. Nor do they name the layer, which is the name of the file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from course_utils.sae.stored import Stored
from course_utils.sae.tensor_files import Config, laid_out

OURS = {
    "encoder.weight": "W_enc", "latent_bias": "b_enc", "decoder.weight": "W_dec", "pre_bias": "b_dec",
}  # fmt: skip
BESIDE = (
    "activation", "activation_state_dict", "stats_last_nonzero", "latents_activation_frequency", "latents_mean_square",
)  # fmt: skip
SITES = {
    "mlp_post_act": "mlp.hook_post", "resid_delta_attn": "hook_attn_out", "resid_post_attn": "hook_resid_mid",
    "resid_delta_mlp": "hook_mlp_out", "resid_post_mlp": "hook_resid_post",
}  # fmt: skip


def is_openai(values: dict[str, Any]) -> bool:
    """Whether a file of tensors is one of OpenAI's.

    Examples:
        >>> is_openai({"encoder.weight": 1}), is_openai(dict.fromkeys(OURS))
        (False, True)
    """
    return {"pre_bias", "latent_bias"} <= values.keys()


def read_openai(path: Path, values: dict[str, Any]) -> Stored:
    """Read the tensors of one file.

    Raises:
        ValueError: if its activation function is another one than ReLU or TopK.
    """
    activation = values.get("activation", "ReLU")
    told = values.get("activation_state_dict", {})
    if (
        not isinstance(told, dict)
        or activation not in ("ReLU", "TopK")
        or told.get("postact_fn", "ReLU") != "ReLU"
    ):
        raise ValueError(
            f"{path}: its activation is {activation} {told}, and only ReLU and TopK of ReLU are read"
        )
    weights = {OURS.get(key, key): laid_out(key, value) for key, value in values.items() if key not in BESIDE}
    topk = activation == "TopK"
    return Stored(
        path=path,
        architecture="topk" if topk else "relu",
        weights=weights,
        options={"k": Config(path, told).whole("k")} if topk else {},
        normalize_activations="layer_norm" if topk else "none",
        metadata=_metadata(path),
    )


def _metadata(path: Path) -> dict[str, str]:
    site = re.search("|".join(SITES), path.absolute().as_posix())
    if not site or not path.stem.isdecimal():
        return {}
    return {"model_name": "gpt2", "hook_name": f"blocks.{int(path.stem)}.{SITES[site[0]]}"}
