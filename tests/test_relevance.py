import itertools

import pytest
import torch

from course_utils.worlds import alpha_beta_rule, epsilon_rule, only_output, propagate, trace_layers


def network(seed=0, sizes=(9, 7, 5, 3)):
    generator = torch.Generator().manual_seed(seed)
    matrices = [torch.randn(a, b, generator=generator) for a, b in itertools.pairwise(sizes)]
    return matrices, torch.rand(4, sizes[0], generator=generator)


def test_shares_by_hand():
    x, W, relevance = (
        torch.tensor([[1.0, 2.0]]),
        torch.tensor([[1.0, 3.0], [1.0, -1.0]]),
        torch.tensor([[6.0, 1.0]]),
    )
    # contributions (1, 2) to the first output, (3, -2) to the second
    assert torch.allclose(epsilon_rule(x, W, relevance, 0.0), torch.tensor([[2.0 + 3.0, 4.0 - 2.0]]))
    assert torch.allclose(alpha_beta_rule(x, W, relevance, 1.0), torch.tensor([[2.0 + 1.0, 4.0]]))
    assert torch.allclose(alpha_beta_rule(x, W, relevance, 2.0), torch.tensor([[2.0 + 2.0, 4.0 - 1.0]]))


@pytest.mark.parametrize("epsilon", [0.0, 0.3])
def test_epsilon_rule_matches_loops(epsilon):
    (W, *_), x = network()
    relevance = torch.randn(4, W.shape[1], generator=torch.Generator().manual_seed(1))
    expected = torch.zeros_like(x)
    for b in range(len(x)):
        for j in range(W.shape[1]):
            z = sum(x[b, i] * W[i, j] for i in range(len(W)))
            for i in range(len(W)):
                expected[b, i] += (
                    x[b, i] * W[i, j] / (z + (epsilon if z >= 0 else -epsilon)) * relevance[b, j]
                )
    assert torch.allclose(epsilon_rule(x, W, relevance, epsilon), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("rule", [epsilon_rule, alpha_beta_rule])
def test_relevance_is_conserved(rule):
    (W, *_), x = network()
    relevance = torch.randn(4, W.shape[1], generator=torch.Generator().manual_seed(1))
    assert torch.allclose(rule(x, W, relevance).sum(dim=1), relevance.sum(dim=1), rtol=1e-4)


def test_without_biases_epsilon_is_input_times_gradient():
    matrices, x = network()
    x.requires_grad_()
    run = trace_layers(matrices, x)
    (gradient,) = torch.autograd.grad(run.logits[:, 1].sum(), x)
    relevance = propagate(matrices, run.inputs, only_output(run.logits, 1))[0]
    assert torch.allclose(relevance, x * gradient, atol=1e-4)


def test_where_one_side_is_empty_the_other_takes_all():
    x, W = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0], [-1.0]])
    assert alpha_beta_rule(x, W, torch.tensor([[3.0]]), 2.0).tolist() == [[3.0, 0.0]]
    assert alpha_beta_rule(x, -W, torch.tensor([[3.0]]), 2.0).tolist() == [[3.0, 0.0]]


def test_layers_and_inputs_have_to_match():
    matrices, x = network()
    with pytest.raises(ValueError, match="3 matrices, but inputs of 1 layers"):
        propagate(matrices, [x], x)
