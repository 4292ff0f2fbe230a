"""A GGUF file becomes a folder with the same values, and a tokenizer that splits as the model's own does."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_gguf import TEMPLATE, digit_tokenizer, tiny_llama, write_gguf
from transformers import AutoTokenizer, LlamaForCausalLM

from course_utils.lm import four_bits, load_model

TEXT = "One:\n\n1, two:\n\n22,  3,  4 "


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, LlamaForCausalLM]:
    """The folder, and a model with what is in the file, rounded to float16."""
    place = tmp_path_factory.mktemp("gguf")
    hf_model = tiny_llama()
    write_gguf(place / "tiny.gguf", hf_model)
    (place / "folder").mkdir()
    four_bits.write_dequantised(place / "tiny.gguf", place / "folder")
    for parameter in hf_model.parameters():
        parameter.data = parameter.data.half().float()
    return place / "folder", hf_model


def test_the_weights_are_those_of_the_file(made):
    folder, hf_model = made
    stored = load_file(folder / "model.safetensors")
    expected = dict(hf_model.named_parameters())
    assert stored.keys() == expected.keys()
    for name, weight in stored.items():
        assert weight.dtype == torch.float16 and torch.equal(weight.float(), expected[name]), name


def test_load_model_computes_what_the_model_computes(made):
    folder, hf_model = made
    model = load_model(folder)
    ids = torch.tensor([[1, 30, 5, 200, 77, 12]])
    with torch.no_grad():
        torch.testing.assert_close(model(ids), hf_model(ids).logits, atol=1e-4, rtol=1e-4)


def test_the_tokenizer_splits_numbers_as_the_model_learned_them(made):
    tokenizer = AutoTokenizer.from_pretrained(made[0])
    ours = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    assert ours == digit_tokenizer()(TEXT, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ours) == TEXT
    assert "ĊĊ" in tokenizer.tokenize(TEXT) and "ĠĠ" in tokenizer.tokenize(TEXT)


def test_the_tokenizer_keeps_its_ends_its_template_and_the_context(made):
    tokenizer = AutoTokenizer.from_pretrained(made[0])
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.model_max_length) == (1, 2, 48)
    assert tokenizer.chat_template == TEMPLATE
    assert tokenizer("<|im_start|>", add_special_tokens=False)["input_ids"] == [1]


def test_the_configuration_says_nothing_of_the_file(made):
    config = json.loads((made[0] / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"] and config["dtype"] == "float16"
    assert not {"quantization_config", "_name_or_path", "_model_name_or_path"} & config.keys()


def test_a_weight_too_large_for_float16_is_refused(tmp_path):
    hf_model = tiny_llama()
    hf_model.model.norm.weight.data[0] = 1e6
    write_gguf(tmp_path / "tiny.gguf", hf_model)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=r"model\.norm\.weight has values that are no numbers in float16"):
        four_bits.write_dequantised(tmp_path / "tiny.gguf", tmp_path / "folder")


def test_a_reader_that_gives_less_than_the_model_is_refused(tmp_path, monkeypatch):
    write_gguf(tmp_path / "tiny.gguf", tiny_llama())
    every = torch.nn.Module.named_parameters
    monkeypatch.setattr(
        LlamaForCausalLM,
        "named_parameters",
        lambda model: (pair for pair in every(model) if pair[1].is_meta or "q_proj" not in pair[0]),
    )
    with pytest.raises(ValueError, match=r"layers\.0\.self_attn\.q_proj\.weight is missing"):
        four_bits.write_dequantised(tmp_path / "tiny.gguf", tmp_path)
