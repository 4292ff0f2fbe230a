import pytest
import torch

from course_utils.lm import ModelUnavailable
from course_utils.sae import (
    ARCHITECTURES,
    PUBLISHED_L0,
    SAE,
    centred,
    hook_before,
    load_public_sae,
    save_sae,
)


def some_sae(architecture="relu"):
    takes_k = "k" in ARCHITECTURES[architecture].options
    sae = SAE(12, 20, architecture, k=4 if takes_k else None, seed=0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in sae.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return sae.eval()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_centred_it_reads_what_it_read_of_centred_activations(architecture):
    sae = some_sae(architecture)
    before = sae.W_enc.detach().clone()
    x = torch.randn(30, 12, generator=torch.Generator().manual_seed(2)) + 5
    torch.testing.assert_close(
        centred(sae).encode(x), sae.encode(x - x.mean(dim=1, keepdim=True)), atol=1e-4, rtol=1e-4
    )
    assert torch.equal(sae.W_enc, before)  # a copy


@pytest.mark.parametrize("nested", [True, False])
def test_a_local_copy_is_read_and_knows_its_hook_point(nested, tmp_path):
    sae = some_sae()
    save_sae(sae, tmp_path / hook_before(3) if nested else tmp_path)
    read = load_public_sae(3, tmp_path)
    x = torch.randn(5, 12, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(read(x).x_hat, centred(sae)(x).x_hat)
    assert read.hook_name == "blocks.3.hook_resid_pre"


def test_without_network_and_copy_it_says_so(monkeypatch):
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr("course_utils.base.hub.hub_problem", lambda: "the hub does not answer")
    reason = (
        "is not complete in the Hugging Face cache and the hub does not answer: .*name the folder of a copy"
    )
    with pytest.raises(ModelUnavailable, match=reason):
        load_public_sae(0)


def test_there_is_one_before_every_layer():
    assert len(PUBLISHED_L0) == 12
    with pytest.raises(ValueError, match="layers 0 to 11, not 12"):
        load_public_sae(12)
