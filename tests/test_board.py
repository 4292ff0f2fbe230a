"""docs/board.md says what its rows say, and the rows of what ships are of what ships."""

from course_utils.base import DATA
from course_utils.desk import read_rows
from course_utils.reading import BENCH_KINDS
from tools import board


def test_the_page_is_what_its_rows_say():
    assert board.PAGE.read_text("utf-8") == board.page(), "python tools/board.py"


def test_the_rows_are_whole_and_of_the_same_texts():
    rows = read_rows(board.ROWS)
    assert {row["dictionary"]["name"] for row in rows} & set(board.SHIPPED)
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
