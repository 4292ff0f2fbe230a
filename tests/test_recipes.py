"""The parts of the recipes that can be wrong without anyone noticing."""

import itertools
import json
import math
import random
from collections import Counter
from types import SimpleNamespace

import pytest
import torch

from course_utils.base import asset_path
from course_utils.reading import family
from course_utils.recipes import pocket_saes, pocket_transcoders, sae_seeds
from course_utils.recipes.collect_texts import strays
from course_utils.recipes.ngram import kneser_ney_loss
from course_utils.recipes.pocket_gpt2 import CONFIG, batches, learning_rate, packed_rows
from course_utils.sae import SAE, load_sae
from tools import four_trainings


def slow_kneser_ney(train, held_out, d_vocab, order):
    """The definition, with dictionaries."""
    pad = order - 2

    def grams(texts):
        for text in texts:
            x = [text[0]] * pad + text
            yield from ((x, i) for i in range(pad + 1, len(x)))

    count = {order: Counter(tuple(x[i - order + 1 : i + 1]) for x, i in grams(train))}
    for k in range(order - 1, 0, -1):
        count[k] = Counter(g[1:] for g in {tuple(x[i - k : i + 1]) for x, i in grams(train)})

    def discount(k):
        once, twice = (sum(c == n for c in count[k].values()) for n in (1, 2))
        return max(1, once) / (max(1, once) + 2 * twice)

    def p(k, context, w):
        if k == 0:
            return 1 / d_vocab
        shorter = p(k - 1, context[1:], w)
        following = {g: c for g, c in count[k].items() if g[:-1] == context}
        total = sum(following.values())
        if total == 0:
            return shorter
        d = discount(k)
        return max(count[k][(*context, w)] - d, 0) / total + d * len(following) / total * shorter

    losses = [-math.log(p(order, tuple(x[i - order + 1 : i]), x[i])) for x, i in grams(held_out)]
    x, i = next(grams(held_out))
    assert sum(p(order, tuple(x[i - order + 1 : i]), w) for w in range(d_vocab)) == pytest.approx(1)
    return sum(losses) / len(losses)


@pytest.mark.parametrize("order", [2, 3, 5])
def test_kneser_ney_agrees_with_its_definition(order):
    r = random.Random(0)
    train = [[0, *r.choices([1, 2, 2, 3, 4], k=r.randint(2, 9))] for _ in range(30)]
    held_out = [[0, *r.choices([1, 2, 2, 3, 5], k=r.randint(2, 9))] for _ in range(8)]
    assert kneser_ney_loss(train, held_out, 7, order) == pytest.approx(
        slow_kneser_ney(train, held_out, 7, order)
    )


def test_packed_rows_hold_every_text_whole_and_once():
    texts = [[0] + [i] * (1 + i % 97) for i in range(1, 400)]
    rows = packed_rows(texts, seed=3)
    assert rows.shape[1] == CONFIG["n_positions"]
    assert (rows[:, 0] == 0).all()  # every row starts with a text's start
    flat = rows.flatten()
    ends = [*(flat == 0).nonzero()[:, 0].tolist(), len(flat)]
    found = [flat[a + 1 : b].tolist() for a, b in itertools.pairwise(ends) if b > a + 1]
    assert sorted(found) == sorted(text[1:] for text in texts)


def test_padding_of_packed_rows_is_rare():
    r = random.Random(1)
    texts = [[0] + [1] * r.choice([15, 16, 17, 20, 60, 90, 130]) for _ in range(4000)]
    rows = packed_rows(texts, seed=0)
    assert 1 - sum(map(len, texts)) / rows.numel() < 0.03


def test_rows_are_reshuffled_by_seed_only():
    texts = [[0] + [i] * 30 for i in range(1, 100)]
    assert torch.equal(packed_rows(texts, seed=5), packed_rows(texts, seed=5))
    assert not torch.equal(packed_rows(texts, seed=5), packed_rows(texts, seed=6))


def test_learning_rate_warms_up_and_comes_down():
    rates = [learning_rate(step, steps=1000, peak=1.0) for step in (0, 99, 100, 999)]
    assert rates == pytest.approx([0.01, 1.0, 1.0, 0.02], abs=1e-4)


def test_each_epoch_shows_every_topical_text_and_another_share_of_the_formats():
    topical, formats = [[0] + [1] * 200] * 6, [[0] + [i] * 200 for i in range(2, 12)]
    first, second = itertools.islice(batches(topical, formats, 0.4, batch_size=10, first=0, seed=0), 2)
    drawn = [sorted({i for i in rows.flatten().tolist() if i > 1}) for rows in (first, second)]
    assert [len(set(d)) for d in drawn] == [4, 4] and drawn[0] != drawn[1]
    assert all((rows == 1).sum() == 6 * 200 for rows in (first, second))


def test_a_run_that_goes_on_sees_the_batches_it_would_have_seen():
    texts = [[0] + [i] * 100 for i in range(1, 60)]
    whole = list(itertools.islice(batches(texts, texts, 0.5, batch_size=4, first=0, seed=1), 20))
    rest = list(itertools.islice(batches(texts, texts, 0.5, batch_size=4, first=13, seed=1), 7))
    assert all(torch.equal(a, b) for a, b in zip(whole[13:], rest, strict=True))


def test_a_stray_is_a_text_about_something_else():
    about = {
        "sea": "whale wave harbour sail",
        "food": "bread soup cheese oven",
        "space": "moon star rocket orbit",
    }
    about |= {"games": "chess goal player score", "plants": "rose oak leaf garden"}
    r = random.Random(0)
    rows = [
        {"group": group, "text": " ".join(r.choices(words.split(), k=12))}
        for group, words in about.items()
        for _ in range(20)
    ]
    rows[3]["text"] = "chess player goal score chess player"
    assert strays(rows, likeliest=1).nonzero()[0].tolist() == [3]


def stop_after(module, monkeypatch, n_batches):
    """Ctrl-C, as it comes in the middle of a training."""
    whole = module.activation_batches

    def stopped(*args, **options):
        yield from itertools.islice(whole(*args, **options), n_batches)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "activation_batches", stopped)
    monkeypatch.setattr(module, "BATCH", 64)


def test_a_stopped_autoencoder_is_not_taken_for_a_finished_one(tmp_path, monkeypatch):
    stop_after(pocket_saes, monkeypatch, n_batches=3)
    losses = SimpleNamespace(_asdict=dict, loss_increase=0.0)
    monkeypatch.setattr(pocket_saes, "loss_recovered", lambda *args, **options: losses)
    monkeypatch.setattr(pocket_saes, "mixed_texts", lambda split: [])
    model = SimpleNamespace(cfg=SimpleNamespace(d_model=8, n_ctx=256))
    rows = torch.randn(256, 8)
    with pytest.raises(KeyboardInterrupt):
        pocket_saes.train("layer_2_512", tmp_path, model, rows, rows, steps=10)
    assert pocket_saes.missing(["layer_2_512"], tmp_path)


def test_with_a_frozen_decoder_only_the_encoder_learns():
    rows = torch.randn(2048, 8, generator=torch.Generator().manual_seed(0))
    recipe = sae_seeds.TOPK | {"d_sae": 64, "steps": 5, "seed": 1}
    start, frozen = SAE(8, 64, "topk", k=32, seed=1), sae_seeds.fitted_frozen(recipe, rows)
    assert torch.equal(frozen.W_dec, start.W_dec) and not torch.allclose(frozen.W_enc, start.W_enc)


def test_what_ships_is_not_trained_again(tmp_path):
    for name, seed in (("layer_2", 0), ("layer_2_512", 512), ("layer_2_512_seed_0", 0)):
        recipe = pocket_saes.SAES[name] | {"seed": seed}
        sae = sae_seeds.trained(recipe, None, tmp_path / "nowhere")
        assert torch.equal(sae.W_dec, load_sae(name).W_dec)


def test_kept_figures_of_seeds_are_whole_and_belong_to_what_ships():
    kept = json.loads(asset_path("saes/seeds.json").read_text(encoding="utf-8"))
    assert {name: tuple(run["seed"] for run in runs) for name, runs in kept.items()} == {
        name: kind.seeds for name, kind in sae_seeds.KINDS.items()
    }
    assert {len(run["areas"]) for runs in kept.values() for run in runs} == {126}
    short = json.loads(asset_path("saes/four_trainings.json").read_text(encoding="utf-8"))
    assert [[run["seed"] for run in runs] for runs in short.values()] == 4 * [list(four_trainings.SEEDS)]
    assert 'runs["TopK, auxiliary loss"] = train(' in four_trainings.cells()[-1]
    for name in ("layer_2_512", "layer_2_1024", "layer_2"):
        sae = load_sae(name)
        assert kept[f"{sae.d_sae} latents"][0]["kin"] == sae_seeds.kin(sae.W_dec.detach())


def test_a_stopped_transcoder_is_not_taken_for_a_finished_one(tmp_path, monkeypatch):
    stop_after(pocket_transcoders, monkeypatch, n_batches=3)
    rows = torch.randn(256, 16)
    with pytest.raises(KeyboardInterrupt):
        pocket_transcoders.train_transcoder(0, tmp_path, 8, rows, rows, steps=10)
    with pytest.raises(KeyboardInterrupt):
        pocket_transcoders.train_sae(0, tmp_path, 8, rows, rows, steps=10)
    assert not list(tmp_path.rglob("*.json"))


def test_the_smallest_dictionary_grew_from_other_rows_than_those_it_is_compared_with():
    small = load_sae("layer_2_512").W_dec
    for name in ("layer_2_512_seed_0", "layer_2_1024", "layer_2"):
        nearest = family(small, load_sae(name).W_dec)
        near = nearest.cosine >= 0.5
        own = nearest.parent == torch.arange(len(near))
        assert (own & near).sum() < 0.05 * near.sum(), f"{name} shares its start with the smallest"
