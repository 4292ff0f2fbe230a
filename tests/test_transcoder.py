import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from course_utils.interventions import latent_units
from course_utils.lm import collect_activations, iterate_side_by_side, load_model
from course_utils.reading import loss_with_transcoders, score_sae
from course_utils.recipes.pocket_saes import mixed_texts
from course_utils.sae import SAE, Transcoder, auxk_loss, load_sae, load_transcoder, save_sae, save_transcoder
from course_utils.training import Revival, fit_sae, resample_dead_

KINDS = [
    ("relu", {}, {"l1_coefficient": 0.05}),
    ("jumprelu", {}, {"l0_coefficient": 0.05}),
    ("batchtopk", {"k": 5}, {}),
]
kinds = pytest.mark.parametrize(("architecture", "options", "price"), KINDS, ids=[kind[0] for kind in KINDS])
skips = pytest.mark.parametrize("skip", [False, True], ids=["", "skip"])
D_IN, D_SAE, D_OUT = 6, 32, 4


def made(architecture="relu", skip=True, **options):
    """As after training: random numbers in every tensor."""
    t = Transcoder(D_IN, D_SAE, architecture, d_out=D_OUT, skip=skip, **options).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, tensor in t.state_dict(keep_vars=True).items():
            tensor.copy_(torch.randn(tensor.shape, generator=generator))
            if name == "threshold":
                tensor.abs_()
    return t


def pairs(n_batches=80, n=64):
    """What a small layer of its own reads and writes, in other units on both sides."""
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(n_batches, n, D_IN, generator=generator)
    hidden = torch.relu(x @ torch.randn(D_IN, 12, generator=generator))
    return 3 * x + 1, 50 * hidden @ torch.randn(12, D_OUT, generator=generator)


def unexplained(t, x, y):
    return ((t(x).x_hat - y).pow(2).sum() / (y - y.mean(dim=0)).pow(2).sum()).item()


def test_by_hand():
    t = Transcoder(2, 2, d_out=1, skip=True)
    t.W_enc.data, t.b_enc.data = torch.eye(2), torch.tensor([-1.0, 0.0])
    t.W_dec.data, t.b_dec.data, t.W_skip.data = (
        torch.tensor([[2.0], [3.0]]),
        torch.tensor([10.0]),
        torch.tensor([[100.0, 0]]),
    )
    y_hat, latents = t(torch.tensor([[4.0, -5.0]]))
    assert latents.tolist() == [[3.0, 0.0]] and y_hat.tolist() == [[10 + 2 * 3 + 100 * 4]]
    with pytest.raises(ValueError, match="with the x it read"):
        t.decode(latents)


@kinds
@skips
def test_training_finds_the_map_in_raw_units(architecture, options, price, skip):
    x, y = pairs()
    t = Transcoder(D_IN, D_SAE, architecture, d_out=D_OUT, skip=skip, **options)
    assert unexplained(t, x[0], y[0]) > 0.9
    history = fit_sae(t, zip(x, y, strict=True), steps=80, lr=1e-2, progress=False, **price)
    assert history.fvu[-1] < 0.25
    assert unexplained(t, x[-1], y[-1]) == pytest.approx(history.fvu[-1], abs=0.1)


def test_a_pair_is_what_lies_side_by_side():
    x, y = pairs(10)
    one, other = (Transcoder(D_IN, D_SAE, d_out=D_OUT, skip=True) for _ in range(2))
    fit_sae(one, list(zip(x, y, strict=True)), l1_coefficient=1, progress=False)
    fit_sae(other, torch.cat([x, y], dim=2), l1_coefficient=1, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_an_input_in_other_units_makes_no_difference():
    x, y = pairs(10)
    one, other = (Transcoder(D_IN, D_SAE, "batchtopk", k=5, d_out=D_OUT, skip=True) for _ in range(2))
    fit_sae(one, list(zip(x, y, strict=True)), progress=False)
    fit_sae(other, list(zip(256 * x, y / 16, strict=True)), progress=False)
    torch.testing.assert_close(other(256 * x[0]).x_hat * 16, one(x[0]).x_hat, rtol=1e-3, atol=1e-2)


def test_folding_turns_a_map_of_divided_ones_into_one_of_raw_ones():
    torch.manual_seed(0)
    t, x, std = made(), torch.randn(20, D_IN), torch.logspace(-1, 1, D_IN + D_OUT)
    latents, y_hat = t.encode(x), t(x).x_hat
    t.fold_dimensions_(std)
    torch.testing.assert_close(t.encode(x * std[:D_IN]), latents)
    torch.testing.assert_close(t(x * std[:D_IN]).x_hat, y_hat * std[D_IN:], atol=1e-4, rtol=1e-5)


def test_the_auxiliary_loss_is_about_the_output():
    t = Transcoder(2, 2, d_out=1)
    t.W_enc.data, t.W_dec.data = torch.eye(2), torch.tensor([[1.0], [1.0]])
    rows, dead = torch.tensor([[5.0, 3.0, 7.0]]), torch.tensor([False, True])
    assert (
        auxk_loss(t, rows, torch.tensor([[4.0]]), dead, k_aux=1).item() == 0
    )  # latent 1 says 3, which is missed
    assert auxk_loss(t, rows, torch.tensor([[2.0]]), dead, k_aux=1).item() == 4


def test_a_training_that_was_stopped_goes_on(tmp_path):
    x, y = pairs(12)

    def train(steps):
        t = Transcoder(D_IN, D_SAE, "batchtopk", k=5, d_out=D_OUT, skip=True)
        batches = list(zip(x, y, strict=True))
        with pytest.warns(UserWarning, match="ended after") if steps < 12 else pytest.MonkeyPatch.context():
            fit_sae(
                t,
                batches[:steps],
                steps=12,
                progress=False,
                checkpoint=tmp_path / "run.pt",
                revival=Revival(100),
            )
        return t

    train(5)
    resumed = train(12)
    (tmp_path / "run.pt").unlink()
    whole = train(12)
    assert all(torch.equal(a, b) for a, b in zip(resumed.parameters(), whole.parameters(), strict=True))


@kinds
@skips
def test_saved_and_loaded_it_is_the_same(architecture, options, price, skip, tmp_path):
    t, x = made(architecture, skip, **options), torch.randn(20, D_IN)
    save_transcoder(t, tmp_path, hook_name="blocks.1.mlp.hook_in", hook_name_out="blocks.1.hook_mlp_out")
    again = load_transcoder(tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(t(x), again(x), strict=True))
    assert (again.hook_name, again.hook_name_out) == ("blocks.1.mlp.hook_in", "blocks.1.hook_mlp_out")
    with pytest.raises(ValueError, match="load_transcoder"):
        load_sae(tmp_path)


@pytest.mark.parametrize(
    ("changed", "weights", "said"),
    [
        ({"d_out": 5}, {}, "d_out is 5, and the weights have 4"),
        ({"architecture": "standard"}, {}, "'standard', not of a transcoder"),
        ({"architecture": "jumprelu_skip_transcoder"}, {}, "threshold"),
        ({"normalize_activations": "layer_norm"}, {}, "layer_norm"),
        ({}, {"b_enc": torch.full((D_SAE,), torch.nan)}, "b_enc is not all finite"),
        ({}, {"W_skip": torch.zeros(D_IN, D_OUT)}, "W_skip"),
        ({}, {"W_dec": torch.zeros(D_SAE)}, "no W_dec of two axes"),
    ],
    ids=str,
)  # fmt: skip
def test_damaged_files_are_refused(changed, weights, said, tmp_path):
    save_transcoder(made(), tmp_path)
    path, file = tmp_path / "cfg.json", tmp_path / "sae_weights.safetensors"
    cfg = {key: value for key, value in json.loads(path.read_text()).items() if key != "weights_sha256"}
    path.write_text(json.dumps({**cfg, **changed}))
    save_file({**load_file(file), **weights}, file)
    with pytest.raises(ValueError, match=said):
        load_transcoder(tmp_path)


def test_where_there_is_none():
    with pytest.raises(FileNotFoundError, match="the transcoders that ship are"):
        load_transcoder("layer_99")


def test_what_does_not_fit_is_refused(tmp_path):
    t, x = Transcoder(D_IN, D_SAE, d_out=D_OUT), torch.ones(3, D_IN)
    for batch in ((x, x), (x,), (x, torch.ones(2, D_OUT)), x, (x, x[0])):
        with pytest.raises(ValueError, match=r"a pair \(batch, 6\), \(batch, 4\), or both side by side"):
            fit_sae(t, [batch], l1_coefficient=1, progress=False)
    with pytest.raises(ValueError, match="take the first of each"):
        fit_sae(SAE(D_IN, D_SAE), [(x, x)], l1_coefficient=1, progress=False)
    with pytest.raises(ValueError, match="take the plain one"):
        fit_sae(t, [(x, x[:, :D_OUT])], l1_coefficient=1, progress=False, speed="fast")
    with pytest.raises(ValueError, match="no transcoder is 'gated'"):
        Transcoder(D_IN, D_SAE, "gated")
    with pytest.raises(ValueError, match="see Revival"):
        resample_dead_(t, torch.optim.Adam(t.parameters()), torch.ones(D_SAE) > 0, x, seed=0)
    with pytest.raises(ValueError, match="save_transcoder"):
        save_sae(t, tmp_path)
    t.metadata["hook_name"] = "blocks.1.mlp.hook_in"
    with pytest.raises(ValueError, match="writes at another"):
        latent_units(t, 3)


def test_scores_are_of_the_output():
    t = made()
    x, y = (part.flatten(end_dim=1) for part in pairs(2))
    scores = score_sae(t, torch.cat([x, y], dim=1))
    assert scores.fvu == pytest.approx(unexplained(t, x, y), rel=1e-5)
    assert scores.l0 == pytest.approx((t.encode(x) > 0).sum().item() / len(x))


@pytest.mark.parametrize("short_way", [True, False])
@torch.no_grad()
def test_rows_have_the_hook_points_side_by_side(short_way):
    model, texts = load_model("pocket"), ["The ship sails over the sea.", "Hello", "It rains."]
    names = ["blocks.1.mlp.hook_in", "blocks.1.hook_mlp_out" if short_way else "blocks.1.ln2.hook_out"]
    [rows] = iterate_side_by_side(model, texts, names, batch_size=2)
    apart = [collect_activations(model, texts, name, batch_size=2) for name in names]
    assert torch.equal(rows.where, apart[0].where)
    torch.testing.assert_close(
        rows.values, torch.cat([part.values for part in apart], dim=1), rtol=1e-4, atol=1e-4
    )


@torch.no_grad()
def test_a_transcoder_that_only_skips_stands_in_for_what_it_says():
    """With W_skip alone it writes a multiple of what it reads, which hooks can do as well."""
    model, texts = load_model("pocket"), ["The ship sails over the sea.", "It rains."]
    t = Transcoder(256, 4, skip=True)
    t.b_enc.data -= 1e6
    t.W_skip.data = 2 * torch.eye(256)
    losses = loss_with_transcoders(model, {1: t, 3: t}, texts, batch_size=1)

    def loss(text):
        ids = model.to_tokens(text, prepend_bos=True)
        read = {}

        def look(x, hook):
            read["x"] = x

        def write(y, hook):
            return torch.cat([y[:, :1], 2 * read["x"][:, 1:]], dim=1)

        hooks = [
            h
            for n in (1, 3)
            for h in ((f"blocks.{n}.mlp.hook_in", look), (f"blocks.{n}.hook_mlp_out", write))
        ]
        logits = model.run_with_hooks(ids, return_type="logits", fwd_hooks=hooks)
        of_each = -logits.log_softmax(dim=-1)[0, 1:-1].gather(1, ids[0, 2:, None])
        return of_each.sum().item(), len(of_each)

    total = [sum(part) for part in zip(*map(loss, texts), strict=True)]
    assert losses.spliced == pytest.approx(total[0] / total[1], abs=1e-4)
    assert losses.increase == losses.spliced - losses.clean > 0


def test_the_model_loses_little_with_all_that_ship_spliced_in():
    model = load_model("pocket")
    shipped = {layer: load_transcoder(f"layer_{layer}") for layer in range(5)}
    texts = mixed_texts("held_out")[:40]
    assert 0 < loss_with_transcoders(model, shipped, texts).increase < 0.1
