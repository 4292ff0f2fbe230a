"""Transcoders on disk, in SAELens' format for them: ``cfg.json`` and ``sae_weights.safetensors``.

SAELens has four kinds: ``transcoder`` and ``jumprelu_transcoder``, and both with a skip connection. Its own field for the
place that one writes to is free, so that stands in ``metadata`` under the name that SAELens gives the field elsewhere,
``hook_name_out``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils.base import DATA, asset_path
from course_utils.sae.files import described, in_precision
from course_utils.sae.saelens_files import WEIGHTS, read_pair, write_pair
from course_utils.sae.tensor_files import Config
from course_utils.sae.transcoder import TRANSCODED, Transcoder

READ_AS = {kind: name for name, kind in TRANSCODED.items() if name != "batchtopk"}


def save_transcoder(
    transcoder: Transcoder, folder: str | Path, *, dtype: torch.dtype = torch.float32, **metadata: Any
) -> None:
    """Write what `load_transcoder` and SAELens read back; ``"batchtopk"`` as the ``"jumprelu"`` that it is by now.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     save_transcoder(Transcoder(8, 32, skip=True), folder, hook_name="blocks.2.mlp.hook_in")
        ...     load_transcoder(folder)
        Transcoder(d_in=8, d_sae=32, architecture='relu', d_out=8, skip=True)

    Args:
        folder: made if it is not there; what it holds of these files is replaced.
        dtype: of the stored weights, as for `save_sae`.
        metadata: added to ``transcoder.metadata``: model_name, hook_name, hook_name_out …

    Raises:
        ValueError: as `save_sae`.
        OSError: if the disk refuses; what was there before is still there.
    """
    kind = TRANSCODED[transcoder.architecture]
    cfg = {
        "architecture": kind if transcoder.W_skip is None else kind.replace("transcoder", "skip_transcoder"),
        "d_in": transcoder.d_in,
        "d_out": transcoder.d_out,
        "d_sae": transcoder.d_sae,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": False,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": described(transcoder, metadata),
    }
    write_pair(Path(folder).expanduser(), cfg, in_precision(transcoder, dtype))


def load_transcoder(folder: str | Path) -> Transcoder:
    """A saved transcoder, in float32: its folder, or the name of one that ships (``"layer_2"``).

    Examples:
        >>> load_transcoder("layer_2")
        Transcoder(d_in=256, d_sae=1024, architecture='jumprelu', d_out=256, skip=True)

    Args:
        folder: with the two files of SAELens' format.

    Raises:
        FileNotFoundError: if there is no such folder, and none of this name ships.
        ValueError: if the files are damaged, do not belong together, or are of something else.
    """
    path = _located(folder)
    cfg, weights = read_pair(path)
    kind = cfg.text("architecture") or ""
    skip = "skip_transcoder" in kind
    architecture = READ_AS.get(kind.replace("skip_transcoder", "transcoder"))
    if architecture is None:
        known = ", ".join((*READ_AS, *(kind.replace("transcoder", "skip_transcoder") for kind in READ_AS)))
        raise ValueError(f"{cfg.path} is of a {kind or 'standard'!r}, not of a transcoder: {known}")
    if cfg.get("normalize_activations") not in (None, "none"):
        raise ValueError(
            f"{cfg.path}: normalize_activations {cfg['normalize_activations']!r} is not read for transcoders"
        )
    sizes = _sizes(cfg, weights)
    transcoder = Transcoder(sizes["d_in"], sizes["d_sae"], architecture, d_out=sizes["d_out"], skip=skip)
    _check(path / WEIGHTS, weights, {name: tuple(p.shape) for name, p in transcoder.named_parameters()})
    transcoder.load_state_dict(weights)
    transcoder.metadata = {key: value for key, value in cfg.part("metadata").items() if value is not None}
    return transcoder.eval()


def _located(folder: str | Path) -> Path:
    shipped = sorted(p.name for p in (DATA / "transcoders").glob("*") if p.is_dir())
    if isinstance(folder, str) and folder in shipped:
        return asset_path(f"transcoders/{folder}")
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise FileNotFoundError(
            f"there is no folder {path}; the transcoders that ship are {', '.join(shipped)}"
        )
    return path


def _sizes(cfg: Config, weights: dict[str, Tensor]) -> dict[str, int]:
    """d_in, d_sae and d_out, as the weights have them and the configuration does not deny."""
    sizes: dict[str, int] = {}
    for name, axes in {"W_enc": ("d_in", "d_sae"), "W_dec": ("d_sae", "d_out")}.items():
        if name not in weights or weights[name].ndim != 2:
            raise ValueError(
                f"{cfg.path.parent / WEIGHTS} has no {name} of two axes, which a transcoder needs"
            )
        sizes |= dict(zip(axes, weights[name].shape, strict=True))
    for name, size in sizes.items():
        if cfg.whole(name) not in (None, size):
            raise ValueError(f"{cfg.path} says that {name} is {cfg[name]}, and the weights have {size}")
    return sizes


def _check(path: Path, weights: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]) -> None:
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if found != shapes:
        raise ValueError(f"{path} has {found}, and this kind of transcoder needs {shapes}")
    for name, tensor in weights.items():
        if not tensor.is_floating_point() or not tensor.isfinite().all():
            raise ValueError(f"{path}: {name} is not all finite numbers, so the file is damaged")
