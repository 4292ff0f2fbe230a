"""`save_sae` interrupted at any moment, or given what it cannot write: never a mixture of two autoencoders."""

import os
import sys
from functools import partial

import needs
import pytest
import torch

from course_utils.sae import SAE, load_sae, save_sae


def die(left, event, _):
    """After so many calls to the file system."""
    if event in ("open", "os.rename", "os.remove") and next(left, None) is None:
        os._exit(9)


def killed_at_each_step(write):
    """Runs ``write`` in a child that dies at its first call to the file system, its second, …; yields after each."""
    for step in range(1, 100):
        child = os.fork()
        if child == 0:
            sys.addaudithook(partial(die, iter(range(step - 1))))
            write()
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        yield step
        if status == 0:
            return
    raise AssertionError("it never came to an end")


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


@needs.posix("forks")
def test_save_sae_killed_at_any_moment_leaves_the_old_one_or_the_new_one(tmp_path):
    old, new = SAE(5, 12, seed=0), SAE(5, 12, seed=1)
    seen = set()
    for _ in killed_at_each_step(lambda: save_sae(new, tmp_path, model_name="new")):
        (tmp_path / "cfg.json").exists() or seen.add("no cfg.json")
        loaded = load_sae(tmp_path) if (tmp_path / "sae_weights.safetensors").exists() else None
        if loaded is not None:
            name = loaded.metadata["model_name"]
            assert same(loaded, {"old": old, "new": new}[name]), "one's weights under the other's name"
            seen.add(name)
        save_sae(old, tmp_path, model_name="old")
    assert seen == {"old", "new", "no cfg.json"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cfg.json", "sae_weights.safetensors"]


def test_what_cannot_be_saved_is_refused_before_anything_is_touched(tmp_path):
    sae = SAE(5, 12)
    save_sae(sae, tmp_path, note="first")
    with pytest.raises(
        ValueError, match=r"metadata 'note' cannot be written as JSON: Object of type \w+Path"
    ):
        save_sae(SAE(5, 12, seed=3), tmp_path, note=tmp_path)
    for dtype in (torch.int64, torch.complex64):
        with pytest.raises(ValueError, match=f"dtype is {dtype}: weights are stored as torch.float32"):
            save_sae(sae, tmp_path, dtype=dtype)
    broken = SAE(5, 12)
    broken.b_dec.data[2] = torch.nan
    with pytest.raises(ValueError, match=r"b_dec is not finite in torch\.float32, so it is not saved"):
        save_sae(broken, tmp_path)
    broken.b_dec.data[2] = 1e6
    with pytest.raises(ValueError, match=r"b_dec is not finite in torch\.float16"):
        save_sae(broken, tmp_path, dtype=torch.float16)
    assert load_sae(tmp_path).metadata["note"] == "first" and same(load_sae(tmp_path), sae)


def test_a_full_disk_leaves_the_old_one(tmp_path, monkeypatch):
    old = SAE(5, 12)
    save_sae(old, tmp_path, note="old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_sae(SAE(5, 12, seed=1), tmp_path, note="new")
    assert load_sae(tmp_path).metadata["note"] == "old" and same(load_sae(tmp_path), old)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cfg.json", "sae_weights.safetensors"]


@needs.links
def test_it_writes_through_links(tmp_path):
    real = tmp_path / "real"
    save_sae(SAE(5, 12), real)
    (tmp_path / "linked").mkdir()
    for name in ("cfg.json", "sae_weights.safetensors"):
        (tmp_path / "linked" / name).symlink_to(real / name)
    save_sae(SAE(5, 12), tmp_path / "linked", note="new")
    assert (tmp_path / "linked" / "cfg.json").is_symlink() and load_sae(real).metadata["note"] == "new"


def test_it_writes_over_no_folder(tmp_path):
    (tmp_path / "odd" / "cfg.json").mkdir(parents=True)
    with pytest.raises(OSError, match="is no plain file: nothing is written there"):
        save_sae(SAE(5, 12), tmp_path / "odd")
