"""Memory there is: the machine's, or the container's where that is less."""

import pytest

from course_utils.base import memory_bytes

MEMINFO = "MemTotal:       8000 kB\nMemFree:         100 kB\nMemAvailable:   4000 kB\n"
VERSION_2 = ("memory.max", "memory.current", "memory.stat", "inactive_file")
VERSION_1 = (
    "memory/memory.limit_in_bytes",
    "memory/memory.usage_in_bytes",
    "memory/memory.stat",
    "total_inactive_file",
)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text(MEMINFO)
    (tmp_path / "sys/fs/cgroup/memory").mkdir(parents=True)
    return tmp_path


def test_a_machine_without_a_container(files):
    assert memory_bytes(files) == (8_192_000, 4_096_000)
    (files / "sys/fs/cgroup/memory.max").write_text("max\n")
    (files / "sys/fs/cgroup/memory.current").write_text("5\n")
    assert memory_bytes(files) == (8_192_000, 4_096_000)


@pytest.mark.parametrize("names", [VERSION_2, VERSION_1])
def test_a_container_counts_files_that_it_can_let_go_as_free(files, names):
    texts = ("1000000\n", "900000\n", f"anon 5\n{names[3]} 300000\n")
    for name, text in zip(names[:3], texts, strict=True):
        (files / "sys/fs/cgroup" / name).write_text(text)
    assert memory_bytes(files) == (1_000_000, 400_000)


def test_other_systems_say_nothing(tmp_path):
    assert memory_bytes(tmp_path) == (0, 0)
