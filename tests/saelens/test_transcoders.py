"""Transcoders between this package and SAELens, both ways. Runs where SAELens is installed: make test-saelens."""

import pytest
import torch

from course_utils.base import asset_path
from course_utils.sae import Transcoder, load_transcoder, save_transcoder

sae_lens = pytest.importorskip("sae_lens", reason="SAELens has an environment of its own: make test-saelens")
from sae_lens import saes  # noqa: E402
from test_round_trip import CLOSE, D_IN, D_SAE, K, batch, filled  # noqa: E402

D_OUT = 5
THEIRS = {
    "transcoder": ("relu", False, saes.Transcoder, saes.TranscoderConfig),
    "skip_transcoder": ("relu", True, saes.SkipTranscoder, saes.SkipTranscoderConfig),
    "jumprelu_transcoder": ("jumprelu", False, saes.JumpReLUTranscoder, saes.JumpReLUTranscoderConfig),
    "jumprelu_skip_transcoder": ("jumprelu", True, saes.JumpReLUSkipTranscoder, saes.JumpReLUSkipTranscoderConfig),
}  # fmt: skip


@pytest.mark.parametrize("kind", THEIRS)
@torch.no_grad()
def test_saelens_reads_ours_and_writes_it_back(kind, tmp_path):
    architecture, skip, theirs_is, _ = THEIRS[kind]
    ours = filled(Transcoder(D_IN, D_SAE, architecture, d_out=D_OUT, skip=skip)).eval()
    x, here, there = batch(), tmp_path / "ours", tmp_path / "theirs"
    save_transcoder(ours, here, hook_name="blocks.2.mlp.hook_in", hook_name_out="blocks.2.hook_mlp_out")
    theirs = sae_lens.SAE.load_from_disk(here)
    assert type(theirs) is theirs_is
    torch.testing.assert_close(theirs.encode(x), ours.encode(x), **CLOSE)
    torch.testing.assert_close(theirs(x), ours(x).x_hat, **CLOSE)
    assert theirs.cfg.metadata["hook_name_out"] == "blocks.2.hook_mlp_out"

    theirs.save_model(there)
    again = load_transcoder(there)
    torch.testing.assert_close(again(x).x_hat, ours(x).x_hat, **CLOSE)
    assert (again.hook_name, again.hook_name_out) == ("blocks.2.mlp.hook_in", "blocks.2.hook_mlp_out")


@pytest.mark.parametrize("kind", THEIRS)
@torch.no_grad()
def test_we_read_what_saelens_writes(kind, tmp_path):
    _, _, theirs_is, config = THEIRS[kind]
    theirs = filled(theirs_is(config(d_in=D_IN, d_sae=D_SAE, d_out=D_OUT, apply_b_dec_to_input=False)))
    theirs.save_model(tmp_path)
    x = batch()
    torch.testing.assert_close(load_transcoder(tmp_path)(x).x_hat, theirs(x), **CLOSE)


@torch.no_grad()
def test_one_whose_threshold_followed_is_read_as_what_it_is(tmp_path):
    ours = filled(Transcoder(D_IN, D_SAE, "batchtopk", k=K, skip=True)).eval()
    ours.threshold.fill_(0.3)
    save_transcoder(ours, tmp_path)
    torch.testing.assert_close(sae_lens.SAE.load_from_disk(tmp_path)(batch()), ours(batch()).x_hat, **CLOSE)


@pytest.mark.parametrize(
    "folder", sorted(asset_path("transcoders").glob("layer_*")), ids=lambda folder: folder.name
)
@torch.no_grad()
def test_saelens_reads_what_ships(folder):
    x = 3 * batch(256)
    theirs = sae_lens.SAE.load_from_disk(folder)
    torch.testing.assert_close(theirs(x), load_transcoder(folder)(x).x_hat, atol=1e-4, rtol=1e-5)
