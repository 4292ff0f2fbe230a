"""Each publisher's format, written as the publisher writes it, read, and compared with its formula written out here.

`make test-saelens` compares with the publishers' own libraries, where those install.
"""

import doctest
import importlib
import json

import needs
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from course_utils.interventions import latent_units
from course_utils.reading import latent_strengths
from course_utils.sae import SAE, centred, load_sae, save_sae
from course_utils.sae.hook_names import hook_of_module
from course_utils.training import fit_sae

D_IN, D_SAE, K = 5, 12, 3


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


def batch(n=40):
    return 2 * numbers(n, D_IN, seed=3) + 0.7


def relu(pre, k=None):
    """Slow: for each row, which latents stay."""
    kept = torch.zeros_like(pre)
    for row, values in enumerate(pre.tolist()):
        for j in sorted(range(len(values)), key=lambda j: -values[j])[:k]:
            kept[row, j] = max(values[j], 0.0)
    return kept


def agrees(sae, x, latents, x_hat):
    torch.testing.assert_close(sae.encode(x), latents, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(sae(x).x_hat, x_hat, atol=1e-5, rtol=1e-5)
    assert (latents > 0).any() and not sae.training


# ── Gemma Scope ─────────────────────────────────────────────────────────────────────────────────────────────────────


def gemma_scope(folder, **changed):
    weights = {
        "W_enc": numbers(D_IN, D_SAE), "W_dec": numbers(D_SAE, D_IN), "b_enc": numbers(D_SAE),
        "b_dec": numbers(D_IN), "threshold": numbers(D_SAE, seed=1).abs(),
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    return {**weights, **changed}


@pytest.mark.parametrize("file", ["", "params.npz"])
def test_gemma_scope(file, tmp_path):
    folder = (
        tmp_path / "models--google--gemma-scope-2b-pt-res/snapshots/fd571b4/layer_20/width_16k/average_l0_71"
    )
    w = gemma_scope(folder)
    blob = tmp_path / "blob"  # the hub's cache keeps links
    with blob.open("wb") as opened:
        np.savez(opened, **{name: tensor.numpy() for name, tensor in w.items()})
    needs.link_or_copy(folder / "params.npz", blob)
    x, sae = batch(), load_sae(folder / file)
    pre = x @ w["W_enc"] + w["b_enc"]
    latents = pre.relu() * (pre > w["threshold"])
    agrees(sae, x, latents, latents @ w["W_dec"] + w["b_dec"])
    assert sae.metadata == {"model_name": "google/gemma-2-2b", "hook_name": "blocks.20.hook_resid_post"}


def test_the_second_gemma_scope(tmp_path):
    folder = tmp_path / "gemma-scope-2-1b-it/attn_out/layer_7_width_16k_l0_small"
    w = gemma_scope(folder)
    save_file(
        {name.replace("W_", "w_"): tensor.half() for name, tensor in w.items()}, folder / "params.safetensors"
    )
    x, sae = batch(), load_sae(folder)
    w = {name: tensor.half().float() for name, tensor in w.items()}
    pre = x @ w["W_enc"] + w["b_enc"]
    latents = pre.relu() * (pre > w["threshold"])
    agrees(sae, x, latents, latents @ w["W_dec"] + w["b_dec"])
    assert sae.hook_name == "blocks.7.attn.hook_z" and sae.W_enc.dtype == torch.float32


# ── EleutherAI ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first_weeks", [False, True])
def test_sparsify(first_weeks, tmp_path):
    encoder, b_enc, W_dec, b_dec = (
        numbers(D_SAE, D_IN),
        numbers(D_SAE),
        numbers(D_SAE, D_IN, seed=1),
        numbers(D_IN),
    )
    names = ("W_enc", "b_enc") if first_weeks else ("encoder.weight", "encoder.bias")
    stored = encoder.T.contiguous() if first_weeks else encoder
    folder = tmp_path / "layers.3.mlp"
    folder.mkdir()
    save_file({names[0]: stored, names[1]: b_enc, "W_dec": W_dec, "b_dec": b_dec}, folder / "sae.safetensors")
    sizes = {"expansion_factor": 2, "num_latents": D_SAE}
    (folder / "cfg.json").write_text(json.dumps({"d_in": D_IN, "k": K, "normalize_decoder": True, **sizes}))
    (tmp_path / "config.json").write_text(json.dumps({"model": "google/gemma-2-2b"}))
    x, sae = batch(), load_sae(folder)
    latents = relu((x - b_dec) @ encoder.T + b_enc, K)
    agrees(sae, x, latents, latents @ W_dec + b_dec)
    assert sae.hook_name == "blocks.3.mlp.hook_out", "Gemma has a norm between that and the residual stream"
    with pytest.raises(ValueError, match=r"autoencoders in its folders, layers\.3\.mlp: pass one"):
        load_sae(tmp_path)


@pytest.mark.parametrize(
    ("name", "hook_name"),
    [
        ("model.layers.0", "blocks.0.hook_resid_post"),
        ("transformer.h.11.mlp", "blocks.11.hook_mlp_out"),
        ("gpt_neox.layers.2.attention", "blocks.2.hook_attn_out"),
        ("h.3.mlp.act", "blocks.3.mlp.hook_post"),
        ("transformer.wte", "hook_embed"),
        ("layers.3.mlp.down_proj", None),
        ("norm", None),
        ("my_layers.x", None),
    ],
)
def test_modules_and_hook_points(name, hook_name):
    assert hook_of_module(name) == hook_name


# ── dictionary_learning ─────────────────────────────────────────────────────────────────────────────────────────────


def test_dictionary_learning_of_the_first_days_has_no_class_and_says_the_place_by_its_folder(tmp_path):
    folder = tmp_path / "dictionaries/pythia-70m-deduped/mlp_out_layer1/10_32768"
    folder.mkdir(parents=True)
    w = {"encoder.weight": numbers(D_SAE, D_IN), "encoder.bias": numbers(D_SAE), "bias": numbers(D_IN)}
    decoder = numbers(D_IN, D_SAE)
    decoder = decoder / decoder.norm(dim=0)
    torch.save({**w, "decoder.weight": decoder}, folder / "ae.pt")
    x, sae = batch(), load_sae(folder / "ae.pt")
    latents = ((x - w["bias"]) @ w["encoder.weight"].T + w["encoder.bias"]).relu()
    agrees(sae, x, latents, latents @ decoder.T + w["bias"])
    assert sae.architecture == "relu" and sae.hook_name == "blocks.1.hook_mlp_out"


def test_a_direction_of_zeros_stays_and_its_latent_is_silent(tmp_path):
    w = {"encoder.weight": numbers(D_SAE, D_IN), "encoder.bias": numbers(D_SAE), "bias": numbers(D_IN)}
    decoder = numbers(D_IN, D_SAE)
    decoder[:, 4] = 0
    torch.save({**w, "decoder.weight": decoder}, tmp_path / "ae.pt")
    sae = load_sae(tmp_path)
    latents = ((batch() - w["bias"]) @ w["encoder.weight"].T + w["encoder.bias"]).relu()
    torch.testing.assert_close(sae(batch()).x_hat, latents @ decoder.T + w["bias"])
    assert not sae.encode(batch())[:, 4].any() and not sae.W_dec[4].any()


def test_the_batchtopk_of_a_checkpoint_takes_the_config_above(tmp_path):
    w = {"encoder.weight": numbers(D_SAE, D_IN), "encoder.bias": numbers(D_SAE), "b_dec": numbers(D_IN)}
    w |= {"decoder.weight": numbers(D_IN, D_SAE), "k": torch.tensor(K), "threshold": torch.tensor(0.8)}
    (tmp_path / "checkpoints").mkdir()
    torch.save(w, tmp_path / "checkpoints" / "ae_1000.pt")
    told = {"dict_class": "BatchTopKSAE", "submodule_name": "resid_post_layer_8", "activation_dim": D_IN}
    (tmp_path / "config.json").write_text(json.dumps({"trainer": told}))
    x, sae = batch(), load_sae(tmp_path / "checkpoints" / "ae_1000.pt")
    pre = (x - w["b_dec"]) @ w["encoder.weight"].T + w["encoder.bias"]
    latents = pre * (pre > 0.8)
    agrees(sae, x, latents, latents @ w["decoder.weight"].T + w["b_dec"])
    assert sae.hook_name == "blocks.8.hook_resid_post"
    torch.save({**w, "threshold": torch.tensor(-1.0)}, tmp_path / "ae.pt")
    with pytest.raises(ValueError, match="common threshold is -1, which stands for none"):
        load_sae(tmp_path)


# ── OpenAI ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def openai(folder, topk=True):
    w = {
        "pre_bias": numbers(D_IN), "latent_bias": numbers(D_SAE), "encoder.weight": numbers(D_SAE, D_IN),
        "decoder.weight": numbers(D_IN, D_SAE), "stats_last_nonzero": torch.zeros(D_SAE, dtype=torch.long),
        "latents_activation_frequency": torch.ones(D_SAE), "latents_mean_square": torch.zeros(D_SAE),
    }  # fmt: skip
    told = {"activation": "TopK", "activation_state_dict": {"k": K, "postact_fn": "ReLU"}}
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({**w, **(told if topk else {"activation": "ReLU"})}, folder / "8.pt")
    return w


def test_openais_topk_normalises_each_token_and_puts_it_back(tmp_path):
    folder = tmp_path / "gpt2-small/resid_post_mlp_v5_32k/autoencoders"
    w, x = openai(folder), batch()
    sae = load_sae(folder / "8.pt")
    mean, std = x.mean(dim=1, keepdim=True), x.std(dim=1, keepdim=True)
    pre = ((x - mean) / (std + 1e-5) - w["pre_bias"]) @ w["encoder.weight"].T + w["latent_bias"]
    theirs = relu(pre, K)
    x_hat = (theirs @ w["decoder.weight"].T + w["pre_bias"]) * std + mean
    agrees(sae, x, theirs * std, x_hat)
    assert sae.metadata == {"model_name": "gpt2", "hook_name": "blocks.8.hook_resid_post"}
    assert "normalize_activations='layer_norm'" in repr(sae)


def test_openais_relu_does_not(tmp_path):
    w, x = openai(tmp_path / "mlp_post_act/autoencoders", topk=False), batch()
    sae = load_sae(tmp_path / "mlp_post_act/autoencoders")
    latents = ((x - w["pre_bias"]) @ w["encoder.weight"].T + w["latent_bias"]).relu()
    agrees(sae, x, latents, latents @ w["decoder.weight"].T + w["pre_bias"])
    assert sae.hook_name == "blocks.8.mlp.hook_post"


# ── what normalises each token, in the rest of the package ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("normalisation", ["layer_norm", "constant_norm_rescale"])
def test_a_latent_times_its_direction_is_what_it_adds(normalisation):
    """So ablating it, attributing to it and steering by it mean what they mean elsewhere."""
    sae = SAE(D_IN, D_SAE, "relu", normalize_activations=normalisation).requires_grad_(False)
    sae.b_enc.copy_(0.1 * numbers(D_SAE))
    sae.b_dec.copy_(numbers(D_IN))
    x = batch()
    x_hat, latents = sae(x)
    without = latents.clone()
    without[:, 7] = 0
    torch.testing.assert_close(sae.decode(without, x), x_hat - latents[:, 7:8] * sae.W_dec[7])
    torch.testing.assert_close(latent_strengths(sae, x, [3, 7]), latents[:, [3, 7]])
    sae.metadata["hook_name"] = "blocks.0.hook_resid_post"
    rebuilt = latent_units(sae, 7, keep_error=False)
    torch.testing.assert_close(rebuilt.write(x, rebuilt.read(x), rebuilt.read(x)), x_hat)
    with pytest.raises(ValueError, match=r"decode\(latents, x\), with the activations x it read"):
        sae.decode(latents)


def test_nothing_comes_of_nothing():
    """A token of zeros, or of one number only, has no scale; what is finite stays finite."""
    for normalisation in ("layer_norm", "constant_norm_rescale"):
        sae = SAE(D_IN, D_SAE, "topk", k=K, normalize_activations=normalisation)
        x_hat, latents = sae(torch.tensor([[0.0] * D_IN, [3.0] * D_IN]))
        assert x_hat.isfinite().all() and latents.isfinite().all(), normalisation


def test_they_are_used_and_not_trained():
    sae = SAE(D_IN, D_SAE, "topk", k=K, normalize_activations="layer_norm")
    with pytest.raises(ValueError, match="read from their publishers' files, not trained"):
        fit_sae(sae, [batch()], progress=False)
    before = sae.b_enc.clone()
    sae.fold_scale_(2.0)
    assert torch.equal(sae.b_enc, before)
    with pytest.raises(ValueError, match="divides each token by its length, which centring changes"):
        centred(SAE(D_IN, D_SAE, normalize_activations="constant_norm_rescale"))
    with pytest.raises(ValueError, match="'batch_norm': there are none, layer_norm, constant_norm_rescale"):
        SAE(D_IN, D_SAE, normalize_activations="batch_norm")


def test_saved_and_loaded_they_are_the_same(tmp_path):
    sae = SAE(D_IN, D_SAE, "topk", k=K, normalize_activations="layer_norm").eval()
    save_sae(sae, tmp_path)
    assert torch.equal(load_sae(tmp_path)(batch()).x_hat, sae(batch()).x_hat)


def test_the_examples_of_the_readers_are_true():
    names = ("hook_names", "normalisation", "read_dictionary_learning", "read_openai", "tensor_files")
    for name in names:
        found = doctest.testmod(importlib.import_module(f"course_utils.sae.{name}"))
        assert found.attempted and not found.failed, name
