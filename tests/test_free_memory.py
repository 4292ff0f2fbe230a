import needs
import psutil
import pytest
import torch

from course_utils.base import frees_memory


def scattered(mb=300):
    """Many blocks small enough for the heap, of which one in four is kept: the rest are holes."""
    blocks = [torch.ones(16_000) for _ in range(mb * 16)]
    return blocks[::4]


def resident():
    return psutil.Process().memory_info().rss / 1e6


@needs.linux("glibc's malloc_trim")
def test_freed_memory_goes_back():
    before = resident()
    kept = scattered()
    with_holes = resident() - before
    assert with_holes > 250
    again = frees_memory(scattered)()
    assert resident() - before < with_holes, "a quarter of each is still in use"
    assert len(kept) == len(again)


def test_the_work_is_done_once_and_keeps_its_name_and_error():
    calls = []

    @frees_memory
    def work(x, *, fail=False):
        """What it does."""
        calls.append(x)
        if fail:
            raise KeyError(x)
        return x + 1

    assert work(1) == 2 and work.__doc__ == "What it does." and work.__name__ == "work"
    with pytest.raises(KeyError):
        work(2, fail=True)
    assert calls == [1, 2]
