"""Units that can be read and written: latents, neurons and plain directions, all in one form.

A unit stands at a hook point. It has a value on every token, and a direction that one unit of its value adds there:

    latent       value  sae.encode(x)[i]     direction  W_dec[i]
    neuron       value  x[i]                 direction  the i-th axis
    direction    value  x · v / |v|          direction  v / |v|

To write a new value is to add the difference along the direction: x + (new - old) · direction. What the unit does not
account for, an autoencoder's error term included, stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.lm import check_hook_name, neurons_per_layer
from course_utils.sae import SAE, hook_name_of

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

How = Literal["add", "clamp", "scale"]
Hook = tuple[str, Callable[..., Tensor]]
"""What ``run_with_hooks(fwd_hooks=[…])`` takes: a hook point and a function of (activation, hook)."""


@dataclass(frozen=True, eq=False)
class Units:
    """Some units of one kind at one hook point."""

    hook_name: str
    directions: Float[Tensor, "n d"]
    """What one unit of each value adds to the activation."""

    read: Callable[[Float[Tensor, "... d"]], Float[Tensor, "... n"]]
    """Their values."""

    rebuild: Callable[[Float[Tensor, "... d"], Float[Tensor, "... n"]], Float[Tensor, "... d"]] | None = None
    """(activation, new values) → activation, for units that do not keep the rest as it was."""

    def __len__(self) -> int:
        return len(self.directions)

    def write(
        self, x: Float[Tensor, "... d"], new: Float[Tensor, "... n"], old: Float[Tensor, "... n"]
    ) -> Float[Tensor, "... d"]:
        """The activation with the values ``new`` in place of ``old``."""
        return self.rebuild(x, new) if self.rebuild else x + (new - old) @ self.directions.to(x)


def latent_units(sae: SAE, which: int | Sequence[int], *, keep_error: bool = True) -> Units:
    """Latents of an autoencoder, at the hook point that it reads.

    Examples:
        >>> from course_utils.sae import load_sae
        >>> units = latent_units(load_sae("layer_2"), [17, 18])
        >>> units.hook_name, units.directions.shape
        ('blocks.2.hook_resid_post', torch.Size([2, 256]))

    Args:
        which: their numbers, counted from 0.
        keep_error: False puts the reconstruction in the activation's place, with the new values in it: what the
            autoencoder misses is lost. With every latent at zero, exactly ``b_dec`` is left.

    Raises:
        ValueError: if the autoencoder does not say where it reads, or has no such latent.
    """
    which = _numbers(which, sae.d_sae, "latent")
    hook_name = hook_name_of(sae)

    def rebuild(x: Tensor, new: Tensor) -> Tensor:
        latents = sae.encode(x.float())
        latents[..., which] = new.to(latents)
        return sae.decode(latents, x.float()).to(x)

    return Units(
        hook_name,
        sae.W_dec.detach()[which],
        lambda x: sae.encode(x.float())[..., which].detach().to(x),
        None if keep_error else lambda x, new: rebuild(x, new).detach(),
    )


def neuron_units(model: TransformerBridge, layer: int, which: int | Sequence[int]) -> Units:
    """MLP neurons of a layer, after their activation function.

    Examples:
        >>> from course_utils.lm import load_model
        >>> units = neuron_units(load_model("pocket"), layer=2, which=[5, 17])
        >>> units.hook_name, units.read(torch.arange(1024.0))  # from an activation in which neuron i has the value i
        ('blocks.2.mlp.hook_post', tensor([ 5., 17.]))

    Args:
        layer: counted from 0.
        which: numbers of the neurons, counted from 0.

    Raises:
        ValueError: if there is no such layer or neuron.
    """
    _numbers(layer, model.cfg.n_layers, "layer")
    n_neurons = neurons_per_layer(model)
    which = _numbers(which, n_neurons, "neuron")
    return Units(f"blocks.{layer}.mlp.hook_post", torch.eye(n_neurons)[which], lambda x: x[..., which])


def direction_unit(direction: Float[Tensor, "d"], hook_name: str) -> Units:
    """A direction of any length at a hook point; its value on a token is the signed length of the projection.

    Examples:
        >>> unit = direction_unit(torch.tensor([3.0, 4.0]), "blocks.2.hook_resid_post")
        >>> unit.directions, unit.read(torch.tensor([[1.0, 0.0]]))
        (tensor([[0.6000, 0.8000]]), tensor([[0.6000]]))

    Raises:
        ValueError: if the direction is zero, or not a single vector.
    """
    if direction.ndim != 1 or not direction.norm() > 0:
        raise ValueError(f"a direction is one vector that is not zero, not of shape {tuple(direction.shape)}")
    unit = (direction / direction.norm()).detach()[None]
    return Units(hook_name, unit, lambda x: x @ unit.to(x).T)


def _numbers(which: int | Sequence[int], n: int, what: str) -> list[int]:
    numbers = [int(which)] if isinstance(which, int) else [int(i) for i in which]
    for number in numbers:
        if not 0 <= number < n:
            raise ValueError(f"there is no {what} {number}: there are {n}, counted from 0")
    return numbers


def edit_hook(
    units: Units,
    how: How,
    amount: float | Float[Tensor, "batch"],
    positions: slice | Sequence[int] = slice(1, None),
) -> Hook:
    """A hook that changes the units' values on some tokens.

    Examples:
        >>> unit = direction_unit(torch.tensor([1.0, 0.0]), "blocks.2.hook_resid_post")
        >>> hook_name, change = edit_hook(unit, "clamp", 5.0)
        >>> change(torch.ones(1, 3, 2))  # BOS and two tokens; model.run_with_hooks(fwd_hooks=[…]) takes the pair
        tensor([[[1., 1.],
                 [5., 1.],
                 [5., 1.]]])

    Args:
        how: ``"add"`` the amount to the value, ``"clamp"`` the value to it, or ``"scale"`` the value by it.
        amount: one number, or one for each text of the batch.
        positions: of the tokens; by default all but BOS, which autoencoders are not trained on.

    Returns:
        The hook point's name, and a function of (activation, hook) that leaves what it is given alone and returns the
        edited activation.

    Raises:
        ValueError: if ``how`` is unknown.
    """
    if how not in ("add", "clamp", "scale"):
        raise ValueError(f"how is {how!r}, not 'add', 'clamp' or 'scale'")

    def change(x: Float[Tensor, "batch pos d"], hook: object = None) -> Float[Tensor, "batch pos d"]:
        some = x[:, positions]
        value = torch.as_tensor(amount, dtype=x.dtype, device=x.device)
        value = value[:, None, None] if value.ndim else value  # a number for each text, on all its tokens
        if how == "add" and units.rebuild is None:
            moved = some + value * units.directions.to(x).sum(dim=0)
        else:
            old = units.read(some)
            new = {"add": old + value, "clamp": value.expand_as(old), "scale": old * value}[how]
            moved = units.write(some, new, old)
        x = x.clone()
        x[:, positions] = moved
        return x

    return units.hook_name, change


@contextmanager
def ablate(
    model: TransformerBridge, units: Units | Sequence[Units], value: float = 0.0
) -> Iterator[TransformerBridge]:
    """Inside the ``with``, the model runs with these units held at a value on every token but BOS.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model = load_model("pocket")
        >>> ids = tokenize(model, "The ship sails").ids
        >>> with ablate(model, neuron_units(model, layer=2, which=[5, 17])):
        ...     logits = model(ids)
        >>> torch.equal(logits, model(ids))
        False

    Args:
        units: from `latent_units`, `neuron_units` or `direction_unit`; or several of them, also at different hook
            points.
        value: what they are held at; 0 removes them.

    Yields:
        The same model.

    Raises:
        ValueError: if the model does not have their hook point.
    """
    units = [units] if isinstance(units, Units) else list(units)
    for some in units:
        check_hook_name(model, some.hook_name)
    with model.hooks(fwd_hooks=[edit_hook(some, "clamp", value) for some in units]):
        yield model
