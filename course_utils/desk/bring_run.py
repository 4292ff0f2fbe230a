"""A run of `course bring` and its folder: what each stage reads and writes.

    manifest.json    what was asked for            activations/    the harvest, to train on
    judged/          texts to choose and judge by  training.pt     a checkpoint
    dictionary/      SAELens' two files            scores/         fit.json, loss.json, areas.json
    index.html       the page

A stage is done when its product is there, and each is put in place whole. So a run that was stopped, at whatever
moment, goes on with the first product that is missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from course_utils.base import Processes, make_folder, write_text
from course_utils.desk.bring_settings import Settings
from course_utils.desk.bring_texts import Material
from course_utils.lm import ActivationStore, LabelledText, open_activations
from course_utils.sae import SAE, load_sae

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


PAGE = "index.html"


@dataclass(frozen=True)
class Run:
    """Everything that the stages work with."""

    folder: Path
    asked: Settings
    model: TransformerBridge
    material: Material
    team: Processes
    width: int
    """Of the hook point."""

    progress: bool = True

    @property
    def device(self) -> torch.device:
        return torch.device(self.model.cfg.device or "cpu")

    @property
    def dictionary(self) -> Path:
        return self.folder / "dictionary"

    @property
    def page(self) -> Path:
        return self.folder / PAGE

    @property
    def harvest(self) -> Path:
        return self.folder / "activations"

    @property
    def judged(self) -> Path:
        return self.folder / "judged"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "training.pt"

    @property
    def judged_texts(self) -> list[LabelledText]:
        """Those of the store ``judged``: to choose by, then to judge by."""
        return [*self.material.choose, *self.material.judge]

    def scores(self, name: str) -> Path:
        return self.folder / "scores" / f"{name}.json"

    def load_dictionary(self) -> SAE:
        """The trained autoencoder, on the CPU."""
        return load_sae(self.dictionary)

    def open_judged(self) -> ActivationStore:
        return open_activations(self.judged)

    def encode(self, sae: SAE) -> Callable[[torch.Tensor], torch.Tensor]:
        """``sae.encode`` on the run's device, from and to the CPU."""
        there = sae.to(self.device)
        return lambda x: there.encode(x.to(self.device)).cpu()


def read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8-sig"))


def write_json(path: Path, content: dict[str, Any]) -> None:
    """All of it or nothing."""
    make_folder(path.parent)
    write_text(path, json.dumps(content, indent=1) + "\n")
