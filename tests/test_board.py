"""docs/board.md says what its rows say, and the rows of what ships are of what ships."""

import json

import pytest

from course_utils.base import DATA
from course_utils.desk import read_recipe, read_rows, write_row
from course_utils.reading import BENCH_KINDS
from tools import board


def test_the_page_is_what_its_rows_say():
    assert board.PAGE.read_text("utf-8") == board.page(), "python tools/board.py"


def test_the_rows_are_whole_and_of_the_same_texts():
    rows = read_rows(board.ROWS)
    for row in rows:
        assert set(BENCH_KINDS) - set(row["columns"]) <= {"fvu_without_outliers", "stability"}
        assert row["texts"] == rows[0]["texts"]
        assert all("untrained" in column["controls"] for column in row["columns"].values())


def test_rows_of_what_ships_are_of_these_files_and_recipes():
    sums = (DATA / "SHA256SUMS").read_text()
    for row in read_rows(board.ROWS):
        name = row["dictionary"]["name"]
        if name in board.SHIPPED:
            assert f"{row['dictionary']['sha256']}  saes/{name}/sae_weights.safetensors" in sums
            assert row["recipe"] == board.recipe(name)


def a_row():
    return read_rows(board.ROWS)[0]


def test_a_row_and_a_recipe_may_begin_with_a_byte_order_mark(tmp_path):
    name = a_row()["dictionary"]["name"]
    (tmp_path / f"{name}.json").write_text(json.dumps(a_row()), encoding="utf-8-sig")
    (tmp_path / "recipe.md").write_text("TopK", encoding="utf-8-sig")
    assert read_rows(tmp_path) == [a_row()] and read_recipe(tmp_path) == "TopK"


@pytest.mark.parametrize(
    "n", [-5, 0, True, 10**5000, 1.5, "9", None], ids=lambda n: str(n)[:6] if n != 10**5000 else "huge"
)
def test_a_row_counts_what_can_be_counted(tmp_path, n):
    for part, name in (("dictionary", "n_latents"), ("texts", "judge")):
        row = a_row()
        row[part][name] = n
        with pytest.raises(ValueError, match="the board does not take this row"):
            write_row(row, "how", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../out", "/out", "a/b", "", ".hidden", "a\nb", "<script>", 3])
def test_a_row_stays_in_its_folder(tmp_path, name):
    row = a_row()
    row["dictionary"]["name"] = name
    with pytest.raises(ValueError, match="the board does not take this row"):
        write_row(row, "how", tmp_path / "rows")
    assert not list(tmp_path.iterdir())


def test_a_recipe_is_never_read_whole_if_it_is_longer_than_a_page(tmp_path):
    with (tmp_path / "recipe.md").open("wb") as file:
        file.truncate(2**40)  # takes no room on the disk
    with pytest.raises(ValueError, match="bytes long: a recipe has"):
        read_recipe(tmp_path)
