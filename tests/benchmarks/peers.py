"""One training step of an SAE, as each library does it, from the same weights, on the same batch.

Each class has ``step(x) -> loss``. The peers run with their own defaults but for learning rate, penalty and k, and
without writing logs. Float32, or mixed precision by torch's autocast as they offer it.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from course_utils.sae import SAE
from course_utils.training import remove_parallel_gradient_
from course_utils.training.fast import FastStep
from course_utils.training.kernels import RowAdam

FOR_EVER = 10**9  # steps, so that no schedule sets in


@dataclass
class Task:
    """What all of them train."""

    architecture: str
    d_in: int = 768
    d_sae: int = 12_288
    k: int = 32
    lr: float = 3e-4
    l1_coefficient: float = 5.0
    bias: float = 0.0
    """Of the encoder, the same for all latents: makes few of them active from the start."""

    length: float = 1.0
    """Of the encoder's columns at the start."""

    steps: int | None = None
    """If given, the learning rate falls to 0 over the last fifth of them, and SAELens has no auxiliary loss."""

    device: str = "cpu"

    def sae(self) -> SAE:
        is_topk = self.architecture == "topk"
        sae = SAE(self.d_in, self.d_sae, self.architecture, k=self.k if is_topk else None)
        with torch.no_grad():
            sae.W_enc.copy_(self.length * sae.W_dec.T)
            sae.b_enc.fill_(self.bias)
        return sae


class Ours:
    """What `fit_sae` does in a step, but for its record of the run."""

    def __init__(self, task: Task, dtype: torch.dtype = torch.float32):
        self.sae = task.sae()
        l1_coefficient = 0.0 if task.architecture == "topk" else task.l1_coefficient
        self.fast = FastStep(self.sae, l1_coefficient, dtype).open()
        self.optimiser = RowAdam(self.sae.parameters(), lr=task.lr)

    def step(self, x: Tensor) -> float:
        seen = self.fast(x)
        self.optimiser.step()
        self.sae.unit_norm_decoder_()
        self.l0 = seen.l0
        return seen.loss.item()


class SAELens:
    """``SAETrainer.step``.

    Args:
        unit_norm: hold the decoder's directions at length 1 in our way, for TopK.
    """

    def __init__(self, task: Task, autocast: bool = False, unit_norm: bool = False):
        from sae_lens import (
            StandardTrainingSAE,
            StandardTrainingSAEConfig,
            TopKTrainingSAE,
            TopKTrainingSAEConfig,
        )
        from sae_lens.config import LoggingConfig, SAETrainerConfig
        from sae_lens.training.sae_trainer import SAETrainer

        sizes = {"d_in": task.d_in, "d_sae": task.d_sae, "device": task.device}
        if task.architecture == "topk":
            options = dict(k=task.k, use_sparse_activations=False)
            if task.steps:
                options["aux_loss_coefficient"] = 0.0
            sae = TopKTrainingSAE(TopKTrainingSAEConfig(**sizes, **options))
        else:
            sae = StandardTrainingSAE(StandardTrainingSAEConfig(**sizes, l1_coefficient=task.l1_coefficient))
        sae.load_state_dict(task.sae().state_dict())
        config = SAETrainerConfig(
            total_training_samples=task.steps or FOR_EVER,
            train_batch_size_samples=1,  # read for the schedule only
            lr=task.lr,
            lr_end=0.0 if task.steps else task.lr,
            lr_decay_steps=(task.steps or 0) // 5,
            autocast=autocast,
            device=task.device,
            logger=LoggingConfig(log_to_wandb=False),
        )
        if unit_norm:
            sae.cfg.rescale_acts_by_decoder_norm = False
        self.trainer = SAETrainer(config, sae, iter([]))
        if unit_norm:
            optimiser, W_dec = self.trainer.optimizer, sae.W_dec
            optimiser.register_step_pre_hook(lambda *_: remove_parallel_gradient_(W_dec))

            def rescale(*_: object) -> None:
                W_dec.data /= W_dec.data.norm(dim=1, keepdim=True)

            optimiser.register_step_post_hook(rescale)

    def step(self, x: Tensor) -> float:
        self.trainer.maybe_reset_sparsity()
        loss = self.trainer.step(x).loss.item()
        self.trainer.n_training_steps += 1
        return loss


class DictionaryLearning:
    """``StandardTrainerAprilUpdate.update``; ReLU only here."""

    def __init__(self, task: Task):
        _without_init("dictionary_learning")
        from dictionary_learning.trainers.standard import StandardTrainerAprilUpdate

        self.trainer = StandardTrainerAprilUpdate(
            steps=FOR_EVER,
            activation_dim=task.d_in,
            dict_size=task.d_sae,
            layer=0,
            lm_name="",
            lr=task.lr,
            l1_penalty=task.l1_coefficient,
            warmup_steps=0,
            sparsity_warmup_steps=None,
            device="cpu",
        )
        sae, ours = self.trainer.ae, task.sae()
        with torch.no_grad():
            sae.encoder.weight.copy_(ours.W_enc.T)
            sae.encoder.bias.copy_(ours.b_enc)
            sae.decoder.weight.copy_(ours.W_dec.T)
        self.steps = 0

    def step(self, x: Tensor) -> None:
        self.steps += 1
        self.trainer.update(self.steps, x)


class Sparsify:
    """The part of ``sparsify.trainer`` that runs once a batch; TopK only."""

    def __init__(self, task: Task):
        _without_init("sparsify")
        from sparsify.config import SparseCoderConfig
        from sparsify.sparse_coder import SparseCoder

        self.coder = SparseCoder(task.d_in, SparseCoderConfig(num_latents=task.d_sae, k=task.k))
        ours = task.sae()
        with torch.no_grad():
            self.coder.encoder.weight.copy_(ours.W_enc.T)
            self.coder.encoder.bias.copy_(ours.b_enc)
            self.coder.W_dec.copy_(ours.W_dec)
        self.optimiser = torch.optim.Adam(self.coder.parameters(), lr=task.lr)
        self.fired = torch.zeros(task.d_sae, dtype=torch.bool)

    def step(self, x: Tensor, autocast: bool = False) -> float:
        self.coder.set_decoder_norm_to_unit_norm()
        with torch.autocast("cpu", torch.bfloat16) if autocast else nullcontext():
            out = self.coder(x=x)
            self.fired[out.latent_indices.flatten()] = True
            out.fvu.backward()
        self.coder.remove_gradient_parallel_to_decoder_directions()
        self.optimiser.step()
        self.optimiser.zero_grad()
        return out.fvu.item()


def _without_init(package: str) -> None:
    """Let a package's modules be imported without what its ``__init__`` would import: servers, loggers, pictures."""
    if package not in sys.modules:
        module = types.ModuleType(package)
        module.__path__ = importlib.util.find_spec(package).submodule_search_locations
        sys.modules[package] = module
