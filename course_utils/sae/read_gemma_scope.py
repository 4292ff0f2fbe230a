"""Google DeepMind's Gemma Scope: a folder with ``params.npz``, and of its second edition with ``params.safetensors``.

    https://huggingface.co/google/gemma-scope
    https://huggingface.co/google/gemma-scope-2

All are JumpReLU and read the activation as it is, without taking ``b_dec`` away first. Model and place stand in the names
of the folders (``gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71``), or in ``config.json`` of the second edition.
"""

from __future__ import annotations

import re
from pathlib import Path

from course_utils.sae.stored import Stored
from course_utils.sae.tensor_files import read_config, read_npz, read_safetensors

SITES = {"res": "hook_resid_post", "mlp": "hook_mlp_out", "att": "attn.hook_z"}
SITES_OF_2 = {"resid_post": "hook_resid_post", "mlp_out": "hook_mlp_out", "attn_out": "attn.hook_z"}


def read_gemma_scope(path: Path) -> Stored:
    """Read ``params.npz``.

    Raises:
        ValueError: if the file is damaged, or of a transcoder or of an SAE of token embeddings.
    """
    folders = (
        path.absolute().as_posix()
    )  # not resolved: in the hub's cache it is a link to a file without folders
    if "transcoder" in folders:
        raise _of_transcoder(path)
    if re.search(r"/embedding/", folders):
        raise ValueError(
            f"{path} reads token embeddings before Gemma multiplies them by sqrt(d_model), and no hook point has those"
        )
    found = re.search(r"gemma-scope-(\d+b)-(pt|it)-(res|mlp|att)\b", folders)
    layer = re.search(r"/layer_(\d+)/", folders)
    metadata = {}
    if found:
        metadata["model_name"] = f"google/gemma-2-{found[1]}" + ("-it" if found[2] == "it" else "")
    if found and layer:
        metadata["hook_name"] = f"blocks.{layer[1]}.{SITES[found[3]]}"
    return Stored(
        path=path,
        architecture="jumprelu",
        weights=read_npz(path),
        takes_b_dec_away=False,
        metadata=metadata,
    )


def read_gemma_scope_2(path: Path) -> Stored:
    """Read ``params.safetensors``, and ``config.json`` beside it if it is there.

    Raises:
        ValueError: if a file is damaged, or of a transcoder.
    """
    tensors, _ = read_safetensors(path)
    above = path.parent / "config.json"
    cfg = read_config(above) if above.is_file() else {}
    if "affine_skip_connection" in tensors or re.search("transcoder|clt", path.absolute().as_posix()):
        raise _of_transcoder(path)
    found = re.search(r"/(resid_post|mlp_out|attn_out)[^/]*/layer_(\d+)_", path.absolute().as_posix())
    model_name = cfg.get("model_name")
    return Stored(
        path=path,
        architecture="jumprelu",
        weights={name.replace("w_", "W_"): tensor for name, tensor in tensors.items()},
        takes_b_dec_away=False,
        metadata={
            "model_name": model_name.replace("-v3", "-3") if isinstance(model_name, str) else None,
            "hook_name": f"blocks.{found[2]}.{SITES_OF_2[found[1]]}" if found else None,
            "hf_hook_name": cfg.get("hf_hook_point_in"),
        },
    )


def _of_transcoder(path: Path) -> ValueError:
    return ValueError(
        f"{path} is of a transcoder, which is not read: it writes at another place than it reads, and this package has "
        "autoencoders only"
    )
