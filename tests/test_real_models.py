"""docs/real_models.md against what is kept of each model, and the pocket model's figures against what the days print."""

import copy
import json
import re
from math import exp
from types import SimpleNamespace

import nbformat
import pytest

from course_utils.lm import few_of_each_concept
from tools.other_models import make_stand_in
from tools.real_models import quotes
from tools.real_models.claims import CLAIMS, DIRECTIONS, by_chance, luck, rate_at
from tools.real_models.figures import FIGURES, SAID
from tools.real_models.measure import KEPT, _fewer, measure, missing, notebook, rounded
from tools.real_models.page import NOT_HERE, PAGE, figures, load, page, shown, sorted_claims, verdict
from tools.real_models.tables import TABLES

QUOTE_THE_PAGE = (2, 6, 7)
"""Days that have to have a paragraph that begins as `quotes.START` says."""


@pytest.fixture(scope="module")
def models():
    return load()


def kept_outputs(day):
    """All that a day printed, with single blanks."""
    cells = nbformat.read(notebook(day).path, as_version=4).cells
    outputs = [o for cell in cells if cell.cell_type == "code" for o in cell.outputs]
    return " ".join(" ".join(o.get("text", "") for o in outputs).split())


@pytest.mark.slow
@pytest.mark.parametrize("day", FIGURES)
def test_each_figure_is_taken_from_one_cell(day):
    for wanted in FIGURES[day]:
        assert notebook(day).needed_for(wanted), wanted.name


def test_no_figure_has_another_ones_name():
    names = [wanted.name for day in FIGURES.values() for wanted in day]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("day", FIGURES)
def test_the_pocket_model_has_the_figures_that_the_day_prints(day, models):
    printed = kept_outputs(day)
    values = vars(figures(models["pocket"]))
    assert [w.name for w in FIGURES[day] if w.name not in values] == []
    said = [sentence.format(**values) for sentence in SAID[day]]
    assert [sentence for sentence in said if sentence not in printed] == []


def test_the_page_is_what_is_kept(models):
    assert PAGE.read_text(encoding="utf-8") == page(models), "run `python course.py real-models`"


def test_every_model_of_which_something_is_kept_has_a_column(models):
    assert {path.stem for path in KEPT.glob("*.json")} <= set(models)
    for path in KEPT.glob("*.json"):
        shares = {
            figure["share"] for figure in json.loads(path.read_text(encoding="utf-8"))["figures"].values()
        }
        assert all(0 < share <= 1 for share in shares)


def test_what_was_not_measured_is_said(models):
    empty = {"figures": {}}
    for rows in TABLES.values():
        assert {shown(row.show, empty) for row in rows} == {NOT_HERE}
    assert {verdict(claim, empty) for claim in CLAIMS} == {None}
    assert sorted_claims({"pocket": models["pocket"]})["open"] == CLAIMS


def test_no_figure_stands_in_the_words_of_a_claim():
    for claim in CLAIMS:
        assert not re.search(r"\d|per cent|percent", f"{claim.says} {claim.why}"), claim.says


@pytest.mark.parametrize(
    ("figure", "value", "claim"),
    [
        ("clean_topics", 60, "Most formats"),
        ("kinds", [4000, 1100, 20], "several families"),
        ("tell_of_four", [5000, 100, 20, 0, 0], "citations, Korean"),
        ("by_mean", 0.1, "A direction reads"),
        ("start_times", 200.0, "massive activations"),
        ("pca_fvu", 0.01, "lot, chosen anew"),
        ("fvu", 0.99, "either control"),
        ("shuffled_fvu", 0.9, "An autoencoder of the shuffled"),
        ("area_shuffled", 0.9, "Concept areas tell"),
        ("area_neurons", 0.99, "The best latents tell"),
        ("area_lot", 0.5, "Part of that lead"),
        ("area_untrained", 0.99, "The rest is training"),
        ("asked", [0.0, 0.0, 7.0], "At the price of a prompt"),
        ("io_above", 0.5, "indirect object"),
        ("attribution_ranks", 0.1, "Attribution ranks"),
    ],
)
def test_a_claim_falls_or_rises_with_its_figure(figure, value, claim, models):
    (one,) = [c for c in CLAIMS if claim in c.says]
    changed = copy.deepcopy(models["pocket"])
    changed["figures"][figure]["value"] = value
    assert verdict(one, changed) is not verdict(one, models["pocket"])
    assert one in sorted_claims({"pocket": models["pocket"], "smollm2": changed})["some"]
    assert page({**models, "smollm2": changed}) != page(models)


@pytest.mark.parametrize("day", quotes.SAYS)
def test_a_day_quotes_the_page_as_it_is(day, models):
    found = quotes.quoted(day)
    assert found in ([quotes.quote(day, models)], []), "run `python course.py real-models`"
    assert found or day not in QUOTE_THE_PAGE


def test_a_quote_leaves_out_what_was_not_measured(models):
    alone = {"pocket": models["pocket"], "smollm2": {"figures": {}}}
    assert "SmolLM2" not in quotes.quote(2, alone) and "pocket model" in quotes.quote(2, alone)


def test_a_rate_between_two_doses_lies_on_the_line_in_the_logarithm_of_the_price():
    steered = {"latent": {"rate": [0.0, 0.2, 0.6], "error": [0.0] * 3, "perplexity": [5.0, 10.0, 40.0]}}
    f = SimpleNamespace(steered=steered)
    assert [rate_at(f, "latent", p) for p in (5.0, 10.0, 40.0)] == [0.0, 0.2, 0.6]
    assert rate_at(f, "latent", 20.0) == pytest.approx(0.4)
    assert rate_at(f, "latent", 3.0) == 0.0 and rate_at(f, "latent", 41.0) is None


def test_four_independent_halves_leave_a_sixteenth():
    assert by_chance(SimpleNamespace(kinds=[10, 3, 3], tell_each_of_four=[8] * 4)) == 1.0


def test_luck_makes_none_or_more_always_and_one_or_more_as_poisson_says():
    assert luck(0.5, 0) == 1.0 and luck(0.5, 1) == pytest.approx(1 - exp(-0.5)) and luck(0.2, 18) < 1e-9


def test_directions_are_those_of_the_day(models):
    assert set(models["pocket"]["figures"]["steered"]["value"]) == set(DIRECTIONS)


def test_figures_are_measured_again_if_their_cells_change_or_their_share():
    cells = notebook(2)
    whole = {w.name: {"value": 0, "code": cells.code_of(w), "share": 1.0} for w in FIGURES[2]}
    assert missing({"figures": whole}, 2, 1.0) == []
    assert missing({"figures": whole}, 2, 0.5) == FIGURES[2]
    whole["kinds"]["code"] = "other"
    assert [w.name for w in missing({"figures": whole}, 2, 1.0)] == ["kinds"]


def test_a_share_of_the_texts_is_read_and_two_at_least():
    draw = _fewer(0.5)["few_of_each_concept"]
    assert draw("train", 10) == few_of_each_concept("train", 5)
    assert draw("train", 2) == few_of_each_concept("train", 2)
    assert _fewer(1.0) == {}


def test_numbers_are_kept_short_and_statistics_of_nothing_are_none():
    assert rounded([1 / 3, {"a": float("nan")}, 7, "x"]) == [0.333333, {"a": None}, 7, "x"]


def test_any_model_can_be_measured_and_a_run_goes_on(tmp_path, capsys):
    make_stand_in("llama", tmp_path / "llama")
    path = tmp_path / "llama.json"
    only = ["sentences", "io_above"]
    first = measure(str(tmp_path / "llama"), [7], {}, path, only[:1])
    assert first["figures"]["sentences"]["value"] == 40 and "io_above" not in first["figures"]
    capsys.readouterr()
    measure(str(tmp_path / "llama"), [7], {}, path, only)
    said = capsys.readouterr().out
    assert "io_above" in said and "sentences" not in said
    assert set(json.loads(path.read_text(encoding="utf-8"))["figures"]) == set(only)
