"""An attempt that asks for too much memory gets an error, and nothing else does."""

import pytest
import torch

from course_utils.base import memory_bytes
from course_utils.exercises import memory_limit


@pytest.mark.skipif(torch.cuda.is_available() or not memory_bytes()[0], reason="no limit here")
def test_the_limit_ends_with_its_block(monkeypatch):
    monkeypatch.setattr(memory_limit, "memory_bytes", lambda: (2**32, 2**20))
    with memory_limit.memory_limit():
        assert len(torch.empty(2**20)) == 2**20, "a GiB is always allowed"
        with pytest.raises(RuntimeError, match="allocate"):
            torch.empty(2**31)
    assert len(torch.empty(2**29)) == 2**29
