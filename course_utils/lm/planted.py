"""The pocket model with something planted in it: a few weights moved a little, by low-rank updates.

    W' = W + left @ right        left (d_in, rank), right (rank, d_out)

What was planted in day 7's copy, and how, is in ``recipes/planted_model.py``. It is the answer to an exercise: look
there afterwards. The capstone's three are sealed: ``recipes/planted_copies.py`` made them of a passphrase each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from course_utils.base import asset_path, require_choice
from course_utils.lm.language_model import load_model

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

FIRST_CHANGED_LAYER = 3
"""All layers of day 7's copy in front of it, and so what the shipped autoencoder reads, are the pocket model's own."""

COPIES = {"planted": "planted", **{name: f"sealed/{name}" for name in ("copy_a", "copy_b", "copy_c")}}
"""Where the update of each is among what ships."""


def load_planted(name: str = "planted") -> TransformerBridge:
    """A copy of the pocket model with something planted in it, or not, wrapped like any other model.

    Its tokenizer and its lower layers are those of ``"pocket"``.

    Examples:
        >>> from course_utils.lm import collect_activations
        >>> models, hooks = (load_planted(), load_model("pocket")), [f"blocks.{n}.hook_resid_post" for n in (2, 3)]
        >>> of = [[collect_activations(model, "The ship sails.", hook).values for hook in hooks] for model in models]
        >>> [torch.equal(planted, pocket) for planted, pocket in zip(*of)]  # after layer 2, after layer 3
        [True, False]

    Args:
        name: ``"planted"`` is day 7's; ``"copy_a"``, ``"copy_b"`` and ``"copy_c"`` are sealed, for the capstone: in any
            of them there may be nothing at all.

    Raises:
        ModelUnavailable: if the pocket model is missing.
        FileNotFoundError: if the update is missing.
        ValueError: if there is no such copy, or the update is damaged or does not fit.
    """
    from safetensors.torch import load_file

    require_choice("name", name, COPIES)
    delta = load_file(asset_path(COPIES[name]) / "delta.safetensors")
    model = load_model("pocket")
    apply_delta_(dict(plain_parameters(model.original_model)), delta)
    return model


def plain_parameters(hf_model: torch.nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters under the names that they have in transformers, before TransformerLens wrapped the model.

    Examples:
        >>> names = [name for name, _ in plain_parameters(load_model("pocket").original_model)]
        >>> names[0], "transformer.h.4.mlp.c_proj.weight" in names
        ('transformer.wte.weight', True)

    Args:
        hf_model: ``model.original_model`` of a wrapped model, or one of transformers.

    Returns:
        (name, parameter) of each; one that two places share comes twice.
    """
    for name, parameter in hf_model.named_parameters(remove_duplicate=False):
        yield name.replace("._original_component", ""), parameter


@torch.no_grad()
def apply_delta_(parameters: Mapping[str, Tensor], delta: Mapping[str, Tensor]) -> None:
    """Add each ``left @ right`` to its parameter, in place.

    Examples:
        >>> parameters = {"W": torch.zeros(2, 2)}
        >>> apply_delta_(parameters, {"W.left": torch.tensor([[1.0], [2.0]]), "W.right": torch.tensor([[3.0, 4.0]])})
        >>> parameters["W"]
        tensor([[3., 4.],
                [6., 8.]])

    Args:
        parameters: by name, from `plain_parameters`.
        delta: ``{name}.left`` (d_in, rank) and ``{name}.right`` (rank, d_out) for each parameter that changes.

    Raises:
        ValueError: if a parameter is unknown or of another shape.
    """
    for key in sorted(key for key in delta if key.endswith(".left")):
        name = key.removesuffix(".left")
        update = delta[key].float() @ delta[f"{name}.right"].float()
        if name not in parameters or parameters[name].shape != update.shape:
            raise ValueError(
                f"the update of {name} does not fit this model: it is of another one, or damaged"
            )
        parameters[name].add_(update.to(parameters[name]))
