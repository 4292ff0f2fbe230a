"""One training step, as autograd takes it: the loss and what was seen on the way, then the gradients.

`FastStep` has the same interface and finds the same gradients sooner:

    step.open()                  before the first step
    seen = step(x)               what the weights make of a batch
    step.backward(extra_loss)    every parameter's ``.grad``
    step.close()                 after the last, with an error too
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, NamedTuple, Protocol

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.reading import fvu, l0
from course_utils.sae import SAE, SAEOutput
from course_utils.training.history import Measurement
from course_utils.training.objective import LossFn


class StepResult(NamedTuple):
    """What a step saw, before its update."""

    loss: Float[Tensor, ""]
    x_hat: Float[Tensor, "batch d_in"]
    l0: float
    active: Bool[Tensor, "d_sae"]
    """Whether a latent was active anywhere in the batch."""


def check_finite(loss: Float[Tensor, ""], number: int, lr: float) -> None:
    """Raises a ``FloatingPointError`` that says what to do, unless the loss is a number."""
    if not loss.isfinite():
        raise FloatingPointError(
            f"the loss is {loss.item()} at step {number}: lower lr (it is {lr:g}), "
            "or look for activations that are not finite"
        )


@torch.no_grad()
def measure(number: int, seen: StepResult, x: Float[Tensor, "batch d_in"], dead: Tensor) -> Measurement:
    """The entry of the history for what a step saw."""
    mse = (x - seen.x_hat).pow(2).sum(dim=1).mean().item()
    dead_share = dead.float().mean().item()
    try:
        explained = fvu(x, seen.x_hat)
    except ValueError:  # a last batch of one row has no variance to explain
        explained = math.nan
    return Measurement(number, seen.loss.item(), mse, explained, seen.l0, dead_share)


class Step(Protocol):
    """What `fit_sae` asks of a step."""

    optimiser: ClassVar[type[torch.optim.Adam]]
    """The Adam that suits how it lays out the weights."""

    name: str
    """The ``speed`` that asks for it."""

    def open(self) -> Any: ...

    def close(self) -> None: ...

    def __call__(self, x: Float[Tensor, "batch d_in"]) -> StepResult: ...

    def output(self, x: Float[Tensor, "batch d_in"]) -> SAEOutput:
        """What the autoencoder makes of the batch that the step was just given."""
        ...

    def backward(self, extra_loss: Float[Tensor, ""] | None = None) -> None: ...

    def state_dict(self) -> dict[str, Any]:
        """What it has to remember to go on exactly."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class PlainStep:
    """Autograd finds the gradients: any architecture, any loss, any device.

    Examples:
        >>> sae, x = SAE(4, 8, "topk", k=2), torch.ones(5, 4)
        >>> step = PlainStep(sae, lambda x, output: (x - output.x_hat).pow(2).sum(dim=1).mean())
        >>> step(x).l0, step.backward(), sae.W_dec.grad.shape
        (2.0, None, torch.Size([8, 4]))
    """

    optimiser: ClassVar[type[torch.optim.Adam]] = torch.optim.Adam
    name = "plain"

    def __init__(self, sae: SAE, loss_fn: LossFn):
        self.sae, self.loss_fn = sae, loss_fn
        self._loss: Tensor | None = None
        self._output: SAEOutput | None = None

    def open(self) -> PlainStep:
        return self

    def close(self) -> None:
        """Free the graph, and the gradients, which are as large as the autoencoder."""
        self._loss = self._output = None
        self.sae.zero_grad()

    @torch.enable_grad()
    def __call__(self, x: Float[Tensor, "batch d_in"]) -> StepResult:
        self._output = output = self.sae(self.sae.split(x)[0])
        self._loss = loss = self.loss_fn(x, output)
        active = (output.latents > 0).any(dim=0)
        return StepResult(loss.detach(), output.x_hat.detach(), l0(output.latents), active)

    def output(self, x: Float[Tensor, "batch d_in"]) -> SAEOutput:
        assert self._output is not None, "there has been no step yet"
        return self._output

    def backward(self, extra_loss: Float[Tensor, ""] | None = None) -> None:
        assert self._loss is not None, "there has been no step yet"
        self.sae.zero_grad()
        (self._loss if extra_loss is None else self._loss + extra_loss).backward()
        remove_parallel_gradient_(self.sae.W_dec)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


@torch.no_grad()
def remove_parallel_gradient_(W_dec: Float[Tensor, "d_sae d_in"]) -> None:
    """Take from ``W_dec.grad`` what points along each row: the norm is reset anyway, and Adam should not save it up.

    Examples:
        >>> W_dec = torch.tensor([[1.0, 0.0]], requires_grad=True)
        >>> W_dec.grad = torch.tensor([[5.0, 2.0]])
        >>> remove_parallel_gradient_(W_dec)
        >>> W_dec.grad
        tensor([[0., 2.]])

    Args:
        W_dec: changed in its ``grad`` only; without a gradient nothing happens.
    """
    if W_dec.grad is None:
        return
    unit = W_dec / W_dec.norm(dim=1, keepdim=True)
    W_dec.grad -= (W_dec.grad * unit).sum(dim=1, keepdim=True) * unit
