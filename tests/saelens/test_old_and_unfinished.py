"""Files of SAELens that are not a finished autoencoder of today: older versions' and training's, as SAELens reads them."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from course_utils.sae import SAE, load_sae, save_sae

sae_lens = pytest.importorskip("sae_lens", reason="SAELens has an environment of its own: make test-saelens")
from sae_lens import saes  # noqa: E402
from test_round_trip import CLOSE, D_IN, D_SAE, THEIRS, K, batch, filled  # noqa: E402


def rewrite(folder, drop=(), weights=None, **cfg):
    """Change what SAELens wrote."""
    path = folder / "cfg.json"
    old = {key: value for key, value in json.loads(path.read_text()).items() if key not in drop}
    path.write_text(json.dumps({**old, **cfg}))
    if weights:
        file = folder / "sae_weights.safetensors"
        save_file({**load_file(file), **weights}, file)


@torch.no_grad()
def same(folder, theirs=None):
    """Both libraries read the folder, and it does the same in both."""
    theirs = sae_lens.SAE.load_from_disk(folder) if theirs is None else theirs
    ours, x = load_sae(folder), 3 * batch() + 1
    torch.testing.assert_close(ours.encode(x), theirs.encode(x), **CLOSE)
    torch.testing.assert_close(ours(x).x_hat, theirs(x), **CLOSE)
    assert (ours.encode(x) > 0).any()
    return ours


AS_BEFORE_6 = {
    "dtype": "float32", "device": "cpu", "d_in": D_IN, "d_sae": D_SAE, "model_name": "gpt2-small",
    "hook_name": "blocks.8.hook_resid_pre", "hook_layer": 8, "hook_head_index": None, "prepend_bos": True,
    "dataset_path": "Skylion007/openwebtext", "context_size": 128, "apply_b_dec_to_input": True,
    "finetuning_scaling_factor": False, "sae_lens_training_version": "3.23.0", "activation_fn_str": "relu",
}  # fmt: skip


def old(folder, **cfg):
    theirs = filled(saes.StandardSAE(saes.StandardSAEConfig(d_in=D_IN, d_sae=D_SAE)))
    theirs.save_model(folder)
    (folder / "cfg.json").write_text(json.dumps({**AS_BEFORE_6, **cfg}))


@pytest.mark.parametrize(
    "cfg",
    [
        {},
        {"architecture": "standard", "activation_fn_str": "topk", "activation_fn_kwargs": {"k": K}},
        {"architecture": "topk", "activation_fn": "topk", "activation_fn_kwargs": {"k": K}},
        {"apply_b_dec_to_input": False},
        {"normalize_activations": False},
        {"normalize_activations": None},
    ],
    ids=str,
)
def test_versions_3_to_5(cfg, tmp_path):
    old(tmp_path, **cfg)
    sae = same(tmp_path)
    assert sae.hook_name == "blocks.8.hook_resid_pre" and sae.metadata["model_name"] == "gpt2-small"
    assert sae.k == (K if "activation_fn_kwargs" in cfg else None)


def test_a_scaling_factor_of_ones_changes_nothing(tmp_path):
    old(tmp_path)
    rewrite(tmp_path, weights={"scaling_factor": torch.ones(D_SAE)})
    same(tmp_path)


@pytest.mark.parametrize("normalisation", ["constant_norm_rescale", "layer_norm"])
@pytest.mark.parametrize("name", THEIRS)
@torch.no_grad()
def test_tokens_on_scales_of_their_own(name, normalisation, tmp_path):
    """Reconstructions are SAELens'; latents are, times the scale of each token."""
    kind, config, options = THEIRS[name]
    theirs = filled(kind(config(d_in=D_IN, d_sae=D_SAE, normalize_activations=normalisation, **options)))
    theirs.save_model(tmp_path / "theirs")
    x = 3 * batch() + 1
    scale = x.std(dim=1) if normalisation == "layer_norm" else x.norm(dim=1) / D_IN**0.5
    ours = load_sae(tmp_path / "theirs")
    torch.testing.assert_close(ours.encode(x), theirs.encode(x) * scale[:, None], **CLOSE)
    torch.testing.assert_close(ours(x).x_hat, theirs(x), **CLOSE)

    save_sae(ours, tmp_path / "ours")
    torch.testing.assert_close(sae_lens.SAE.load_from_disk(tmp_path / "ours")(x), theirs(x), **CLOSE)


def test_heads_side_by_side(tmp_path):
    """SAELens takes (n_heads, d_head), and this package the same numbers in a row."""
    theirs = filled(
        saes.StandardSAE(saes.StandardSAEConfig(d_in=D_IN, d_sae=D_SAE, reshape_activations="hook_z"))
    )
    theirs.cfg.metadata.hook_name = "blocks.2.attn.hook_z"
    theirs.save_model(tmp_path)
    x, ours = batch(), load_sae(tmp_path)
    torch.testing.assert_close(ours.encode(x), theirs.encode(x.view(-1, 2, D_IN // 2)), **CLOSE)
    assert ours.hook_name == "blocks.2.attn.hook_z"


TRAINING = {
    "batchtopk": (saes.BatchTopKTrainingSAE, saes.BatchTopKTrainingSAEConfig, {"k": 4.0}),
    "matryoshka": (
        saes.MatryoshkaBatchTopKTrainingSAE,
        saes.MatryoshkaBatchTopKTrainingSAEConfig,
        {"k": 4.0, "matryoshka_widths": [5, D_SAE]},
    ),
    "topk": (saes.TopKTrainingSAE, saes.TopKTrainingSAEConfig, {"k": K}),
    "jumprelu": (saes.JumpReLUTrainingSAE, saes.JumpReLUTrainingSAEConfig, {}),
    "gated": (saes.GatedTrainingSAE, saes.GatedTrainingSAEConfig, {}),
    "standard": (saes.StandardTrainingSAE, saes.StandardTrainingSAEConfig, {}),
}


@pytest.mark.parametrize("name", TRAINING)
@torch.no_grad()
def test_a_checkpoint_is_read_as_what_it_would_end_as(name, tmp_path):
    kind, config, options = TRAINING[name]
    training = filled(kind(config(d_in=D_IN, d_sae=D_SAE, **options)))
    training.W_dec.mul_(torch.linspace(0.5, 2, D_SAE)[:, None])
    if hasattr(training, "topk_threshold"):
        training.topk_threshold.fill_(0.3)
    training.save_model(tmp_path / "checkpoint")
    training.save_inference_model(tmp_path / "end")
    theirs, x = sae_lens.SAE.load_from_disk(tmp_path / "end"), batch()
    for folder in ("checkpoint", "end"):
        ours = load_sae(tmp_path / folder)
        torch.testing.assert_close(ours.encode(x), theirs.encode(x), **CLOSE)
        torch.testing.assert_close(ours(x).x_hat, theirs(x), **CLOSE)
    assert load_sae(tmp_path / "checkpoint").metadata.get("prefixes") == options.get("matryoshka_widths")


@pytest.mark.parametrize(
    "beside", ["activation_scaler.json", "activations_store_state.safetensors", "argument"]
)
@torch.no_grad()
def test_one_scale_for_all_activations_is_folded(beside, tmp_path):
    theirs = filled(
        saes.StandardSAE(
            saes.StandardSAEConfig(d_in=D_IN, d_sae=D_SAE, normalize_activations="expected_average_only_in")
        )
    )
    theirs.save_model(tmp_path)
    if beside == "argument":
        with pytest.raises(ValueError, match=r"do not say by which. Pass load_sae\(…, scale=sqrt"):
            load_sae(tmp_path)
    elif beside.endswith("json"):
        (tmp_path / beside).write_text('{"scaling_factor": 2.5}')
    else:
        save_file({"estimated_norm_scaling_factor": torch.tensor(2.5)}, tmp_path / beside)
    ours = load_sae(tmp_path, scale=2.5 if beside == "argument" else None)
    theirs.fold_activation_norm_scaling_factor(2.5)
    x = batch()
    torch.testing.assert_close(ours.encode(x), theirs.encode(x), **CLOSE)
    torch.testing.assert_close(ours(x).x_hat, theirs(x), **CLOSE)


def test_the_kinds_that_are_refused_are_those_that_saelens_has_and_we_do_not():
    from sae_lens.registry import SAE_CLASS_REGISTRY, SAE_TRAINING_CLASS_REGISTRY

    from course_utils.sae.read_saelens import NOT_READ, READ_AS, UNFINISHED

    for kind in {*SAE_CLASS_REGISTRY, *SAE_TRAINING_CLASS_REGISTRY}:
        assert kind in {*READ_AS, *UNFINISHED} or any(word in kind for word in NOT_READ), kind


def test_saelens_reads_a_folder_that_was_written_over(tmp_path):
    """No key of ours is in its way."""
    save_sae(SAE(D_IN, D_SAE), tmp_path)
    save_sae(filled(SAE(D_IN, 2 * D_SAE, "topk", k=K)), tmp_path)
    same(tmp_path)


@pytest.mark.parametrize(
    ("loader", "repository", "folder", "hook_name"),
    [
        ("gemma_2", "google/gemma-scope-2b-pt-res", "layer_20/width_16k/average_l0_71", "blocks.20.hook_resid_post"),
        ("gemma_2", "google/gemma-scope-9b-pt-mlp", "layer_3/width_16k/average_l0_9", "blocks.3.hook_mlp_out"),
        ("gemma_2", "google/gemma-scope-9b-it-att", "layer_5/width_16k/average_l0_9", "blocks.5.attn.hook_z"),
        ("gemma_3", "google/gemma-scope-2-270m-pt", "resid_post/layer_5_width_16k_l0_small", "blocks.5.hook_resid_post"),
        ("gemma_3", "google/gemma-scope-2-1b-it", "attn_out/layer_7_width_16k_l0_small", "blocks.7.attn.hook_z"),
    ],
)  # fmt: skip
@torch.no_grad()
def test_gemma_scope_as_saelens_converts_it(loader, repository, folder, hook_name, tmp_path, monkeypatch):
    from sae_lens.loading import pretrained_sae_loaders as loaders

    root = tmp_path / repository
    (root / folder).mkdir(parents=True)
    shapes = {"W_enc": (D_IN, D_SAE), "W_dec": (D_SAE, D_IN), "b_enc": (D_SAE,), "b_dec": (D_IN,)}
    weights = {name: torch.randn(shape) for name, shape in {**shapes, "threshold": (D_SAE,)}.items()}
    weights["threshold"] = weights["threshold"].abs()
    if loader == "gemma_2":
        np.savez(root / folder / "params.npz", **{name: w.numpy() for name, w in weights.items()})
    else:
        lower = {name.replace("W_", "w_"): w for name, w in weights.items()}
        save_file(lower, root / folder / "params.safetensors")
        cfg = {
            "architecture": "jump_relu",
            "model_name": "gemma-v3-270m-pt",
            "hf_hook_point_in": "model.layers.5.output",
        }
        (root / folder / "config.json").write_text(json.dumps(cfg))

    def from_here(repo_id, filename, subfolder=".", force_download=False):
        return root / subfolder / filename

    monkeypatch.setattr(loaders, "hf_hub_download", from_here)
    monkeypatch.setattr(
        loaders, "get_safetensors_tensor_shapes", lambda *_: {"w_enc": (D_IN, D_SAE), "w_dec": (D_SAE, D_IN)}
    )
    read = loaders.NAMED_PRETRAINED_SAE_LOADERS[loader]
    overrides = {"d_in": D_IN, "d_sae": D_SAE}
    theirs = sae_lens.SAE.load_from_disk(
        folder,
        converter=lambda path, device, cfg_overrides: read(repository, path, "cpu", False, overrides)[:2],
    )
    theirs.turn_off_forward_pass_hook_z_reshaping()
    ours = same(root / folder, theirs)
    assert ours.hook_name == theirs.cfg.metadata.hook_name == hook_name
    assert ours.metadata["model_name"].removeprefix("google/").startswith("gemma-" + loader[-1])
