"""Toy models of superposition: more features than dimensions, and what training makes of it.

    hidden = W @ features                      or relu of it, which makes neurons
    output = relu(W.T @ hidden + b)            with W_out in the place of W, where the two are not tied
    loss   = sum over features of  importance * (target - output)^2,  mean over the batch

Many instances, each with its own sparsity, importance, correlation and activations, train in one batch (Elhage et al.
2022). The gradients are written out by hand: without the bookkeeping of autograd a step takes about 60% of the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.base import progress_bar
from course_utils.worlds.synthetic import ToyTask, feature_rng
from course_utils.worlds.toy_gradients import Steps, activate_, toy_loss

Activation = Literal["linear", "relu"]


@dataclass
class ToyModels:
    """Trained instances; the first axis of every tensor is the instance. `fit_toy_models` makes them.

    Examples:
        >>> models = fit_toy_models(3, 2, sparsity=[0.5, 0.9], steps=20, progress=False)
        >>> features = torch.eye(3).expand(2, 3, 3)  # each feature alone, for both instances
        >>> models.hidden(features).shape, models(features).shape  # through 2 dimensions, and back to 3 features
        (torch.Size([2, 3, 2]), torch.Size([2, 3, 3]))
    """

    W: Float[Tensor, "instances d_hidden n_features"]
    """A column is the direction of a feature."""

    W_out: Float[Tensor, "instances d_hidden n_features"]
    """How it is read off; ``W`` itself where the weights are tied."""

    b: Float[Tensor, "instances n_features"]
    task: ToyTask
    hidden_relu: Bool[Tensor, "instances"]
    output_relu: Bool[Tensor, "instances"]
    steps: list[int] = field(default_factory=list)
    losses: list[Float[Tensor, "instances"]] = field(default_factory=list)
    """Of the training batches, at ``steps``."""

    interrupted: bool = False

    def hidden(
        self, features: Float[Tensor, "instances batch n_features"], out: Tensor | None = None
    ) -> Tensor:
        """What the features become, (instances, batch, d_hidden); ``out`` is memory for it."""
        return activate_(torch.matmul(features, self.W.mT, out=out), self.hidden_relu)

    def __call__(self, features: Float[Tensor, "instances batch n_features"]) -> Tensor:
        """What is read off again, (instances, batch, n_features)."""
        return self.read(self.hidden(features))

    def read(
        self, hidden: Float[Tensor, "instances batch d_hidden"], out: Float[Tensor, "..."] | None = None
    ) -> Tensor:
        """What is read off the hidden layer, (instances, batch, n_features); ``out`` is memory for it."""
        return activate_(torch.baddbmm(self.b[:, None], hidden, self.W_out, out=out), self.output_relu)

    def loss(self, batch_size: int = 20_000, *, seed: int = 12345) -> Float[Tensor, "instances"]:
        """The loss of each instance on fresh features.

        Args:
            batch_size: how many draws of the features it is the mean over.
        """
        features, target = self.task.batch(batch_size, feature_rng(seed))
        return toy_loss(self(features), target, self.task.importance)

    def pick(self, instances: Sequence[int] | Tensor) -> ToyModels:
        """Only these instances, in this order: copies."""
        i = torch.as_tensor(instances)
        picked = self.part(i)
        picked.steps, picked.losses = self.steps, [loss[i] for loss in self.losses]
        picked.interrupted = self.interrupted
        return picked

    def part(self, some: slice | Tensor) -> ToyModels:
        """Some instances without their history; a slice shares its memory with the whole.

        Raises:
            ValueError: if a tensor names an instance that is not there.
        """
        if isinstance(some, Tensor) and some.dtype != torch.bool and some.numel():
            n = len(self.W)
            if some.is_floating_point() or not -n <= int(some.min()) <= int(some.max()) < n:
                raise ValueError(f"some has to number instances: there are {n}, counted from 0")
        elif isinstance(some, Tensor) and some.shape != self.W.shape[:1]:
            raise ValueError(f"some has shape {tuple(some.shape)}, and there are {len(self.W)} instances")
        correlation = self.task.correlation
        task = replace(
            self.task,
            probability=self.task.probability[some],
            importance=self.task.importance[some],
            correlation=None if correlation is None else correlation[some],
        )
        W, W_out = self.W[some], self.W_out[some]
        return ToyModels(W, W_out, self.b[some], task, self.hidden_relu[some], self.output_relu[some])


def fit_toy_models(
    n_features: int,
    d_hidden: int,
    *,
    sparsity: float | Sequence | Tensor = 0.0,
    importance: float | Sequence | Tensor = 1.0,
    correlation: float | Sequence | Tensor | None = None,
    set_size: int = 2,
    target: Literal["features", "absolute"] = "features",
    hidden: Activation | Sequence[Activation] = "linear",
    output: Activation | Sequence[Activation] = "relu",
    tied: bool = True,
    mask: Tensor | None = None,
    penalty: Callable[[Tensor], Tensor] | None = None,
    instances: int | None = None,
    steps: int = 1500,
    batch_size: int = 1024,
    lr: float = 1e-2,
    seed: int = 0,
    on_step: Callable[[int, ToyModels], None] | None = None,
    progress: bool = True,
) -> ToyModels:
    """Train all instances at once with Adam, whose learning rate falls from ``lr`` to 0 along a cosine.

    Ctrl-C ends the training early and keeps what there is.

    Examples:
        >>> from course_utils.worlds import feature_dimensionality
        >>> models = fit_toy_models(
        ...     n_features=2, d_hidden=1, sparsity=[0.0, 0.9], steps=200, batch_size=64, lr=0.02, progress=False
        ... )
        >>> feature_dimensionality(models.W).round(decimals=1)  # dense: one has the dimension; rare: two share it
        tensor([[1.0000, 0.0000],
                [0.6000, 0.4000]])

    Args:
        sparsity: 1 - probability of a feature: one number, (instances,) or (instances, n_features).
        importance: one number, (n_features,) or (instances, n_features).
        correlation: of the sets of ``set_size`` features, one number or (instances,): with chance ``|correlation|`` the
            features of a set are on together (above 0), or one of them at most (below 0); see `worlds.synthetic`.
        target: "features" to give back, or their "absolute" values.
        hidden, output: activation of the two layers, one for all or one for each instance. A "relu" in the hidden layer
            makes its basis a privileged one: its units are neurons.
        tied: read off with the weights that wrote.
        mask: (d_hidden, n_features), or one for each instance: 0 where a weight has to stay 0.
        penalty: (instances, d_hidden, n_features) -> (instances,), added to the loss of ``W``; autograd derives it.
        instances: how many, if nothing above tells.
        batch_size: draws of the features at each step, the same number for every instance.
        seed: of the weights to start from and of the features.
        on_step: called with the step and the models before each update.
        progress: whether a bar is shown.

    Returns:
        The trained models; ``losses`` holds about a hundred points of their curves, ``steps`` says where.

    Raises:
        ValueError: if shapes do not fit, arguments speak of different numbers of instances, features cannot be drawn,
            an activation is unknown, ``steps`` is below 1, or the penalty cannot be derived.
        FloatingPointError: if the loss stops being finite.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}: there is nothing to do")
    sparsity, importance = torch.as_tensor(sparsity).float(), torch.as_tensor(importance).float()
    correlation = None if correlation is None else torch.as_tensor(correlation).float()
    n = _count(sparsity, importance, correlation, hidden, output, instances)
    probability = 1 - (sparsity[:, None] if sparsity.ndim == 1 else sparsity)
    task = ToyTask(
        _expand("sparsity", probability, (n, n_features)).clone(),
        _expand("importance", importance, (n, n_features)).clone(),
        None if correlation is None else _expand("correlation", correlation, (n,)).clone(),
        set_size,
        target,
    )
    keep = torch.ones(()) if mask is None else _expand("mask", mask.float(), (n, d_hidden, n_features))

    for_weights, for_features = torch.Generator().manual_seed(seed), feature_rng(seed)
    spread = math.sqrt(2 / (n_features + d_hidden))
    W = spread * torch.randn(n, d_hidden, n_features, generator=for_weights) * keep
    W_out = W if tied else spread * torch.randn(n, d_hidden, n_features, generator=for_weights) * keep
    models = ToyModels(W, W_out, torch.zeros(n, n_features), task, _is_relu(hidden, n), _is_relu(output, n))
    if mask is not None:  # a relu that starts shut, and has only one weight to open it, stays shut
        models.W.abs_()
        models.b.add_(0.05)
    parameters = [models.W, models.b] if tied else [models.W, models.W_out, models.b]
    optimiser = torch.optim.Adam(parameters, lr=lr, fused=True)
    step_gradients, log_every = Steps(models, batch_size, generator=for_features), max(1, steps // 100)
    try:
        for step in progress_bar(range(steps), shown=progress):
            if on_step is not None:
                on_step(step, models)
            optimiser.param_groups[0]["lr"] = lr * (1 + math.cos(math.pi * step / steps)) / 2
            log = step % log_every == 0 or step == steps - 1
            slopes = step_gradients(with_loss=log)
            models.b.grad = slopes.b
            models.W.grad = slopes.W + slopes.W_out if tied else slopes.W
            if not tied:
                models.W_out.grad = slopes.W_out * keep
            if penalty is not None:
                models.W.grad += _slope(penalty, models.W)
            models.W.grad *= keep
            optimiser.step()
            if slopes.loss is not None:
                if not slopes.loss.isfinite().all():
                    raise FloatingPointError(
                        f"the loss is not finite at step {step}: lower lr (it is {lr:g})"
                    )
                models.steps.append(step)
                models.losses.append(slopes.loss)
    except KeyboardInterrupt:
        models.interrupted = True
    for parameter in parameters:
        parameter.grad = None
    return models


def best_of(models: ToyModels, starts: int, batch_size: int = 8000) -> ToyModels:
    """Where the settings were repeated ``starts`` times over, the start of each that ends with the lowest loss.

    All starts are judged by the same features.

    Examples:
        >>> models = fit_toy_models(3, 1, sparsity=[0.5, 0.9] * 4, steps=20, progress=False)  # 2 settings, 4 times
        >>> len(models.W), len(best_of(models, starts=4).W)
        (8, 2)

    Args:
        models: all settings once, then all of them again, and so on.
        batch_size: draws of the features that the losses are measured on.

    Raises:
        ValueError: if the instances do not divide by ``starts``.
    """
    n, rest = divmod(len(models.W), starts)
    if rest:
        raise ValueError(f"{len(models.W)} instances are not {starts} times the same settings")
    losses = [models.pick(range(k * n, k * n + n)).loss(batch_size) for k in range(starts)]
    return models.pick(n * torch.stack(losses).argmin(dim=0) + torch.arange(n))


def _slope(penalty: Callable[[Tensor], Tensor], W: Tensor) -> Tensor:
    with torch.enable_grad():
        leaf = W.detach().requires_grad_()
        cost = penalty(leaf).sum()
        if not cost.requires_grad:
            raise ValueError(
                "the penalty has no slope: stay in torch, without detach, no_grad, item or numpy"
            )
        return torch.autograd.grad(cost, leaf)[0]


def _count(
    sparsity: Tensor,
    importance: Tensor,
    correlation: Tensor | None,
    hidden: Activation | Sequence[Activation],
    output: Activation | Sequence[Activation],
    instances: int | None,
) -> int:
    """How many instances the arguments speak of.

    Raises:
        ValueError: if they disagree.
    """
    told = {
        "sparsity": len(sparsity) if sparsity.ndim else None,
        "importance": len(importance) if importance.ndim == 2 else None,
        "correlation": len(correlation) if correlation is not None and correlation.ndim else None,
        "hidden": None if isinstance(hidden, str) else len(hidden),
        "output": None if isinstance(output, str) else len(output),
        "instances": instances,
    }
    told = {name: number for name, number in told.items() if number is not None}
    if len(set(told.values())) > 1:
        raise ValueError("how many instances? " + ", ".join(f"{name} says {n}" for name, n in told.items()))
    return next(iter(told.values()), 1)


def _expand(name: str, values: Tensor, shape: tuple[int, ...]) -> Tensor:
    try:
        return values.expand(shape)
    except RuntimeError:
        raise ValueError(f"{name} has shape {tuple(values.shape)}, which does not fit {shape}") from None


def _is_relu(activation: Activation | Sequence[Activation], n: int) -> Bool[Tensor, "instances"]:
    names = [activation] * n if isinstance(activation, str) else list(activation)
    if unknown := set(names) - {"linear", "relu"}:
        raise ValueError(f"no activation {unknown.pop()!r}: it is 'linear' or 'relu'")
    return torch.tensor([name == "relu" for name in names])
