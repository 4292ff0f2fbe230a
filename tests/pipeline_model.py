"""Tiny random language models in Hugging Face folders, for tests that need a model but not a good one."""

import atexit
import tempfile
from functools import cache
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformer_lens.model_bridge import TransformerBridge
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEXTS = [
    "The cat sat on the mat.",
    "When Mary and John went to the store, John gave a drink to Mary.",
    "def f(x):\n    return x",
    "The whale sang in the cold sea, and the sea answered.",
    "No.",
    "SELECT name FROM cats WHERE name = 'Mary';",
]
END_OF_TEXT = "<|endoftext|>"
N_CTX = 48


def _tokenizer() -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(TEXTS * 3, trainer)
    special = dict(bos_token=END_OF_TEXT, eos_token=END_OF_TEXT, unk_token=END_OF_TEXT)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, model_max_length=N_CTX, **special)


@cache
def tiny_folder(architecture: str = "gpt2") -> Path:
    """A folder with a random "gpt2" or "llama"; every parameter is random, layer norms and biases included."""
    kept = tempfile.TemporaryDirectory(prefix="tiny_")
    atexit.register(kept.cleanup)
    folder = Path(kept.name).resolve()
    tokenizer = _tokenizer()
    ends = dict(vocab_size=len(tokenizer), bos_token_id=0, eos_token_id=0, initializer_range=0.3)
    if architecture == "gpt2":
        model = GPT2LMHeadModel(GPT2Config(n_positions=N_CTX, n_embd=16, n_layer=3, n_head=2, **ends))
    else:
        sizes = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=3, max_position_embeddings=N_CTX)
        model = LlamaForCausalLM(LlamaConfig(num_attention_heads=4, num_key_value_heads=2, **sizes, **ends))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(0.3 * noise if parameter.ndim > 1 else 1 + 0.3 * noise)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@cache
def tiny_model(architecture: str = "gpt2") -> TransformerBridge:
    return TransformerBridge.boot_transformers(str(tiny_folder(architecture)), device="cpu")
