"""Public functions refuse what does not go in a sentence, and right calls pay and notice nothing."""

import inspect
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from ipywidgets import IntSlider

from course_utils.base import (
    Processes,
    attach,
    entry_dots,
    may_have_gaps,
    progress_bar,
    relu_slope_,
    require_choice,
    require_index,
)
from course_utils.base.faces import checked, guarded
from course_utils.circuits import AttributionGraph, Node, agreement, grid_of
from course_utils.desk import CodedSAE
from course_utils.exercises import Numeric, answer, gain, grade_reply, guesses, keys, right_replies
from course_utils.interventions import ablate, attribute, change_each, disagreement, rate_at_price, watch
from course_utils.lm import (
    ActivationBatches,
    Activations,
    LabelledText,
    Tokens,
    format_texts,
    gpt2_of,
    load_model,
    next_token_losses,
    tokenize,
    value_at,
    write_activations,
)
from course_utils.plots import plot_areas, plot_arrows, plot_children, plot_price
from course_utils.reading import (
    Firings,
    RatingGame,
    copy_only,
    dead_latents,
    firing_rates,
    fvu,
    l0,
    pool_by_text,
    record_firings,
)
from course_utils.sae import SAE, batch_topk, decode, encode, learn_dictionary, load_sae, save_sae, topk
from course_utils.sae import functions as formulas
from course_utils.training import Checkpoint, fit_sae, remove_parallel_gradient_
from course_utils.widgets import Panel, neuron_panel
from course_utils.worlds import (
    coherence,
    fit_toy_models,
    matched_filter,
    only_output,
    random_directions,
    signal_to_noise,
    spike_times,
    success_rates,
    welch_bound,
)

X, W, B, C = torch.randn(5, 3), torch.randn(3, 8), torch.zeros(8), torch.zeros(3)
NAN = torch.tensor([[torch.nan, 1.0]])
IDS, HOOK = torch.tensor([[0, 558, 3137]]), "blocks.2.hook_resid_post"
GRAPH = AttributionGraph(
    ("x",),
    "y",
    (Node("embedding", -1, 0, None, 2.0), Node("answer", 1, 0, None, 5.0)),
    torch.tensor([[4.0, 0.0]]),
    torch.tensor([1]),
    torch.ones(1),
    torch.ones(1),
)
QUESTION = Numeric("How many axes has a plane?", 2.0, 0.0, "one for each of its dimensions.")


def seen(ids):
    return watch(load_model("pocket"), ids, [HOOK])


def changed(positions, changes):
    return change_each(load_model("pocket"), IDS, HOOK, torch.tensor(positions), changes)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: encode(X, W.T, B, C), "W_enc has shape (8, 3), so d_in is 8, but it is 3 in x (5, 3): transposed? try W_enc.T"),
        (lambda: encode(X, W, B[:1], C), "b_enc has shape (1,), so d_sae is 1, but it is 8 in W_enc (3, 8)"),
        (lambda: decode(torch.ones(4, 8), torch.ones(8, 3), torch.ones(4, 1)), "b_dec has shape (4, 1), not float tensor (d_in)"),
        (lambda: disagreement(torch.ones(4, 9), torch.ones(1, 9)), "other_logits has shape (1, 9), so n is 1, but it is 4"),
        (lambda: signal_to_noise(torch.ones(64), torch.ones(1)), "received has shape (1,), so samples is 1"),
        (lambda: l0(torch.ones(3)), "latents has shape (3,), not float tensor (n, d_sae): one only? try latents[None]"),
        (lambda: l0(NAN), "latents has NaN or infinity in 1 of 2 numbers"),
        (lambda: dead_latents(NAN), "latents_or_firing_rate has NaN or infinity"),
        (lambda: firing_rates(torch.ones(0, 4)), "latents is empty: shape (0, 4)"),
        (lambda: firing_rates(torch.ones(2, 4).long()), "latents is int64 (2, 4), float is needed: try latents.float()"),
        (lambda: fvu([[1.0, 2.0], [3.0]], X), "x is not a float tensor (n, d_in): its rows have different lengths"),
        (lambda: fvu([X, X], X), "torch.stack"),
        (lambda: coherence("directions"), "directions is 'directions', not a float tensor (n, d)"),
        (lambda: topk(X, 2.0), "k is 2.0, not a whole number"),
        (lambda: topk(X, True), "k is True, not a whole number"),
        (lambda: welch_bound(0, 2), "n is 0: it has to be at least 1"),
        (lambda: welch_bound(10**12, 2), "n is 1000000000000: it has to be at most 10,000,000"),
        (lambda: random_directions(10**6, 10**6, seed=0), "random_directions would return 3,725 GB"),
        (lambda: success_rates(0.5, [0.1], steps=10**12), "steps is 1000000000000"),
        (lambda: success_rates("0.5", [0.1]), "delta is '0.5', not a number"),
        (lambda: fit_toy_models(5, 2, target="feature"), "target is 'feature': did you mean features? There are features, absolute"),
        (lambda: fit_toy_models(5, 2, sparsty=0.5), "has no argument 'sparsty': did you mean sparsity?"),
        (lambda: fit_toy_models(5, 2, importance=-1.0), "importance is -1.0: it has to be at least 0"),
        (lambda: fit_sae(SAE(3, 8), [X], l1_coefficient=-5.0), "l1_coefficient is -5.0"),
        (lambda: format_texts(["chess"], 3), "name is a list of 1, not a string"),
        (lambda: tokenize("gpt2", ["a"]), "model is 'gpt2', not a TransformerBridge: load_model gives one"),
        (lambda: matched_filter(X, torch.zeros(2, 3)), "matched_filter comes out with NaN or infinity"),
        (lambda: encode(X, W, B, C, act=lambda: 0), "act has to take 1 argument"),
        (lambda: only_output(X, 3), "which is 3: there are 3 outputs, 0 to 2"),
        (lambda: SAE(3, "8"), "d_sae is '8', not a whole number"),
        (lambda: Checkpoint("run.pt", every=0), "every is 0"),
        (lambda: remove_parallel_gradient_(NAN), "W_dec has NaN or infinity"),
        (lambda: pool_by_text([], -1), "n_texts is -1: it has to be at least 0"),
        (lambda: topk(X, 4), "k is 4, but a row has 3 latents"),
        (lambda: spike_times(torch.tensor([3.0, -1.0]), seed=0), "spikes has negative counts, down to -1"),
        (lambda: fit_toy_models(3, 2, steps=1).part(torch.tensor([7])), "some has to number instances: there are 1"),
        (lambda: keys("day_9"), "day is 'day_9': did you mean day_7? There are day_1"),
        (lambda: guesses("tuesday"), "day is 'tuesday'"),
        (lambda: right_replies("abc"), "replies is 'abc': 20 letters, a to d, or - for one left out"),
        (lambda: gain(None, 0.5), "before is None, not a number"),
        (lambda: grade_reply(QUESTION, None), "reply is None: this question asks for a number"),
        (lambda: grade_reply("?", 1), "question is '?', not a"),
        (lambda: answer("day_6.l0_of_batch", 1.5, "?"), "day_6.l0_of_batch cannot be judged with '?' after your value"),
        (lambda: seen(IDS + 10**6), "ids has 1003137, and model has 0 to 8191"),
        (lambda: seen(-IDS), "ids has -3137, and model has 0 to 8191"),
        (lambda: changed([1, 5], torch.zeros(2, 256)), "positions has 5, and ids (1, 3) has -3 to 2"),
        (lambda: changed([1, 2], torch.zeros(2, 9)), "blocks.2.hook_resid_post has shape (2, 3, 256), changes (2, 1, 9)"),
        (lambda: ablate(load_model("pocket"), X).__enter__(), "units is float32 (5, 3), not a Units"),
        (lambda: attribute(load_model("pocket"), HOOK, IDS, lambda logits: None), "score gives NoneType"),
        (lambda: ActivationBatches(torch.full((4, 2), torch.nan), 2, seed=0), "source has NaN or infinity in 8 of 8 numbers"),
        (lambda: rate_at_price([0.0, 0.5], [6.0], 9.0), "rate_at_price(rates a list of 2, perplexities a list of 1, price 9.0) cannot be computed: lists"),
        (lambda: rate_at_price([0.0, 0.5], [6.0, 7.0], -9.0), "price is -9.0: it has to be above 0"),
        (lambda: next_token_losses(torch.zeros(1, 3, 4), IDS, torch.ones(1, 2).bool()), "ids has 3137, and logits (1, 3, 4) has 0 to 3"),
        (lambda: entry_dots(X, C[None], torch.tensor([0, 1]), torch.tensor([0] * 5), torch.tensor([0, 4])), "columns has 1, and b (1, 3) has 0 to 0"),
        (lambda: entry_dots(X, C[None], torch.tensor([0]), torch.tensor([0] * 5), torch.tensor([5])), "rows has 5, and a (5, 3) has 0 to 4"),
        (lambda: relu_slope_(X, X[0]), "activated has shape (3,), so *some is (3,), but it is (5, 3) in slope"),
        (lambda: agreement(3), "checks[0] is 3, not a CheckedEdges"),
        (lambda: agreement([]), "checks[0] is a list of 0, not a CheckedEdges"),
        (lambda: grid_of(GRAPH, at_most=0), "at_most is 0: it has to be at least 1"),
        (lambda: CodedSAE(None, 4), "it has no function encode"),
        (lambda: grade_reply(QUESTION, float("nan")), "reply is nan: this question asks for a number"),
        (lambda: Firings(IDS[0, :1], torch.ones(1), torch.tensor([0, 1]), 4).column(1), "latent is 1: there are 1 latents, 0 to 0"),
        (lambda: RatingGame(["latent"]).kind(3), "place is 3: there are 1 cards, 0 to 0"),
        (lambda: progress_bar(3), "something to loop over, not over 3"),
        (lambda: Processes().share(torch.tensor(3.0)), "rows has shape (), not tensor (n, ...)"),
        (lambda: value_at(gpt2_of(load_model("pocket")), IDS, "blocks.2.hook_mlp_ou"), "hook_name is 'blocks.2.hook_mlp_ou', not blocks.<layer>."),
        (lambda: value_at(gpt2_of(load_model("pocket")), IDS, "blocks.99.hook_mlp_out"), "the model has no layer 99"),
    ],
)  # fmt: skip
def test_it_is_refused_with_both_sides_named(call, said):
    with pytest.raises((ValueError, TypeError), match=re.escape(said)):
        call()


def test_a_place_that_is_not_there_is_said_with_what_was_given():
    tokens = Tokens(
        torch.zeros(2, 3, dtype=torch.long), torch.tensor([3, 2]), lambda ids: [str(i) for i in ids]
    )
    with pytest.raises(ValueError, match=r"strings\(.*text 3\) asks for a place that is not there.*size 2"):
        tokens.strings(3)


def test_what_is_no_use_is_said_before_it_is_tried():
    with pytest.raises(ValueError, match="at most 1,000,000 a presentation"):
        spike_times(torch.tensor([1e30]), seed=0)
    with pytest.raises(TypeError, match="rows are Activations, or a stream of them, not a Tensor"):
        pool_by_text(torch.ones(2, 2), 2)
    with pytest.raises(ValueError, match="encode gives NoneType for 2 rows"):
        record_firings(lambda x: None, torch.ones(2, 2))
    with pytest.raises(ValueError, match="no row that is longer"):
        learn_dictionary(torch.zeros(4, 2), 2)
    with pytest.raises(ValueError, match="half of them are the model's"):
        copy_only(torch.ones(1, 2), torch.ones(2, 3))
    with pytest.raises(ValueError, match="x has infinity in it, which has no place on paper"):
        plot_price(torch.tensor([1.0, torch.inf]), {"a": torch.ones(2)}, "rarity", title="")


def test_what_cannot_be_drawn_is_said_with_what_was_given():
    with pytest.raises(
        ValueError, match=r"plot_arrows\(.*titles a list of 2.*\) cannot be computed: lists that go together"
    ):
        plot_arrows(torch.ones(1, 2, 3), titles=["one", "two"])
    with pytest.raises(ValueError, match=r"neuron_panel\(neurons a dict of 0\) cannot be drawn"):
        neuron_panel({})

    def own(n):
        return {}["missing"]

    with pytest.raises(KeyError, match="missing"):
        Panel(own, n=IntSlider(1))


def test_a_batch_of_texts_in_a_dict_is_not_read_as_its_keys():
    with pytest.raises(TypeError, match=r'texts is a dict of 1, .*texts\["text"\]'):
        tokenize(load_model("pocket"), {"text": ["a", "b"]})
    with pytest.raises(TypeError, match="texts"):
        tokenize(load_model("pocket"), ["a", None])
    one = LabelledText("a sea", "sea", "prose", 0, "train")
    assert len(tokenize(load_model("pocket"), one)) == len(tokenize(load_model("pocket"), "a sea")) == 1


def test_lists_and_numpy_are_taken_for_what_they_are():
    right = encode(X, W, B, C)
    assert torch.equal(encode(X.tolist(), W.numpy(), B, C.tolist()), right)
    assert torch.equal(topk(X, np.int64(2)), topk(X, 2))
    assert l0([[1, 0, 2], [0, 0, 1]]) == 1.5


def test_floats_of_two_precisions_meet_in_the_wider_one():
    assert encode(X.double(), W, B, C).dtype == torch.float64
    assert torch.equal(fvu(X, X.half()) * torch.ones(()), fvu(X, X.half().float()) * torch.ones(()))


def test_what_may_have_gaps_says_so():
    @may_have_gaps("areas")
    def best(areas: "Float[Tensor, 'n']", chance: "Float[Tensor, 'n']"):
        return float(areas.nan_to_num().max())

    best.__module__ = formulas.__name__  # where the annotations' names are known
    assert checked(best)(torch.tensor([torch.nan, 1.0]), torch.ones(2)) == 1.0
    with pytest.raises(ValueError, match="chance has NaN"):
        checked(best)(torch.ones(1), torch.tensor([torch.nan]))
    plot_areas({"neurons": torch.tensor([0.5, torch.nan])})
    plot_children({"big": torch.tensor([1, 0, 2])})


def test_right_calls_keep_their_bits_and_their_gradients():
    inside = inspect.unwrap(encode)
    assert torch.equal(encode(X, W, B, C), inside(X, W, B, C))
    weights = W.clone().requires_grad_()
    encode(X, weights, B, C).sum().backward()
    assert weights.grad is not None
    x = X.clone()
    assert encode(x, W, B, C, act=lambda pre: pre).data_ptr() != x.data_ptr()


def test_torch_maps_differentiates_and_compiles_it():
    right = encode(X, W, B, C)
    assert torch.allclose(torch.func.vmap(encode, (0, None, None, None))(X, W, B, C), right)
    assert torch.func.jacrev(encode, argnums=3)(X, W, B, C).shape == (5, 8, 3)
    assert torch.equal(torch.compile(encode, fullgraph=True, backend="eager")(X, W, B, C), right)
    sae = SAE(3, 8)
    assert torch.equal(torch.compile(sae, fullgraph=True, backend="eager")(X).latents, sae(X).latents)


def test_it_looks_and_travels_like_the_function_itself():
    assert list(inspect.signature(encode).parameters) == ["x", "W_enc", "b_enc", "b_dec", "act"]
    assert encode.__doc__ and encode.__doc__.startswith("Latents of ``x``")
    assert pickle.loads(pickle.dumps(encode)) is encode is formulas.encode
    assert guarded(encode) is encode and guarded(3) == 3


def test_inside_the_package_nothing_is_checked(monkeypatch):
    reads = []
    from course_utils.base.border import Plan

    read = Plan.read
    monkeypatch.setattr(Plan, "read", lambda self, *given: reads.append(self.name) or read(self, *given))
    fit_sae(SAE(3, 8), [X] * 4, l1_coefficient=0.1, progress=False)
    assert reads.count("encode") == 0 and reads.count("forward") == 0 and "fit_sae" in reads


def test_own_mistakes_and_the_users_stay_as_they_are():
    def act(pre):
        return pre @ pre

    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        encode(X, W, B, C, act=act)
    with pytest.raises(
        ValueError, match=r"SAE|x float32 \(5, 4\)|d_in is 4, but it is 3 in self|reads activations of 3"
    ):
        SAE(3, 8)(torch.ones(5, 4))


def test_helpers_name_what_there_is():
    with pytest.raises(ValueError, match="how is 'maks': did you mean max"):
        require_choice("how", "maks", ["max", "mean"])
    with pytest.raises(ValueError, match="layer is 4: there are 4 layers, 0 to 3"):
        require_index("layer", 4, 4, "layers")
    require_index("layer", 3, 4, "layers")
    assert (
        "welch_bound"
        in attach("course_utils.worlds", inspect.getfile(__import__("course_utils.worlds").worlds))[2]
    )


def test_weights_are_kept_as_floats_or_not_at_all(tmp_path):
    with pytest.raises((ValueError, TypeError), match="dtype"):
        save_sae(SAE(3, 8), tmp_path / "sae", dtype=torch.int64)
    sae = SAE(3, 8)
    save_sae(sae, tmp_path / "sae")
    assert torch.equal(load_sae(tmp_path / "sae").W_dec, sae.W_dec)


def test_a_damaged_checkpoint_is_named(tmp_path):
    for damage in (b"", b"PK\x03\x04cut", b"nonsense"):
        (tmp_path / "run.pt").write_bytes(damage)
        with pytest.raises(ValueError, match=r"run\.pt is no whole checkpoint: remove it, or name another"):
            fit_sae(SAE(3, 8), [X] * 4, l1_coefficient=0.1, progress=False, checkpoint=tmp_path / "run.pt")


def test_batch_topk_says_which_number_is_wrong():
    with pytest.raises(ValueError, match="k is 0"):
        batch_topk(X, 0)


def test_what_takes_no_tensors_is_checked_without_torch():
    """The site is built in an environment that has none."""
    code = "import sys\nsys.modules['torch'] = None\nfrom course_utils.desk import latex_html\nprint(latex_html('$x^2$', told=print))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "<msup>" in done.stdout, done.stderr


def test_losses_and_rows_are_float32_whatever_torchs_default_is(tmp_path):
    rows = Activations(torch.arange(10.0).view(5, 2), torch.tensor([[0, n] for n in range(1, 6)]))
    logits, ids = torch.zeros(1, 3, 4), torch.tensor([[0, 2, 1]])
    store = write_activations(tmp_path / "rows", [rows])
    torch.set_default_dtype(torch.float64)
    try:
        losses = next_token_losses(logits, ids, torch.tensor([[True, False]]))
        found = store.rows_at(torch.tensor([4]))
    finally:
        torch.set_default_dtype(torch.float32)
    assert losses.dtype == found.dtype == torch.float32
    assert found.tolist() == [[8.0, 9.0]]
