"""What a stream of batches hands to training: taken as it is meant, or refused in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.sae import SAE, Transcoder


def as_table(batch: Any, sae: SAE) -> Float[Tensor, "batch width"]:
    """A batch in the precision that it was given in; NumPy's arrays and any floats will do.

    Of a `Transcoder` it may be a pair (input, output), which is laid side by side.

    Raises:
        ValueError: if it is no table (batch, width) of floats, or has no rows.
    """
    wanted = f"a batch must be a float tensor (batch, {sae.width})"
    if isinstance(sae, Transcoder):
        wanted = _wanted(sae)
        batch = _side_by_side(batch, sae)
    if isinstance(batch, np.ndarray):
        batch = torch.from_numpy(batch)
    if not isinstance(batch, Tensor):
        hint = (
            ": a TensorDataset gives tuples, take the first of each"
            if isinstance(batch, tuple | list)
            else ""
        )
        raise ValueError(f"{wanted}, not a {type(batch).__name__}{hint}")
    if batch.ndim != 2 or batch.shape[1] != sae.width or not batch.is_floating_point():
        kind = str(batch.dtype).removeprefix("torch.")
        raise ValueError(f"{wanted}, not {kind} {tuple(batch.shape)}: see activation_batches")
    if not len(batch):
        raise ValueError(f"{wanted}, and this one has no rows")
    return batch


def _wanted(sae: Transcoder) -> str:
    return f"a batch must be a pair (batch, {sae.d_in}), (batch, {sae.d_out}), or both side by side"


def _side_by_side(batch: Any, sae: Transcoder) -> Any:
    """A transcoder's (input, output) as one table; whatever else it is comes back as it is.

    Raises:
        ValueError: if the two do not fit each other or the transcoder.
    """
    if not isinstance(batch, tuple | list):
        return batch
    parts = [torch.as_tensor(part) for part in batch]
    shapes = [tuple(part.shape) for part in parts]
    n = shapes[0][:1] if shapes else ()
    if shapes != [(*n, sae.d_in), (*n, sae.d_out)]:
        raise ValueError(f"{_wanted(sae)}, not {', '.join(map(str, shapes))}")
    return torch.cat(parts, dim=1)


def check_trainable(sae: SAE) -> None:
    """Raises a ValueError if the weights are too coarse for Adam's steps, or it normalises each token."""
    if sae.normalize_activations != "none":
        raise ValueError(
            f"this SAE normalises each token ({sae.normalize_activations}): such ones are read from their publishers' "
            "files, not trained"
        )
    if sae.W_dec.dtype not in (torch.float32, torch.float64):
        kind = str(sae.W_dec.dtype).removeprefix("torch.")
        raise ValueError(f'the autoencoder is {kind}: train it as float32 (sae.float()), with speed="auto"')


def said_of_the_end(done: int, steps: int | None) -> str | None:
    """What to tell if a stream ended before the steps were done, or None.

    Raises:
        ValueError: if it gave nothing at all.
    """
    if not done:
        raise ValueError("the batches gave nothing: an iterator that was used up? make them anew")
    if steps is not None and done < steps:
        return f"the batches ended after {done} of {steps} steps: the learning rate did not decay to its end"
    return None
