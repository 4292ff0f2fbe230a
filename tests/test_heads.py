"""What heads write for an answer: with all that is no head, it adds up to the logit difference."""

import pytest
import torch
from pipeline_model import tiny_model

from course_utils.interventions import head_contributions, watch

IDS = torch.tensor([[0, 7, 31, 5], [0, 12, 9, 80]])
RIGHT, WRONG = torch.tensor([3, 14]), torch.tensor([15, 92])


def after_the_norm(architecture, part, total, gain):
    """A part of the sum as the final norm leaves it, which divides by what the whole sum is."""
    if architecture == "gpt2":
        part, total = part - part.mean(), total - total.mean()
    return part / total.pow(2).mean().sqrt() * gain


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_heads_and_the_rest_make_the_logit_difference(architecture):
    model = tiny_model(architecture)
    names = [f"blocks.{layer}.attn.hook_z" for layer in range(model.cfg.n_layers)]
    last = f"blocks.{model.cfg.n_layers - 1}.hook_resid_post"
    seen = watch(model, IDS, [*names, last])
    said = head_contributions(model, IDS, RIGHT, WRONG)
    assert said.shape == (2, model.cfg.n_layers, model.cfg.n_heads)
    for row, (a, b) in enumerate(zip(RIGHT, WRONG, strict=True)):
        towards, total = model.W_U[:, a] - model.W_U[:, b], seen[last][row, -1]
        rest = total.clone()
        for layer, name in enumerate(names):
            for head in range(model.cfg.n_heads):
                part = seen[name][row, -1, head] @ model.blocks[layer].attn.W_O[head]
                rest -= part
                one = after_the_norm(architecture, part, total, model.ln_final.weight) @ towards
                torch.testing.assert_close(said[row, layer, head], one, rtol=1e-3, atol=1e-4)
        others = after_the_norm(architecture, rest, total, model.ln_final.weight)
        if architecture == "gpt2":
            others = others + model.ln_final.bias
        logits = seen["logits"][row, -1]
        torch.testing.assert_close(
            said[row].sum() + others @ towards, logits[a] - logits[b], rtol=1e-3, atol=1e-3
        )
