import dataclasses
import doctest
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from course_utils.sae import ARCHITECTURES as RECORDS
from course_utils.sae import (
    SAE,
    batch_topk,
    decode,
    encode,
    encode_gated,
    jumprelu,
    jumprelu_threshold_gradient,
    load_sae,
    neuron_basis,
    save_sae,
    step,
    topk,
)
from course_utils.training import fit_sae

ARCHITECTURES = {name: {"k": 3} if "k" in spec.options else {} for name, spec in RECORDS.items()}
PLAIN = pytest.mark.parametrize("architecture", ["relu", "topk"])
architectures = pytest.mark.parametrize("architecture", ARCHITECTURES)


def random_sae(architecture, d_in=5, d_sae=12, **options):
    """As after training: not tied, biases not zero."""
    sae = SAE(d_in, d_sae, architecture, seed=1, **{**ARCHITECTURES[architecture], **options})
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, tensor in sae.state_dict(keep_vars=True).items():
            if name == "threshold":
                tensor += 0.2 + 0.3 * torch.rand(tensor.shape, generator=generator)
            elif name != "W_dec":
                tensor += 0.3 * torch.randn(tensor.shape, generator=generator)
    return sae.eval()


def batch(n=40, d_in=5):
    return torch.randn(n, d_in, generator=torch.Generator().manual_seed(3))


def test_encode_drops_what_points_the_wrong_way():
    x = torch.tensor([[2.0, -1.0]])
    latents = encode(x, W_enc=torch.eye(2), b_enc=torch.zeros(2), b_dec=torch.zeros(2))
    assert latents.tolist() == [[2.0, 0.0]]


def test_encode_centres_first():
    latents = encode(
        torch.tensor([[2.0, 3.0]]),
        W_enc=torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]),
        b_enc=torch.tensor([0.0, 0.0, -1.0]),
        b_dec=torch.tensor([1.0, 1.0]),
    )
    assert latents.tolist() == [[1.0, 2.0, 2.0]]


def test_decode_adds_up_directions():
    W_dec = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    x_hat = decode(torch.tensor([[2.0, 0.0, 3.0]]), W_dec, b_dec=torch.tensor([0.0, 10.0]))
    assert x_hat.tolist() == [[5.0, 13.0]]


def test_topk_keeps_the_largest_if_positive():
    pre = torch.tensor([[3.0, 1.0, 2.0], [-1.0, -2.0, 4.0]])
    assert topk(pre, 2).tolist() == [[3.0, 0.0, 2.0], [0.0, 0.0, 4.0]]


def test_batch_topk_shares_the_places_among_the_rows():
    pre = torch.tensor([[3.0, 5.0, 4.0], [-1.0, 1.0, 2.0]])
    assert batch_topk(pre, 1).tolist() == [[0.0, 5.0, 4.0], [0.0, 0.0, 0.0]]
    assert batch_topk(pre, 3).tolist() == [[3.0, 5.0, 4.0], [0.0, 1.0, 2.0]]


def test_jumprelu_and_the_slope_of_its_threshold_by_hand():
    """The worked numbers of Rajamanoharan et al. 2024b."""
    pre = torch.tensor([[0.10, 0.52, 0.48, 1.0]], requires_grad=True)
    threshold = torch.full((4,), 0.5, requires_grad=True)
    z = jumprelu(pre, threshold, bandwidth=0.1)
    torch.testing.assert_close(z, torch.tensor([[0.0, 0.52, 0.0, 1.0]]))
    z.sum().backward()
    torch.testing.assert_close(threshold.grad, torch.tensor([0.0, -5.0, -5.0, 0.0]))
    assert pre.grad.tolist() == [[0.0, 1.0, 0.0, 1.0]]
    slope = jumprelu_threshold_gradient(pre.detach(), threshold.detach(), 0.1)
    torch.testing.assert_close(slope, torch.tensor([[0.0, -5.0, -5.0, 0.0]]))


def test_counting_moves_the_threshold_only():
    pre = torch.tensor([[0.10, 0.52, 0.48, 1.0]], requires_grad=True)
    threshold = torch.full((4,), 0.5, requires_grad=True)
    active = step(pre, threshold, bandwidth=0.1)
    assert active.tolist() == [[0.0, 1.0, 0.0, 1.0]]
    active.sum().backward()
    torch.testing.assert_close(threshold.grad, torch.tensor([0.0, -10.0, -10.0, 0.0]))
    assert pre.grad is None


def test_the_slope_is_right_on_average():
    """Pre-activations that spread evenly: the mean latent really falls at that rate as the threshold grows."""
    pre = torch.linspace(0, 2, 200_001, dtype=torch.float64)[:, None]
    low, high = (jumprelu(pre, torch.tensor([t], dtype=torch.float64)).mean() for t in (0.95, 1.05))
    guess = jumprelu_threshold_gradient(pre, torch.tensor([1.0], dtype=torch.float64), 0.2).mean()
    assert ((high - low) / 0.1).item() == pytest.approx(guess.item(), rel=1e-2)


def test_a_gate_says_whether_and_the_magnitude_how_much():
    latents = encode_gated(
        torch.tensor([[3.0, 2.0]]),
        W_enc=torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
        b_gate=torch.tensor([-1.0, -5.0, 0.0]),
        b_mag=torch.tensor([0.0, 0.0, -9.0]),
        r_mag=torch.tensor([2.0, 1.0, 1.0]).log(),
        b_dec=torch.tensor([1.0, 0.0]),
    )
    assert latents.tolist() == [[4.0, 0.0, 0.0]]  # open and doubled; shut; open with nothing to say


def test_batchtopk_afterwards_keeps_what_exceeds_one_threshold():
    sae, x = random_sae("batchtopk"), batch()
    pre = (x - sae.b_dec) @ sae.W_enc + sae.b_enc
    assert torch.equal(sae.encode(x), pre * (pre > sae.threshold))
    torch.testing.assert_close(sae.encode(x[:1]), sae.encode(x)[:1])  # whatever else is in the batch
    assert ((sae.train().encode(x) > 0).sum() == 3 * len(x)).item()


def test_the_common_threshold_follows_the_smallest_latent():
    sae = SAE(5, 4, "batchtopk", k=1)
    sae.follow_threshold_(torch.tensor([[0.0, 2.0], [3.0, 0.0]]))
    assert sae.threshold.item() == 2
    sae.follow_threshold_(torch.tensor([[4.0, 0.0]]), share=0.25)
    assert sae.threshold.item() == 2.5
    sae.follow_threshold_(torch.zeros(1, 2))
    assert sae.threshold.item() == 2.5


@PLAIN
@torch.no_grad()
def test_forward_is_what_slow_loops_give(architecture):
    sae, x = random_sae(architecture), batch()
    x_hat, latents = sae(x)
    for n in range(len(x)):
        pre = [
            sum((x[n, i] - sae.b_dec[i]) * sae.W_enc[i, j] for i in range(5)) + sae.b_enc[j]
            for j in range(12)
        ]
        kept = range(12) if sae.k is None else sorted(range(12), key=lambda j: -pre[j])[: sae.k]
        slow = [float(pre[j]) if j in kept and pre[j] > 0 else 0.0 for j in range(12)]
        torch.testing.assert_close(latents[n], torch.tensor(slow), atol=1e-5, rtol=1e-5)
        rebuilt = [sum(slow[j] * sae.W_dec[j, i] for j in range(12)) + sae.b_dec[i] for i in range(5)]
        torch.testing.assert_close(x_hat[n], torch.stack(rebuilt), atol=1e-5, rtol=1e-5)


@architectures
def test_leading_axes_are_free(architecture):
    sae, x = random_sae(architecture), batch()
    x_hat, latents = sae(x.reshape(4, 10, 5))
    torch.testing.assert_close(latents.reshape(40, 12), sae(x).latents)
    torch.testing.assert_close(x_hat.reshape(40, 5), sae(x).x_hat)


@architectures
def test_it_starts_tied_with_directions_of_length_one(architecture):
    sae = SAE(5, 12, architecture, seed=0, **ARCHITECTURES[architecture])
    shorter = 10 / 12 if sae.spec.starts_shorter else 1
    torch.testing.assert_close(sae.W_enc, shorter * sae.W_dec.T)
    torch.testing.assert_close(sae.W_dec.norm(dim=1), torch.ones(12))
    assert not any(
        tensor.any() for name, tensor in sae.state_dict().items() if name not in ("W_enc", "W_dec")
    )


def test_untrained_it_answers_about_as_loud_as_it_is_asked():
    x = torch.randn(500, 40, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        x_hat = SAE(40, 800)(x).x_hat
    assert x_hat.norm() / x.norm() == pytest.approx(1, abs=0.2)
    assert torch.equal(SAE(40, 80).W_enc, SAE(40, 80).W_dec.T)


def test_the_seed_decides_the_directions():
    assert torch.equal(SAE(5, 12, seed=4).W_dec, SAE(5, 12, seed=4).W_dec)
    assert not torch.equal(SAE(5, 12, seed=4).W_dec, SAE(5, 12, seed=5).W_dec)


@architectures
def test_folding_a_scale_turns_a_reader_of_scaled_x_into_a_reader_of_x(architecture):
    sae, x, scale = random_sae(architecture), batch(), 2.5
    scaled = sae(scale * x)
    sae.fold_scale_(scale)
    torch.testing.assert_close(sae(x).latents, scaled.latents / scale)
    torch.testing.assert_close(sae(x).x_hat, scaled.x_hat / scale)


@architectures
def test_folding_dimensions_turns_a_reader_of_divided_x_into_a_reader_of_x(architecture, tmp_path):
    sae, x, std = random_sae(architecture), batch(), torch.tensor([0.01, 1.0, 300.0, 2.0, 0.5])
    divided = sae(x / std)
    sae.fold_dimensions_(std)
    torch.testing.assert_close(sae(x).latents, divided.latents)
    torch.testing.assert_close(sae(x).x_hat / std, divided.x_hat, atol=1e-5, rtol=1e-5)
    save_sae(sae, tmp_path)
    torch.testing.assert_close(load_sae(tmp_path)(x).x_hat / std, divided.x_hat, atol=1e-5, rtol=1e-5)
    sae.fold_dimensions_(1 / std)
    torch.testing.assert_close(sae(x / std).x_hat, divided.x_hat)
    for wrong in (std[:4], std - 0.01):
        with pytest.raises(ValueError, match="std must be 5 positive numbers"):
            sae.fold_dimensions_(wrong)


@pytest.mark.parametrize("architecture", ["relu", "jumprelu", "gated"])
def test_lengths_of_decoder_directions_can_move_into_the_encoder(architecture):
    sae, x = random_sae(architecture), batch()
    with torch.no_grad():
        sae.W_dec.mul_(torch.linspace(0.2, 3, 12)[:, None])
    before = sae(x)
    norm = sae.W_dec.detach().norm(dim=1)
    sae.absorb_decoder_norms_()
    torch.testing.assert_close(sae.W_dec.norm(dim=1), torch.ones(12))
    torch.testing.assert_close(sae(x).latents, before.latents * norm)
    torch.testing.assert_close(sae(x).x_hat, before.x_hat)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="unknown architecture 'gelu': there are relu, topk"):
        SAE(5, 12, "gelu")
    for k in (None, 0, 13):
        with pytest.raises(
            ValueError, match=r"needs k between 1 and d_sae = 12|k is 0: it has to be at least 1"
        ):
            SAE(5, 12, "topk", k=k)
    with pytest.raises(ValueError, match="'relu' takes no k: that is for topk, batchtopk"):
        SAE(5, 12, "relu", k=3)
    with pytest.raises(ValueError, match="'topk' takes no bandwidth: that is for jumprelu"):
        SAE(5, 12, "topk", k=3, bandwidth=3.0)
    with pytest.raises(ValueError, match=r"bandwidth is 0\.0: it has to be above 0"):
        SAE(5, 12, "jumprelu", bandwidth=0.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'bandwith'"):
        SAE(5, 12, "jumprelu", bandwith=3.0)
    with pytest.raises(ValueError, match=r"\(40, 5\).*activations of 6"):
        SAE(6, 12)(batch())


def test_in_the_neuron_basis_latents_are_neurons():
    sae, x = neuron_basis(5, hook_name="blocks.0.mlp.hook_post"), batch()
    assert torch.equal(sae.encode(x), x.relu()) and sae.hook_name == "blocks.0.mlp.hook_post"


def test_a_new_architecture_is_one_entry(monkeypatch, tmp_path):
    """Latents that are squared when active: built, trained and refused by its record alone."""
    spec = dataclasses.replace(
        RECORDS["relu"],
        encode=lambda sae, x: encode(x, sae.W_enc, sae.b_enc, sae.b_dec, lambda pre: pre.relu() ** 2),
        coefficient=None,
        options={"sharpness": lambda given, d_sae: given or 2.0},
        fast=False,
    )
    monkeypatch.setitem(RECORDS, "squared", spec)
    sae = SAE(5, 12, "squared", sharpness=3.0)
    assert sae.options == {"sharpness": 3.0} and sae.k is None
    assert (sae.encode(batch()) == ((batch() @ sae.W_enc).relu()) ** 2).all()
    with pytest.raises(ValueError, match="'relu' takes no sharpness: that is for squared"):
        SAE(5, 12, "relu", sharpness=3.0)
    with pytest.raises(ValueError, match="not squared"):
        fit_sae(sae, [batch()], progress=False, speed="fast")
    assert fit_sae(sae, [batch()] * 3, progress=False).loss[-1] > 0


def test_the_examples_in_the_docstrings_are_true():
    import course_utils.sae.files
    import course_utils.sae.losses
    import course_utils.sae.model
    import course_utils.sae.record
    import course_utils.training.fit
    import course_utils.training.options
    import course_utils.training.steps

    for module in (
        course_utils.sae.files, course_utils.sae.losses, course_utils.sae.model, course_utils.sae.record,
        course_utils.training.fit, course_utils.training.options, course_utils.training.steps,
    ):  # fmt: skip
        found = doctest.testmod(module)
        assert found.attempted and not found.failed, module.__name__


def test_help_says_what_it_is_and_names_the_attributes():
    first = SAE.__doc__.split("\n\n")[0]
    assert first.startswith("Encode activations into sparse latents and decode them back")
    assert ">>> x_hat" in SAE.__doc__.split("Args:")[0]
    for method in (SAE.forward, SAE.encode, SAE.decode):
        assert method.__doc__ and method.__doc__ != torch.nn.Module.forward.__doc__
    for architecture, options in ARCHITECTURES.items():
        assert (
            dict(SAE(5, 12, architecture, **options).named_parameters()).keys() <= SAE.__annotations__.keys()
        )


@architectures
def test_saved_and_loaded_it_is_the_same_to_the_bit(architecture, tmp_path):
    sae = random_sae(architecture)
    stored_as = "jumprelu" if sae.spec.threshold == "followed" else architecture
    sae.metadata = {"model_name": "pocket"}
    save_sae(sae, tmp_path / "new" / "folder", hook_name="blocks.2.hook_resid_post", context_size=128)
    loaded = load_sae(tmp_path / "new" / "folder")
    for name, parameter in sae.named_parameters():
        assert torch.equal(parameter, loaded.get_parameter(name))
    assert torch.equal(sae(batch()).x_hat, loaded(batch()).x_hat)
    assert (loaded.architecture, loaded.k) == (stored_as, sae.k if architecture == "topk" else None)
    assert loaded.hook_name == "blocks.2.hook_resid_post" and loaded.metadata["model_name"] == "pocket"


def test_the_files_are_what_saelens_reads(tmp_path):
    save_sae(random_sae("topk"), tmp_path, model_name="pocket")
    cfg = json.loads((tmp_path / "cfg.json").read_text())
    assert cfg["architecture"] == "topk" and cfg["k"] == 3 and cfg["rescale_acts_by_decoder_norm"] is False
    assert (cfg["d_in"], cfg["d_sae"], cfg["dtype"], cfg["normalize_activations"]) == (
        5,
        12,
        "float32",
        "none",
    )
    assert cfg["apply_b_dec_to_input"] is True and cfg["metadata"]["sae_lens_version"] >= "6.0.0"
    weights = load_file(tmp_path / "sae_weights.safetensors")
    assert {name: tuple(w.shape) for name, w in weights.items()} == {
        "W_enc": (5, 12),
        "b_enc": (12,),
        "W_dec": (12, 5),
        "b_dec": (5,),
    }


SAE_LENS_TENSORS = {  # beside W_enc (d_in, d_sae), W_dec (d_sae, d_in) and b_dec (d_in)
    "relu": ("standard", {"b_enc"}),
    "topk": ("topk", {"b_enc"}),
    "batchtopk": ("jumprelu", {"b_enc", "threshold"}),
    "jumprelu": ("jumprelu", {"b_enc", "threshold"}),
    "matryoshka": ("jumprelu", {"b_enc", "threshold"}),
    "gated": ("gated", {"b_gate", "b_mag", "r_mag"}),
}


@architectures
def test_the_tensors_are_those_of_saelens(architecture, tmp_path):
    save_sae(random_sae(architecture), tmp_path)
    stored_as, per_latent = SAE_LENS_TENSORS[architecture]
    cfg = json.loads((tmp_path / "cfg.json").read_text())
    assert cfg["architecture"] == stored_as and ("k" in cfg) == (stored_as == "topk")
    shapes = {name: tuple(w.shape) for name, w in load_file(tmp_path / "sae_weights.safetensors").items()}
    expected = {"W_enc": (5, 12), "W_dec": (12, 5), "b_dec": (5,)} | dict.fromkeys(per_latent, (12,))
    assert shapes == expected


def test_the_prefixes_of_a_matryoshka_are_kept_beside(tmp_path):
    sae = SAE(5, 64, "matryoshka", k=3)
    assert sae.options["prefixes"] == (4, 8, 16, 32, 64)
    assert SAE(5, 6, "matryoshka", k=3).options["prefixes"] == (1, 3, 6)
    save_sae(sae, tmp_path, hook_name="blocks.2.hook_resid_post")
    metadata = load_sae(tmp_path).metadata
    assert metadata["trained_as"] == "matryoshka" and metadata["prefixes"] == [4, 8, 16, 32, 64]
    for prefixes in ([3, 2, 12], [0, 12], [3, 6]):
        with pytest.raises(
            ValueError, match="'matryoshka' needs prefixes that grow from at least 1 to d_sae = 12"
        ):
            SAE(5, 12, "matryoshka", k=3, prefixes=prefixes)


def test_half_precision_is_stored_and_read_as_float32(tmp_path):
    sae = random_sae("relu")
    save_sae(sae, tmp_path, dtype=torch.float16)
    loaded = load_sae(tmp_path)
    assert load_file(tmp_path / "sae_weights.safetensors")["W_enc"].dtype == torch.float16
    assert loaded.W_enc.dtype == torch.float32
    assert torch.equal(loaded.W_enc, sae.W_enc.half().float())


def edit(folder, weights=None, **cfg):
    path = folder / "cfg.json"
    told = {**json.loads(path.read_text()), **cfg}
    told.pop("weights_sha256", None)  # as another program would have written it
    path.write_text(json.dumps(told))
    if weights:
        file = folder / "sae_weights.safetensors"
        save_file({**load_file(file), **weights}, file)


def test_a_foreign_sae_that_does_not_subtract_b_dec(tmp_path):
    sae, x = random_sae("relu"), batch()
    save_sae(sae, tmp_path)
    edit(tmp_path, apply_b_dec_to_input=False)
    expected = (x @ sae.W_enc + sae.b_enc).relu()
    torch.testing.assert_close(load_sae(tmp_path).encode(x), expected, atol=1e-5, rtol=1e-5)


def test_a_foreign_gated_sae_that_does_not_subtract_b_dec(tmp_path):
    sae, x = random_sae("gated"), batch()
    save_sae(sae, tmp_path)
    edit(tmp_path, apply_b_dec_to_input=False)
    projected = x @ sae.W_enc
    expected = (projected + sae.b_gate > 0) * (projected * sae.r_mag.exp() + sae.b_mag).relu()
    torch.testing.assert_close(load_sae(tmp_path).encode(x), expected, atol=1e-5, rtol=1e-5)


def test_a_foreign_sae_that_ranks_by_decoder_norm(tmp_path):
    sae, x = random_sae("topk"), batch()
    W_dec = sae.W_dec.detach() * torch.linspace(0.2, 3, 12)[:, None]
    save_sae(sae, tmp_path)
    edit(tmp_path, {"W_dec": W_dec}, rescale_acts_by_decoder_norm=True)
    norm = W_dec.norm(dim=1)
    latents = topk(((x - sae.b_dec) @ sae.W_enc + sae.b_enc) * norm, 3)
    loaded = load_sae(tmp_path)
    torch.testing.assert_close(loaded(x).latents, latents)
    torch.testing.assert_close(loaded(x).x_hat, (latents / norm) @ W_dec + sae.b_dec)


def test_an_old_config_names_its_hook_point_elsewhere(tmp_path):
    save_sae(random_sae("relu"), tmp_path)
    cfg = {"d_in": 5, "d_sae": 12, "hook_point": "blocks.8.hook_resid_pre", "normalize_activations": None}
    (tmp_path / "cfg.json").write_text(json.dumps(cfg))
    assert load_sae(tmp_path).hook_name == "blocks.8.hook_resid_pre"
