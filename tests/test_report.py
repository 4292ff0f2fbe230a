"""What a teacher opens holds no more than text."""

import pytest

from course_utils.grade import Result, report_html
from course_utils.grade.report import _cell


def test_the_page_escapes_what_a_learner_wrote():
    result = Result("<script>", "ran <i>", {}, ((1, "<img src=x>"),))
    page = report_html([result])
    assert not any(tag in page for tag in ("<script", "<i>", "<img"))
    assert "http" not in page


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        " =1",
        "\r\n=1",
        "\x00=1",
        "\ufeff=1",
        "\u200b\u202e=1",
        "\xa0=1",
        "＝1",
        "\n＠x",
    ],
)
def test_a_spreadsheet_runs_nothing(text):
    assert _cell(text) == "'" + text


@pytest.mark.parametrize("text", ["a=1", "", " ", "x-y", "\u202eanna", "$x^$"])
def test_other_texts_stay_as_they_are(text):
    assert _cell(text) == text
