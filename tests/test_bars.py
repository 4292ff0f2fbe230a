import pytest

from course_utils.base import progress_bar


@pytest.mark.parametrize(
    ("variable", "shown", "off"),
    [("", True, False), ("0", True, False), ("1", True, True), ("", False, True)],
)
def test_it_is_hidden_on_demand(monkeypatch, variable, shown, off):
    monkeypatch.setenv("TQDM_DISABLE", variable)
    assert progress_bar(range(3), shown=shown).disable == off
