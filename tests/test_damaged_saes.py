"""What `load_sae` refuses, and in which words; nothing is read in silence that is not what it seems."""

import json
import os
import struct
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from course_utils.sae import SAE, load_sae, save_sae
from course_utils.sae.tensor_files import read_npz

WEIGHTS, CONFIG = "sae_weights.safetensors", "cfg.json"


def put(folder, cfg=None, **changed):
    """A folder as somebody else's program writes it; a tensor of None is left out."""
    tensors = {
        "W_enc": torch.randn(16, 64), "b_enc": torch.randn(64), "W_dec": torch.randn(64, 16), "b_dec": torch.randn(16),
        **changed,
    }  # fmt: skip
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, folder / WEIGHTS)
    told = {"architecture": "standard", "d_in": 16, "d_sae": 64, **(cfg or {})}
    (folder / CONFIG).write_text(json.dumps(told))
    return folder


def refused(folder, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_sae(folder)
    assert type(caught.value) is ValueError and "\n" not in str(caught.value) and len(str(caught.value)) < 600


TENSORS = [
    ({"W_enc": None}, "has no W_enc, which a 'relu' SAE needs"),
    ({"b_enc": None, "b_dec": None}, "has no b_dec, b_enc"),
    ({"threshold": torch.ones(64)}, "has threshold, which a 'relu' SAE has no use for"),
    ({"W_dec": torch.randn(16, 64)}, r"W_dec has shape \(16, 64\), but W_enc asks for \(64, 16\)"),
    ({"b_enc": torch.randn(1)}, r"b_enc has shape \(1,\), but W_enc asks for \(64,\)"),
    ({"W_enc": torch.randn(16)}, r"W_enc has shape \(16,\), not \(d_in, d_sae\)"),
    ({"W_enc": torch.zeros(0, 64)}, r"W_enc has shape \(0, 64\)"),
    ({"b_dec": torch.ones(16, dtype=torch.int64)}, "b_dec holds int64, not weights"),
    ({"W_dec": torch.full((64, 16), torch.nan)}, "W_dec has NaN or infinity in 1,024 of 1,024 numbers"),
    ({"b_enc": torch.tensor([torch.inf] + [0.0] * 63)}, "b_enc has NaN or infinity in 1 of 64 numbers"),
]


@pytest.mark.parametrize(("changed", "message"), TENSORS, ids=[str(message) for _, message in TENSORS])
def test_tensors(changed, message, tmp_path):
    refused(put(tmp_path, **changed), message)


TOLD = [
    ({"d_sae": 65}, "W_enc has d_sae 64, but its configuration says 65"),
    ({"d_in": 10**12}, "W_enc has d_in 16, but its configuration says 1000000000000"),
    ({"d_in": "16"}, "d_in is '16', not a number"),
    ({"d_in": 16.5}, "d_in is 16.5, not a whole number"),
    ({"d_in": True}, "d_in is True, not a number"),
    ({"architecture": ["standard"]}, r"architecture is \['standard'\], not a name"),
    ({"architecture": "skip_transcoder"}, "'skip_transcoder', which is not read: it writes at another place than it"),
    ({"architecture": "abstopk"}, "'abstopk', which is not read: it keeps latents below 0"),
    ({"architecture": "matching_pursuit"}, "has no encoder, it searches step by step"),
    ({"architecture": "temporal"}, "reads a token together with those before it"),
    ({"architecture": "spade"}, "is of a 'spade' SAE; this package reads standard, topk, jumprelu, gated, batchtopk"),
    ({"architecture": "topk"}, "needs k between 1 and d_sae = 64, not None"),
    ({"architecture": "topk", "k": 65}, "needs k between 1 and d_sae = 64, not 65"),
    ({"architecture": "topk", "k": "4"}, "k is '4', not a number"),
    ({"architecture": "topk", "k": float("nan")}, "k is nan, not a whole number"),
    ({"activation_fn_str": "tanh-relu"}, "the activation function 'tanh-relu' is not read, only 'relu' is"),
    ({"architecture": "gated", "activation_fn": "topk"}, "a 'gated' SAE with the activation function 'topk'"),
    ({"activation_fn": "topk", "activation_fn_kwargs": {"k": 4, "signed": True}}, "keeps latents below 0"),
    ({"activation_fn": "topk", "activation_fn_kwargs": [4]}, r"activation_fn_kwargs is \[4\], not a table"),
    ({"apply_b_dec_to_input": "false"}, "apply_b_dec_to_input is 'false', not true or false"),
    ({"normalize_activations": "covariance_whitening"}, "normalize_activations 'covariance_whitening' is not read"),
    ({"normalize_activations": ["none"]}, r"normalize_activations \['none'\] is not read"),
    ({"normalize_activations": "expected_average_only_in"}, r"do not say by which. Pass load_sae\(…, scale=sqrt"),
    ({"normalize_activations": True}, "multiplied by one number in training, to a mean length of sqrt"),
    ({"reshape_activations": "hook_q"}, "reshape_activations is 'hook_q', which is not read"),
    ({"hook_head_index": 3}, "reads head 3 alone; this package reads all heads"),
    ({"metadata": "gpt2"}, "metadata is 'gpt2', not a table"),
]  # fmt: skip


@pytest.mark.parametrize(("cfg", "message"), TOLD, ids=[str(cfg) for cfg, _ in TOLD])
def test_configurations(cfg, message, tmp_path):
    refused(put(tmp_path, cfg), message)


def test_scales(tmp_path):
    put(tmp_path)
    with pytest.raises(
        ValueError, match="says itself how activations were scaled in training: leave scale out"
    ):
        load_sae(tmp_path, scale=2.0)
    put(tmp_path, {"normalize_activations": "expected_average_only_in"})
    for scale in (0.0, -1.0, float("nan"), float("inf"), "2"):
        with pytest.raises((ValueError, TypeError), match=r"scale is .*(not a number|finite)"):
            load_sae(tmp_path, scale=scale)
    (tmp_path / "activation_scaler.json").write_text('{"scaling_factor": [1, 2]}')
    refused(tmp_path, r"scale is \[1, 2\], not a number above 0")


def test_a_scaling_factor_is_used_if_the_file_says_so(tmp_path):
    factor = torch.linspace(0.5, 2, 64)
    refused(put(tmp_path, scaling_factor=factor), "does not say whether the scaling_factor")
    sae = load_sae(put(tmp_path, {"finetuning_scaling_factor": True}, scaling_factor=factor))
    plain, x = load_file(tmp_path / WEIGHTS), torch.randn(5, 16)
    latents = ((x - plain["b_dec"]) @ plain["W_enc"] + plain["b_enc"]).relu()
    torch.testing.assert_close(sae.encode(x), latents, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        sae(x).x_hat, (latents * factor) @ plain["W_dec"] + plain["b_dec"], atol=1e-4, rtol=1e-4
    )
    wrong = torch.rand(3) + 2
    refused(
        put(tmp_path, {"finetuning_scaling_factor": True}, scaling_factor=wrong), "not one number a latent"
    )


def test_k_may_be_written_4_0_and_stand_in_either_place(tmp_path):
    for told in ({"k": 4.0}, {"activation_fn_str": "topk", "activation_fn_kwargs": {"k": 4}}):
        sae = load_sae(put(tmp_path, {"architecture": "topk", **told}))
        assert sae.k == 4 and (sae.encode(torch.randn(5, 16)) > 0).sum(dim=1).max() <= 4


def test_metadata_of_the_release_candidate_and_hook_names_of_hugging_face(tmp_path):
    assert (
        load_sae(put(tmp_path, {"meta": {"hook_name": "blocks.1.hook_mlp_out"}})).hook_name
        == "blocks.1.hook_mlp_out"
    )
    sae = load_sae(put(tmp_path, {"metadata": {"hook_name": "model.layers.30"}}))
    assert sae.metadata == {"hook_name": "blocks.30.hook_resid_post", "hf_hook_name": "model.layers.30"}


def test_a_direction_of_zeros_where_latents_are_ranked_by_its_length(tmp_path):
    W_dec = torch.randn(64, 16)
    W_dec[3] = 0
    sae = load_sae(
        put(tmp_path, {"architecture": "topk", "k": 4, "rescale_acts_by_decoder_norm": True}, W_dec=W_dec)
    )
    x_hat, latents = sae(torch.randn(50, 16))
    assert x_hat.isfinite().all() and not latents[:, 3].any() and not sae.W_dec[3].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_precision_is_read_as_float32(dtype, tmp_path):
    W_dec = torch.randn(64, 16).to(dtype)
    sae = load_sae(put(tmp_path, W_dec=W_dec))
    assert sae.W_dec.dtype == torch.float32 and torch.equal(sae.W_dec.data, W_dec.float())
    assert all(parameter.requires_grad for parameter in sae.parameters())


BROKEN_JSON = ["", "{", "[]", "3", "[" * 100_000, '{"d_in": 16', "\x00", "null"]


@pytest.mark.parametrize("text", BROKEN_JSON, ids=[text[:12] for text in BROKEN_JSON])
def test_a_broken_configuration(text, tmp_path):
    put(tmp_path)
    (tmp_path / CONFIG).write_text(text)
    refused(tmp_path, r"cfg\.json cannot be read \(.*\): copy or download it again")


def test_a_configuration_without_end(tmp_path):
    put(tmp_path)
    (tmp_path / CONFIG).write_bytes(b" " * (17 * 2**20))
    refused(tmp_path, "cannot be read .*it is 17,825,792 bytes long")


def test_a_configuration_with_a_byte_order_mark_and_umlauts(tmp_path):
    put(tmp_path)
    (tmp_path / CONFIG).write_bytes("\ufeff".encode() + '{"metadata": {"model_name": "Übung"}}'.encode())
    assert load_sae(tmp_path).metadata["model_name"] == "Übung"


@pytest.mark.parametrize("n", [0, 4, 100, -10])
def test_cut_weights(n, tmp_path):
    file = put(tmp_path) / WEIGHTS
    file.write_bytes(file.read_bytes()[:n])
    refused(tmp_path, "cannot be read")


def test_weights_that_say_they_are_larger_than_their_file(tmp_path):
    put(tmp_path)
    header = json.dumps(
        {"W_enc": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}
    ).encode()
    (tmp_path / WEIGHTS).write_bytes(struct.pack("<Q", len(header)) + header)
    refused(tmp_path, "cannot be read")


# ── one autoencoder, two files ──────────────────────────────────────────────────────────────────────────────────────


def test_the_two_files_of_two_autoencoders_do_not_make_one(tmp_path):
    for seed in (0, 1):
        save_sae(SAE(16, 64, seed=seed), tmp_path / str(seed), note=seed)
    (tmp_path / "0" / WEIGHTS).replace(tmp_path / "1" / WEIGHTS)
    refused(tmp_path / "1", "was not written with these weights, or .* was changed or damaged since")
    (tmp_path / "1" / CONFIG).unlink()
    assert load_sae(tmp_path / "1").metadata["note"] == 0, "the weights have their configuration within"


def test_any_flipped_bit_of_the_weights_is_seen(tmp_path):
    save_sae(SAE(16, 64), tmp_path)
    data = bytearray((tmp_path / WEIGHTS).read_bytes())
    start = 8 + struct.unpack("<Q", data[:8])[0]
    for where in range(start, len(data), 997):
        data[where] ^= 4
        (tmp_path / WEIGHTS).write_bytes(data)
        refused(tmp_path, "changed or damaged since")
        data[where] ^= 4


def test_a_hand_may_change_the_configuration(tmp_path):
    save_sae(SAE(16, 64), tmp_path)
    told = json.loads((tmp_path / CONFIG).read_text())
    told["metadata"]["hook_name"] = "blocks.1.hook_resid_post"
    (tmp_path / CONFIG).write_text(json.dumps(told))
    assert load_sae(tmp_path).hook_name == "blocks.1.hook_resid_post"


# ── pickles ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Evil:
    def __init__(self, made):
        self.made = made

    def __reduce__(self):
        return os.mkdir, (self.made,)


@pytest.mark.parametrize("file", ["ae.pt", "8.pt", "layer.pth"])
def test_a_pickle_that_wants_to_run_code_does_not(file, tmp_path):
    made = tmp_path / "made"
    torch.save({"W_enc": torch.zeros(3), "x": Evil(str(made))}, tmp_path / file)
    refused(tmp_path / file, r"asks to run \w+\.mkdir while it is opened")
    assert not made.exists()


PICKLED = [
    ([1, 2], "holds a list, not tensors by name"),
    ({3: torch.zeros(2)}, "holds a dict, not tensors by name"),
    ({"weight": torch.zeros(2)}, "holds weight: these are the names of no format that this package reads"),
    ({"step": 3, "ae": {}, "optimizer": {}}, "is a backup of an unfinished training with dictionary_learning"),
    ({"W_enc": torch.zeros(1).expand(10**6, 10**6), "threshold": torch.zeros(1)}, r"too short for W_enc of shape \(1000000, 1000000\)"),
    ({"encoder.weight": 3, "encoder.bias": 3, "decoder.weight": 4, "bias": 5}, "W_enc is of type int, not a tensor"),
    ({"pre_bias": torch.zeros(2), "latent_bias": torch.zeros(3), "activation": "Identity"}, "its activation is Identity"),
    ({"pre_bias": torch.zeros(2), "latent_bias": torch.zeros(3), "activation": "TopK", "activation_state_dict": {"k": 2, "postact_fn": "Identity"}}, "only ReLU and TopK of ReLU are read"),
    ({"pre_bias": torch.zeros(2), "latent_bias": torch.zeros(3)}, "has no W_enc, W_dec, which a 'relu' SAE needs"),
    ({"encoder.weight": torch.zeros(4, 3), "decoder.weight": torch.zeros(3, 4), "bias": torch.zeros(3)}, "has no b_enc"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "message"), PICKLED, ids=[message for _, message in PICKLED])
def test_pickles(value, message, tmp_path):
    torch.save(value, tmp_path / "ae.pt")
    refused(tmp_path, message)


def test_a_class_that_is_not_read_or_not_what_the_tensors_are(tmp_path):
    torch.save({"encoder.weight": torch.zeros(4, 3), "decoder.weight": torch.zeros(3, 4), "bias": torch.zeros(3)}, tmp_path / "ae.pt")  # fmt: skip
    for told, message in (
        ("CrossCoder", "is of a CrossCoder, which is not read; AutoEncoder,"),
        ("GatedAutoEncoder", r"has the tensors of AutoEncoder, but its config\.json says GatedAutoEncoder"),
    ):
        (tmp_path / "config.json").write_text(json.dumps({"trainer": {"dict_class": told}}))
        refused(tmp_path, message)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not a zip", b"\x80\x04N."])
def test_a_damaged_pickle(data, tmp_path):
    (tmp_path / "ae.pt").write_bytes(data)
    refused(tmp_path, r"cannot be read|holds a NoneType")


# ── npz ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_npz_of_objects(tmp_path):
    np.savez(tmp_path / "params.npz", W_enc=np.array([Evil(str(tmp_path / "made"))], dtype=object))
    refused(tmp_path, "cannot be read .*Object arrays cannot be loaded")
    assert not (tmp_path / "made").exists()


def test_an_npz_that_would_fill_the_memory(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "params.npz", W_enc=np.zeros((1000, 1000)))
    monkeypatch.setattr("course_utils.sae.tensor_files.memory_bytes", lambda: (10**6, 10**6))
    with pytest.raises(ValueError, match="unpacked it is 8,000,128 bytes, and 1,000,000 are free"):
        read_npz(tmp_path / "params.npz")


def test_an_npz_whose_array_says_it_is_larger_than_it_is(tmp_path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 10000000), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    with zipfile.ZipFile(tmp_path / "params.npz", "w") as archive:
        archive.writestr("W_enc.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    refused(tmp_path, r"params\.npz cannot be read")


def test_an_npz_that_is_none(tmp_path):
    (tmp_path / "params.npz").write_bytes(b"half a download")
    refused(tmp_path, "cannot be read .*not a zip file")


def test_gemma_scope_that_is_no_autoencoder_of_a_hook_point(tmp_path):
    for name, message in (
        ("gemma-scope-2b-pt-transcoders/layer_3/width_16k", "of a transcoder, which is not read"),
        ("gemma-scope-2b-pt-res/embedding/width_4k", "reads token embeddings before Gemma multiplies them"),
    ):
        (tmp_path / name).mkdir(parents=True)
        np.savez(tmp_path / name / "params.npz", W_enc=np.zeros((3, 4)))
        refused(tmp_path / name, message)


# ── where ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/some/folder/nothere", "~/no_such_sae", "./layer_9", "layer_2/", "x/sae_weights.safetensors"])  # fmt: skip
def test_a_path_that_is_not_there(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"there is no folder or file .*; those that ship are layer_1, layer_2"
    ) as e:
        load_sae(path)
    assert "history.json" not in str(e.value)


def test_a_name_that_neither_ships_nor_is_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        FileNotFoundError, match="no autoencoder 'layer_9' ships, nor is there a folder of that name"
    ):
        load_sae("layer_9")


def test_a_name_that_ships_and_is_a_folder_here_is_not_guessed_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_sae(SAE(5, 12), "layer_2")
    with pytest.raises(ValueError, match=r"ships, and of a folder here: for the folder pass '\./layer_2'"):
        load_sae("layer_2")
    assert load_sae("./layer_2").d_in == load_sae(tmp_path / "layer_2").d_in == 5
    save_sae(SAE(5, 12), "my_sae")
    assert load_sae("my_sae").d_in == 5


def test_any_file_of_the_pair_will_do(tmp_path):
    save_sae(SAE(5, 12), tmp_path)
    assert load_sae(tmp_path / WEIGHTS).d_in == load_sae(str(tmp_path / CONFIG)).d_in == 5


def test_folders_that_are_not_one_autoencoder(tmp_path):
    refused(
        tmp_path, r"holds no autoencoder: none of sae_weights\.safetensors, sae\.safetensors, params\.npz"
    )
    (tmp_path / CONFIG).write_text("{}")
    refused(tmp_path, r"has a cfg\.json but no weights beside it")
    for layer in range(12):
        torch.save({}, tmp_path / f"{layer}.pt")
    refused(tmp_path, r"has several files, 0\.pt, 1\.pt, 10\.pt.* …: pass one of them")
    (tmp_path / "notes.txt").write_text("")
    refused(tmp_path / "notes.txt", "is not a file of a format that is read")


JUNK = [
    None,
    3,
    -1,
    2.5,
    "x",
    [],
    {},
    True,
    torch.zeros(()),
    torch.zeros(2, 2, 2),
    torch.tensor([1, 2]),
    torch.zeros(3).to_sparse(),
]


def published(folder, name):
    """One good file of each kind, as a table of its values."""
    w = {"encoder.weight": torch.randn(8, 4), "decoder.weight": torch.randn(4, 8)}
    topk = {"activation": "TopK", "activation_state_dict": {"k": 2, "postact_fn": "ReLU"}}
    plain = {
        "W_enc": torch.randn(4, 8),
        "W_dec": torch.randn(8, 4),
        "b_enc": torch.randn(8),
        "b_dec": torch.randn(4),
    }
    (folder / "config.json").write_text(
        '{"trainer": {"dict_class": "BatchTopKSAE"}}' if name == "batchtopk" else "{}"
    )
    return {
        "openai": {**w, "pre_bias": torch.randn(4), "latent_bias": torch.randn(8), **topk},
        "autoencoder": {**w, "encoder.bias": torch.randn(8), "bias": torch.randn(4)},
        "batchtopk": {
            **w,
            "encoder.bias": torch.randn(8),
            "b_dec": torch.randn(4),
            "k": torch.tensor(2),
            "threshold": torch.ones(()),
        },
        "gated": {
            **w,
            "decoder_bias": torch.randn(4),
            "gate_bias": torch.randn(8),
            "mag_bias": torch.randn(8),
            "r_mag": torch.randn(8),
        },
        "matryoshka": {
            **plain,
            "k": torch.tensor(2),
            "threshold": torch.ones(()),
            "group_sizes": torch.tensor([2, 6]),
        },
    }[name]


@pytest.mark.parametrize("name", ["openai", "autoencoder", "batchtopk", "gated", "matryoshka"])
def test_whatever_else_stands_in_a_place_it_is_refused_in_our_words(name, tmp_path):
    good = published(tmp_path, name)
    x = torch.randn(9, 4)
    for key in good:
        for junk in [*JUNK, "missing"]:
            changed = (
                {k: v for k, v in good.items() if k != key} if junk == "missing" else {**good, key: junk}
            )
            torch.save(changed, tmp_path / "ae.pt")
            try:
                sae = load_sae(tmp_path)
            except ValueError as problem:
                assert type(problem) is ValueError and str(tmp_path) in str(problem), (key, junk)
            else:  # a table of the activation that says nothing, k in another place …
                assert sae(x).x_hat.isfinite().all(), (key, junk)
