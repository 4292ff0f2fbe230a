"""What EleutherAI's and Marks' libraries write, read by them and by us. Runs where they are: make test-saelens."""

import importlib
import importlib.util
import json
import sys
import types

import pytest
import torch

from course_utils.sae import load_sae

CLOSE = {"atol": 1e-5, "rtol": 1e-5}
D_IN, D_SAE, K = 6, 24, 4


def batch(n=50):
    return 2 * torch.randn(n, D_IN, generator=torch.Generator().manual_seed(1)) + 0.5


def filled(module, positive=("threshold",)):
    """Random numbers in every tensor: zeros would hide one that is not read."""
    generator = torch.Generator().manual_seed(0)
    for name, parameter in module.named_parameters():
        parameter.data = 0.5 * torch.randn(parameter.shape, generator=generator)
        if name in positive:
            parameter.data = parameter.data.abs()
    return module


# ── sparsify ────────────────────────────────────────────────────────────────────────────────────────────────────────


def sparsify():
    pytest.importorskip("natsort")
    return pytest.importorskip("sparsify", reason="eai-sparsify is not installed: make test-saelens")


def dense(theirs, x):
    found = theirs.encode(x)
    return torch.zeros(len(x), theirs.num_latents).scatter(1, found.top_indices, found.top_acts)


@pytest.mark.parametrize(
    ("folder", "hook_name"),
    [
        ("layers.10", "blocks.10.hook_resid_post"),
        ("layers.3.mlp", "blocks.3.hook_mlp_out"),
        ("h.0.attn", "blocks.0.hook_attn_out"),
        ("layers.4/seed1", "blocks.4.hook_resid_post"),
        ("embed_tokens", "hook_embed"),
        ("h.0.ln_1", None),
    ],
)
@pytest.mark.parametrize("sizes", [{"num_latents": D_SAE}, {"expansion_factor": D_SAE // D_IN}])
@torch.no_grad()
def test_sparsify(folder, hook_name, sizes, tmp_path):
    lib = sparsify()
    theirs = filled(lib.SparseCoder(D_IN, lib.SparseCoderConfig(k=K, **sizes)))
    theirs.save_to_disk(tmp_path / folder)
    (tmp_path / "config.json").write_text(json.dumps({"model": "EleutherAI/pythia-160m"}))
    theirs, ours, x = lib.SparseCoder.load_from_disk(tmp_path / folder), load_sae(tmp_path / folder), batch()
    torch.testing.assert_close(ours.encode(x), dense(theirs, x), **CLOSE)
    torch.testing.assert_close(ours(x).x_hat, theirs(x).sae_out, **CLOSE)
    assert ours.k == K and ours.hook_name == hook_name
    assert ours.metadata["model_name"] == "EleutherAI/pythia-160m"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"transcode": True}, "transcoder, which is not read: it writes at another place"),
        ({"skip_connection": True}, "transcoder, which is not read"),
        ({"activation": "groupmax"}, "its activation is 'groupmax', and only 'topk' is read"),
    ],
)
def test_what_else_sparsify_trains_is_refused(option, message, tmp_path):
    lib = sparsify()
    lib.SparseCoder(D_IN, lib.SparseCoderConfig(k=K, num_latents=D_SAE, **option)).save_to_disk(tmp_path)
    with pytest.raises(ValueError, match=message):
        load_sae(tmp_path)


# ── dictionary_learning ─────────────────────────────────────────────────────────────────────────────────────────────


def dictionary_learning(module):
    """A part of the library, without its ``__init__``, which takes nnsight and much else for training."""
    if "dictionary_learning" not in sys.modules:
        spec = importlib.util.find_spec("dictionary_learning")
        if spec is None:
            pytest.skip("dictionary-learning is not installed: make test-saelens")
        (folder,) = spec.submodule_search_locations
        for package, path in (("dictionary_learning", ""), ("dictionary_learning.trainers", "/trainers")):
            sys.modules[package] = types.ModuleType(package)
            sys.modules[package].__path__ = [folder + path]
    return importlib.import_module(f"dictionary_learning.{module}")


def save(theirs, folder, **told):
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(theirs.state_dict(), folder / "ae.pt")
    trainer = {
        "dict_class": type(theirs).__name__, "activation_dim": D_IN, "dict_size": D_SAE, "layer": 8,
        "lm_name": "EleutherAI/pythia-70m-deduped", "submodule_name": "resid_post_layer_8", **told,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps({"trainer": trainer, "buffer": {"ctx_len": 128}}))


KINDS = {
    "AutoEncoder": ("dictionary", {}),
    "AutoEncoderNew": ("dictionary", {}),
    "GatedAutoEncoder": ("dictionary", {}),
    "JumpReluAutoEncoder": ("dictionary", {}),
    "AutoEncoderTopK": ("trainers.top_k", {"k": K}),
    "BatchTopKSAE": ("trainers.batch_top_k", {"k": K}),
    "MatryoshkaBatchTopKSAE": ("trainers.matryoshka_batch_top_k", {"k": K, "group_sizes": [8, 16]}),
}


@pytest.mark.parametrize("name", KINDS)
@torch.no_grad()
def test_dictionary_learning(name, tmp_path):
    module, options = KINDS[name]
    kind = getattr(dictionary_learning(module), name)
    theirs = filled(kind(D_IN, D_SAE, **options))
    if "threshold" in dict(theirs.named_buffers()):
        theirs.threshold.fill_(0.3)
    save(theirs, tmp_path, **({"k": K} if options else {}))
    theirs, ours, x = kind.from_pretrained(tmp_path / "ae.pt"), load_sae(tmp_path), batch()
    latents = theirs.encode(x)
    torch.testing.assert_close(ours.encode(x), latents, **CLOSE)
    torch.testing.assert_close(ours(x).x_hat, theirs.decode(latents), **CLOSE)
    assert (latents > 0).any() and ours.hook_name == "blocks.8.hook_resid_post"
    assert ours.metadata["model_name"] == "EleutherAI/pythia-70m-deduped"
    assert ours.metadata.get("prefixes") == ([8, 24] if "group_sizes" in options else None)


def test_topk_and_batchtopk_have_the_same_tensors_so_the_class_is_asked_for(tmp_path):
    theirs = dictionary_learning("trainers.top_k").AutoEncoderTopK(D_IN, D_SAE, K)
    save(theirs, tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(ValueError, match="AutoEncoderTopK or a BatchTopKSAE"):
        load_sae(tmp_path)


def test_a_threshold_that_was_never_found_is_refused(tmp_path):
    save(dictionary_learning("trainers.batch_top_k").BatchTopKSAE(D_IN, D_SAE, K), tmp_path)
    with pytest.raises(ValueError, match="common threshold is -1, which stands for none"):
        load_sae(tmp_path)
