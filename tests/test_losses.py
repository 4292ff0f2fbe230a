"""Next-token losses against the plain formula."""

import pytest
import torch

from course_utils.lm import losses, next_token_losses


@pytest.mark.parametrize("at_once", [1, 24, 2**20])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_losses_are_what_log_softmax_gives(monkeypatch, at_once, dtype):
    monkeypatch.setattr(losses, "AT_ONCE", at_once)
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 5, 11, generator=generator).to(dtype)
    ids = torch.randint(11, (3, 5), generator=generator)
    scored = torch.rand(3, 4, generator=generator) < 0.6
    scored[1] = False
    plain = -logits[:, :-1].float().log_softmax(dim=-1).gather(-1, ids[:, 1:, None])[..., 0]
    found = next_token_losses(logits, ids, scored)
    torch.testing.assert_close(found, plain * scored)
    assert found.dtype == torch.float32 and scored.any()


def test_nothing_scored_is_nothing():
    none = torch.zeros(2, 3, dtype=torch.bool)
    assert next_token_losses(torch.randn(2, 4, 6), torch.zeros(2, 4, dtype=torch.long), none).eq(0).all()
