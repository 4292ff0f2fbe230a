import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from course_utils.reading import absorption_rate, balanced_accuracy, sparse_probe


@pytest.fixture(scope="module")
def labelled():
    """300 rows of 20 latents, of which 3 and 11 know of the label, 3 more than 11."""
    generator = torch.Generator().manual_seed(0)
    latents = torch.rand(300, 20, generator=generator)
    present = torch.rand(300, generator=generator) < 0.2
    latents[:, 3] += 1.2 * present
    latents[:, 11] += 0.6 * present
    return latents, present


def test_the_latents_whose_means_differ_most(labelled):
    assert sparse_probe(*labelled, k=1).latents.tolist() == [3]
    assert sparse_probe(*labelled, k=2).latents.tolist() == [3, 11]
    assert len(sparse_probe(*labelled, k=50).latents) == 20


@pytest.mark.parametrize("k", [1, 2, 5])
def test_it_is_scikit_learns_logistic_regression(labelled, k):
    latents, present = labelled
    probe = sparse_probe(latents, present, k)
    x = latents[:, probe.latents].double().numpy()
    scale = x.std(axis=0, ddof=1)
    # the mean over n rows with 1e-3 w² is the sum with C = 1 / (2e-3 n)
    theirs = LogisticRegression(C=1 / (2e-3 * len(x)), class_weight="balanced", tol=1e-8, max_iter=1000)
    theirs.fit(x / scale, present.numpy())
    np.testing.assert_allclose(probe.weights.numpy() * scale, theirs.coef_[0], rtol=1e-3, atol=1e-3)
    said = probe(latents)
    assert balanced_accuracy(said, present) == pytest.approx(
        balanced_accuracy_score(present.numpy(), said.numpy())
    )


def test_a_label_that_holds_everywhere_or_nowhere_is_refused():
    with pytest.raises(ValueError, match="with the label and rows without"):
        sparse_probe(torch.rand(4, 3), torch.ones(4, dtype=torch.bool), 1)
    with pytest.raises(ValueError, match="with the label and rows without"):
        balanced_accuracy(torch.ones(4, dtype=torch.bool), torch.zeros(4, dtype=torch.bool))


PARENT, CHILD = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])
BOTH = torch.ones(2, dtype=torch.bool)  # a row with the parent alone, a row with its child too


def rate(latents, W_dec, main=0):
    return absorption_rate(torch.tensor(latents), torch.stack(W_dec), BOTH, torch.tensor([main]), PARENT)


def test_a_true_dictionary_absorbs_nothing():
    assert rate([[1.0, 0.0], [1.0, 1.0]], [PARENT, CHILD]) == 0


def test_a_planted_absorption_is_found():
    assert rate([[1.0, 0.0], [0.0, 1.0]], [PARENT, PARENT + CHILD]) == 0.5


def test_silence_alone_is_no_absorption():
    assert rate([[1.0, 0.0], [0.0, 1.0]], [PARENT, CHILD]) == 0
    assert rate([[0.0, 0.0], [0.0, 0.0]], [PARENT, CHILD]) == 0


def test_no_row_with_the_label_is_refused():
    with pytest.raises(ValueError, match="no row has the label"):
        absorption_rate(torch.ones(2, 2), torch.eye(2, 3), ~BOTH, torch.tensor([0]), PARENT)
