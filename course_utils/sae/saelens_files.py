"""The two files of SAELens' format, and how they are kept together: ``cfg.json`` and ``sae_weights.safetensors``.

Two files can come apart: a process is killed between them, somebody copies one of them. So what `write_pair` writes says
of which weights it is, by the weights' SHA-256, and the weights carry the same configuration within. SAELens passes over
both. Both are written beside their places first; then the old ``cfg.json`` goes, the weights are put in place, and the
new ``cfg.json`` comes last. So a process that is killed on the way leaves the old pair, the new one, or weights alone,
which have their configuration within.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from course_utils.base import make_folder, whole_file
from course_utils.sae.tensor_files import Config, parse_config, read_config, read_safetensors, unreadable

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
OF_WEIGHTS = "weights_sha256"
"""The key of the configuration that says of which weights it is."""

INSIDE = "cfg"
"""The name of the configuration in the header of the weights."""


def digest(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 of some tensors: of every name, shape, dtype and number."""
    found = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].contiguous()
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def write_pair(folder: Path, cfg: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """Write both, or leave what was there before.

    Raises:
        ValueError: if the configuration cannot be written as JSON.
        OSError: if the disk refuses.
    """
    cfg = {**cfg, OF_WEIGHTS: digest(weights)}
    text = json.dumps(cfg, indent=2) + "\n"
    make_folder(folder)
    with whole_file(folder / CONFIG) as new_config, whole_file(folder / WEIGHTS) as new_weights:
        save_file(weights, new_weights, metadata={INSIDE: text})  # one key: several are written in any order
        new_config.write_text(text, encoding="utf-8")
        for file in (new_weights, new_config):
            with file.open("rb+") as written:
                os.fsync(written.fileno())
        (folder / CONFIG).resolve().unlink(
            missing_ok=True
        )  # until the new one is there: weights first, then it


def read_pair(folder: Path) -> tuple[Config, dict[str, Tensor]]:
    """The configuration and the weights. Where ``cfg.json`` is missing, the weights' own configuration counts.

    Raises:
        ValueError: if a file is missing or damaged, or they do not belong together.
    """
    weights, header = read_safetensors(folder / WEIGHTS)
    if (folder / CONFIG).exists() or INSIDE not in header:
        cfg = read_config(folder / CONFIG)
    else:
        cfg = _inside(folder / WEIGHTS, header[INSIDE])
    stated = cfg.text(OF_WEIGHTS)
    if stated and stated != digest(weights):
        raise ValueError(
            f"{cfg.path} was not written with these weights, or {folder / WEIGHTS} was changed or damaged since: copy "
            f"the folder again, or, if you changed the weights yourself, take {OF_WEIGHTS} out of {CONFIG}"
        )
    return cfg, weights


def _inside(path: Path, text: str) -> Config:
    try:
        return parse_config(path, text)
    except ValueError as problem:
        raise unreadable(path, problem) from problem
