"""Formulas become MathML, dollars stay dollars, and what cannot be read stays as it was written."""

import re

import pytest
from bs4 import BeautifulSoup

from course_utils.desk.typesetting import latex_html, markdown_html


@pytest.fixture
def told():
    return []


@pytest.mark.parametrize(
    "formula",
    [
        r"\left( x",
        "x_{",
        "x^2^3",
        "a_b_c",
        r"\hat",
        r"\sqrt",
        r"\begin{matrix} a",
        r"x \right)",
        "{" * 3000,
        r"\begin{foo} a & b \end{foo}",
    ],
)
def test_a_broken_formula_stays_as_it_was_written(formula, told):
    for render, source in (
        (markdown_html, f"here: ${formula}$ and $y$"),
        (latex_html, f"${formula}$ and $y$"),
    ):
        soup = BeautifulSoup(render(source, told.append), "html.parser")
        assert f"${formula}$ and " in soup.get_text()
        assert [math.get_text() for math in soup.find_all("math")] == ["y"]
    assert len(told) == 2 and all(sentence.startswith("The formula $") for sentence in told)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"It costs \$5 today and \$6 tomorrow.", "It costs $5 today and $6 tomorrow."),
        (r"<b>\$5 or \$6</b>", "$5 or $6"),
        ("<div>\n\\$5 or \\$6\n</div>", "$5 or $6"),
        (r"only $5 and `\$6`", r"only $5 and \$6"),
    ],
)
def test_an_escaped_dollar_stays_a_dollar(source, text, told):
    soup = BeautifulSoup(markdown_html(source, told.append), "html.parser")
    assert soup.get_text().strip() == text and not soup.find("math") and told == []


def test_a_dollar_within_a_formula_is_part_of_it(told):
    soup = BeautifulSoup(markdown_html(r"price: $p = \$5$", told.append), "html.parser")
    assert soup.find("math").get_text() == "p=$5" and told == []


@pytest.mark.parametrize("name", ["align", "align*", "equation", "eqnarray", "gather", "aligned", "split"])
def test_an_environment_needs_no_dollars(name, told):
    source = rf"\begin{{{name}}} a &= b \\ c &= d \end{{{name}}}".replace(
        "&", "" if name == "equation" else "&"
    )
    for html in (markdown_html(f"so\n\n{source}\n", told.append), latex_html(source, told.append)):
        math = BeautifulSoup(html, "html.parser").find("math")
        assert math["display"] == "block" and "begin" not in math.get_text() and "(1)" not in math.get_text()
        assert len(math.find_all("mtr")) == (0 if name == "equation" else 2)
    assert told == []


def test_formulas_in_html_are_drawn_and_code_in_it_is_not(told):
    html = markdown_html("<table><tr><td>$x^2$</td><td><code>$y$</code></td></tr></table>", told.append)
    soup = BeautifulSoup(html, "html.parser")
    assert [math.get_text() for math in soup.find_all("math")] == ["x2"]
    assert soup.find("code").get_text() == "$y$"


@pytest.mark.parametrize(
    "formula",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{&lt;img src=x&gt;}",
        r'\color{"><img src=x onerror=a()>}{x}',
    ],
)
def test_a_formula_brings_no_html(formula, told):
    soup = BeautifulSoup(latex_html(f"${formula}$", told.append), "html.parser")
    names = {tag.name for tag in soup.find_all(True)}
    assert not names & {"script", "img"} and not [
        tag for tag in soup.find_all(True) if tag.has_attr("onerror")
    ]


def test_what_sympy_gives_is_drawn(told):
    assert "<msup>" in latex_html(r"$\displaystyle x^{2}$", told.append)
    assert re.search("2 &lt; 3.*<math", latex_html("2 < 3, \\[ x \\], \\( y \\)", told.append))


def test_a_heading_has_its_formula_and_its_address(told):
    heading = BeautifulSoup(markdown_html("## 3 · $x^2$ & `more`", told.append), "html.parser").find("h2")
    assert heading.find("math") and heading["id"] == "3-·-x2-&-more"
    assert heading.find("a")["href"] == "#3-·-x2-&-more"


def test_a_table_of_latex_is_no_formula(told):
    table = r"\begin{tabular}{ll} a & b \\ \end{tabular}"
    assert BeautifulSoup(latex_html(table, told.append), "html.parser").get_text() == table and len(told) == 1


def test_no_name_of_latex_is_left_in_a_formula(told):
    html = latex_html(
        r"$$\Big\langle x \Big\rangle_\text{batch} = \arg\max_s \bigl\lVert s \bigr\rVert$$", told.append
    )
    assert BeautifulSoup(html, "html.parser").get_text() == "⟨x⟩batch=argmaxs‖s‖" and told == []


def test_bars_are_as_high_as_what_they_enclose(told):
    beside, around = r"\lVert s \rVert = \sum_i x_i", r"\left\lVert s \right\rVert"
    bars = [
        [
            bar["stretchy"]
            for bar in BeautifulSoup(latex_html(f"${latex}$", told.append), "html.parser").select(
                "mo[stretchy]"
            )
        ]
        for latex in (beside, around)
    ]
    assert bars == [["false", "false"], ["true", "true"]]
