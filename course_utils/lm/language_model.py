"""A language model to look into: GPT-2 small where it is at hand, else the pocket model that ships with the course.

Every model is wrapped by TransformerLens as it is: no layer norm folded, no weight centred. Its logits are those of
transformers, and what an autoencoder learned at a hook point holds at that hook point. Wherever a model comes from, it
is a folder on this machine first and opened from there, so that opening one never waits for a network.

``COURSE_MODEL`` in the environment says what ``load_model()`` takes: ``auto`` (as if unset), ``pocket``, ``gpt2`` or a
folder. ``COURSE_GPT2`` names a folder that holds GPT-2 small. Those of Hugging Face (``HF_HOME``, ``HF_HUB_CACHE``,
``HF_HUB_OFFLINE``, ``HF_ENDPOINT``) count as everywhere.
"""

from __future__ import annotations

import gc
import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils.base import asset_path, cached_folder, first_line, hub_problem
from course_utils.lm.model_size import what_it_reads

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

GPT2_REPOSITORY = "openai-community/gpt2"
GPT2_FILES = ("config.json", "tokenizer.json", "model.safetensors")
HERE = "found on this machine"
TITLES = {"pocket": "pocket GPT-2", GPT2_REPOSITORY: "GPT-2 small"}


class ModelUnavailable(RuntimeError):
    """The model could not be had: it is not on this machine, and cannot be fetched now."""


def load_model(name: str | Path = "auto") -> TransformerBridge:
    """A language model with hook points: float32, on the CPU, in eval mode, no gradients for its weights.

    Examples:
        >>> model = load_model("pocket")
        >>> describe_model(model)
        'pocket GPT-2: 5 layers, d_model 256, 6.1 M parameters'

    Args:
        name: ``"pocket"``, the small GPT-2 that ships with the course; ``"gpt2"``, GPT-2 small from ``COURSE_GPT2``,
            the Hugging Face cache or the hub (548 MB, downloaded once); any other string or a `Path`, a folder with a
            causal language model; ``"auto"``, what ``COURSE_MODEL`` says, else GPT-2 if it is on this machine, else
            the pocket model. ``"auto"`` downloads nothing and prints one line that says what it took.

    Returns:
        TransformerLens' wrapper, with ``tokenizer``, ``cfg`` and ``run_with_hooks``.

    Raises:
        ModelUnavailable: if the folder does not exist, or GPT-2 is not here and the hub does not answer in time or
            breaks off.
        ValueError: if what is there cannot be used: damaged, incomplete, or not a causal language model.
    """
    if name == "auto":
        return _auto()
    if name == "pocket":
        return _open(_pocket(), "pocket")
    if name == "gpt2":
        return _open(find_gpt2() or _gpt2_from_hub(), GPT2_REPOSITORY)
    folder = Path(name).expanduser().resolve()
    return _open(folder, str(folder))


def describe_model(model: TransformerBridge) -> str:
    """One line: which model, how many layers, how wide, how large.

    Examples:
        >>> describe_model(load_model("pocket"))
        'pocket GPT-2: 5 layers, d_model 256, 6.1 M parameters'
    """
    title = TITLES.get(model.cfg.model_name, Path(model.cfg.model_name).name)
    parameters = dict(model.original_model.named_parameters())
    # GPT-2's q, k and v are listed beside the joint matrix of which they are views
    joint = {name: re.sub(r"\.[qkv]\.", ".qkv.", name) for name in parameters}
    size = sum(p.numel() for n, p in parameters.items() if joint[n] == n or joint[n] not in parameters) / 1e6
    return f"{title}: {model.cfg.n_layers} layers, d_model {model.cfg.d_model}, {size:.1f} M parameters"


def _auto() -> TransformerBridge:
    name, why = _choose()
    try:
        model = load_model(name)
    except (ModelUnavailable, ValueError) as error:
        if why != HERE:
            raise
        name, why = "pocket", " ".join(str(error).split())
        model = load_model(name)
    pocket = 'load_model("pocket") takes the small model that ships with the course'
    gpt2 = 'load_model("gpt2") takes GPT-2 small (548 MB from the hub, once)'
    print(f"{describe_model(model)} ({why}){what_it_reads(model)}; {gpt2 if name == 'pocket' else pocket}.")
    return model


def _choose() -> tuple[str, str]:
    """What ``"auto"`` takes, and why. It looks at this machine only, so that no network can keep a notebook waiting."""
    asked = os.environ.get("COURSE_MODEL") or "auto"
    if asked != "auto":
        return asked, f"COURSE_MODEL={asked}"
    return ("gpt2", HERE) if find_gpt2() else ("pocket", "GPT-2 small is not on this machine")


def _pocket() -> Path:
    try:
        return asset_path("pocket")
    except FileNotFoundError as error:
        raise ModelUnavailable(
            "the pocket model is missing from this copy of the course: clone or install it again"
        ) from error


def find_gpt2() -> Path | None:
    """The folder of GPT-2 small if it is on this machine: ``COURSE_GPT2``, or a complete copy in the cache.

    Examples:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, COURSE_GPT2="models/gpt2"):
        ...     find_gpt2() == Path("models/gpt2").resolve()
        True

    Returns:
        None if there is no copy. The folder that ``COURSE_GPT2`` names is returned unseen.
    """
    if os.environ.get("COURSE_GPT2"):
        return Path(os.environ["COURSE_GPT2"]).expanduser().resolve()
    for repository in (
        GPT2_REPOSITORY,
        "gpt2",
    ):  # its name today, and the name under which older programs cached it
        if folder := cached_folder(repository, GPT2_FILES):
            return folder
    return None


def _gpt2_from_hub() -> Path:
    from huggingface_hub import hf_hub_download

    instead = 'set COURSE_GPT2 to a folder that holds it, or use load_model("pocket")'
    problem = hub_problem()
    if problem:
        raise ModelUnavailable(
            f"GPT-2 small is not complete in the Hugging Face cache and {problem}: "
            f"try again with a network, {instead}"
        )
    try:
        with _quiet():
            paths = [hf_hub_download(GPT2_REPOSITORY, file) for file in GPT2_FILES]
    except Exception as error:  # the network's, the hub's or the disk's
        raise ModelUnavailable(
            f"the download of GPT-2 small broke off ({first_line(error)}): try again, {instead}"
        ) from error
    return Path(paths[0]).parent


def _open(folder: Path, name: str) -> TransformerBridge:
    """Wrap the model in a folder; whatever the libraries raise on damaged files becomes one sentence."""
    if not folder.is_dir():
        raise ModelUnavailable(
            f'there is no folder {folder}: name the folder of a saved model, or use load_model("pocket")'
        )
    with _no_collecting(), _quiet(progress_bars=False):
        import torch
        from transformer_lens.model_bridge import TransformerBridge

        part = "config.json"
        try:
            _check_config(folder)
            part = "weights"
            hf_model = _read_weights(folder)
            part = "tokenizer"
            tokenizer = _read_tokenizer(folder, hf_model)
            with torch.random.fork_rng(devices=[]):  # the bridge draws weights that it throws away
                model = TransformerBridge.boot_transformers(
                    name, hf_model=hf_model, tokenizer=tokenizer, device="cpu"
                )
        except Exception as error:
            advice = "put a complete copy there, or name the folder of another causal language model"
            if folder.parent.name == "snapshots":  # of links: what they point to has to go
                advice = f"delete {folder.parents[1]} and load it again"
            raise ValueError(
                f"the {part} in {folder} cannot be used ({first_line(error)}): {advice}"
            ) from error
    return model.eval().requires_grad_(False)


def _check_config(folder: Path) -> None:
    """Transformers would take BERT for a causal language model too, without a word."""
    from transformer_lens.factories.architecture_adapter_factory import SUPPORTED_ARCHITECTURES
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as CAUSAL

    if not (folder / "config.json").is_file():
        raise ValueError("there is none")
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    architecture = (config.architectures or [CAUSAL.get(config.model_type)])[0]
    usable = set(CAUSAL.values()) & set(SUPPORTED_ARCHITECTURES) - {"BertLMHeadModel"}  # it reads both ways
    if architecture not in usable:
        raise ValueError(f"{architecture} is not a causal language model that TransformerLens can wrap")


def _read_weights(folder: Path) -> PreTrainedModel:
    """The plain model. Weights that are missing or do not fit are an error; transformers would make some up."""
    import torch
    from transformers import AutoModelForCausalLM

    # annotated as the model alone; with output_loading_info it is a pair
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float32,
        attn_implementation="eager",
        local_files_only=True,
        ignore_mismatched_sizes=True,  # they come back in the report
        output_loading_info=True,
    )
    hf_model, report = loaded
    n_layers = hf_model.config.get_text_config().num_hidden_layers
    wrong = [f"{key} is missing" for key in sorted(report["missing_keys"])]
    for key, found, expected in sorted(report["mismatched_keys"]):
        wrong.append(f"{key} is {tuple(found)} where config.json asks for {tuple(expected)}")
    # of what the model has no place for, buffers of old programs are harmless, further layers are not
    for key in sorted(report["unexpected_keys"]):
        layer = re.search(r"\.(\d+)\.", key)
        wrong += [f"{key} has no place in config.json"] if layer and int(layer[1]) >= n_layers else []
    if wrong:
        raise ValueError(wrong[0] + (f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""))
    return hf_model


def _read_tokenizer(folder: Path, hf_model: PreTrainedModel) -> PreTrainedTokenizerBase:
    """The tokenizer; without its files transformers would make up an empty one."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    rows = hf_model.get_input_embeddings().num_embeddings
    if not 0 < tokenizer.vocab_size <= rows:
        raise ValueError(f"it knows {tokenizer.vocab_size} tokens and the model {rows}")
    return tokenizer


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Importing thousands of modules makes much that stays; to look for garbage in it costs a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _quiet(progress_bars: bool = True) -> Iterator[None]:
    """Keep warnings and bars of the libraries out of a notebook, where they would differ from run to run."""
    from transformers.utils import logging as transformers_logging

    disabled, bars = logging.root.manager.disable, transformers_logging.is_progress_bar_enabled()
    logging.disable(max(disabled, logging.WARNING))
    if not progress_bars:
        transformers_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        if bars:
            transformers_logging.enable_progress_bar()
