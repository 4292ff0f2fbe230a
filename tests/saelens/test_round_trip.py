"""Autoencoders between this package and SAELens, both ways. Runs where SAELens is installed: make test-saelens.

SAELens needs an older TransformerLens than the course takes, so it lives in an environment of its own.
"""

import json

import pytest
import torch

from course_utils.base import asset_path
from course_utils.sae import ARCHITECTURES, SAE, load_sae, save_sae

sae_lens = pytest.importorskip("sae_lens", reason="SAELens has an environment of its own: make test-saelens")
from sae_lens import saes  # noqa: E402

CLOSE = {"atol": 1e-5, "rtol": 1e-5}
D_IN, D_SAE, K = 6, 20, 4


def batch(d_in=D_IN, n=50):
    return torch.randn(n, d_in, generator=torch.Generator().manual_seed(1))


def filled(sae, seed=0):
    """Random numbers in every tensor: zeros would hide one that is not read."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sae.named_parameters():
        parameter.data = 0.5 * torch.randn(parameter.shape, generator=generator)
        if name == "threshold":
            parameter.data = parameter.data.abs()
    if hasattr(sae, "unit_norm_decoder_"):
        sae.unit_norm_decoder_()
    return sae


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_saelens_reads_ours_and_writes_it_back(architecture, tmp_path):
    spec = ARCHITECTURES[architecture]
    ours = filled(SAE(D_IN, D_SAE, architecture, k=K if "k" in spec.options else None)).eval()
    if spec.threshold == "followed":
        ours.threshold.fill_(0.3)
    x, here, there = batch(), tmp_path / "ours", tmp_path / "theirs"
    save_sae(ours, here, model_name="pocket", hook_name="blocks.2.hook_resid_post")
    theirs = sae_lens.SAE.load_from_disk(here)
    torch.testing.assert_close(theirs.encode(x), ours.encode(x), **CLOSE)
    torch.testing.assert_close(theirs(x), ours(x).x_hat, **CLOSE)
    assert theirs.cfg.metadata["hook_name"] == "blocks.2.hook_resid_post"

    theirs.save_model(there)
    again = load_sae(there)
    torch.testing.assert_close(again(x).x_hat, ours(x).x_hat, **CLOSE)
    assert again.hook_name == "blocks.2.hook_resid_post"


@torch.no_grad()
def test_saelens_reads_ours_with_dimensions_folded_in(tmp_path):
    x, std = batch(), torch.logspace(-1, 2, D_IN)
    ours = filled(SAE(D_IN, D_SAE, "topk", k=K)).eval()
    ours.fold_dimensions_(std)
    save_sae(ours, tmp_path)
    theirs = sae_lens.SAE.load_from_disk(tmp_path)
    torch.testing.assert_close(theirs.encode(x * std), ours.encode(x * std), **CLOSE)
    torch.testing.assert_close(theirs(x * std), ours(x * std).x_hat, **CLOSE)


THEIRS = {
    "standard": (saes.StandardSAE, saes.StandardSAEConfig, {}),
    "topk": (saes.TopKSAE, saes.TopKSAEConfig, {"k": K}),
    "topk by decoder norm": (
        saes.TopKSAE,
        saes.TopKSAEConfig,
        {"k": K, "rescale_acts_by_decoder_norm": True},
    ),
    "jumprelu": (saes.JumpReLUSAE, saes.JumpReLUSAEConfig, {}),
    "gated": (saes.GatedSAE, saes.GatedSAEConfig, {}),
}


@pytest.mark.parametrize("subtract", [True, False])
@pytest.mark.parametrize("name", THEIRS)
@torch.no_grad()
def test_we_read_what_saelens_writes(name, subtract, tmp_path):
    kind, config, options = THEIRS[name]
    theirs = filled(kind(config(d_in=D_IN, d_sae=D_SAE, apply_b_dec_to_input=subtract, **options)))
    theirs.save_model(tmp_path)
    x, ours = batch(), load_sae(tmp_path)
    torch.testing.assert_close(ours(x).x_hat, theirs(x), **CLOSE)


@pytest.mark.parametrize("folder", sorted(asset_path("saes").glob("layer_*")), ids=lambda folder: folder.name)
@torch.no_grad()
def test_saelens_reads_what_ships(folder):
    d_in = json.loads((folder / "cfg.json").read_text())["d_in"]
    x = 3 * batch(d_in)
    torch.testing.assert_close(
        sae_lens.SAE.load_from_disk(folder)(x), load_sae(folder)(x).x_hat, atol=1e-4, rtol=1e-5
    )
