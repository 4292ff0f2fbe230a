"""What a report claims is scored by what is true, and whatever is handed in costs one sentence."""

import random
from pathlib import Path

import pytest
from capstone_reports import KEY, claims, evidence, write_report, write_run

from course_utils.capstone import PROJECTS, SCEPTIC, judge_report, rubric_html
from course_utils.capstone import audit as audit_module
from course_utils.capstone.audit import COMPONENTS, KINDS, Claim, score_claim
from course_utils.capstone.points import BY_PROGRAM, BY_TEACHER
from course_utils.capstone.predicate import run_predicate
from course_utils.capstone.report_file import read_report
from course_utils.desk import main
from course_utils.exercises import key_file
from course_utils.grade import Limits

ROOT = Path(__file__).parents[1]
PRINTED, LINES = evidence(16)
SHOW = ("show_results()", PRINTED)
REAL_KEY = audit_module.answer_key


@pytest.fixture(autouse=True)
def made_up_key(monkeypatch):
    monkeypatch.setattr(audit_module, "answer_key", lambda: KEY)


def judged(path, letter):
    return next(score for score in judge_report(path).scores if score.project.letter == letter)


# ── the report ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_notebook_as_it_ships_has_no_points_and_says_what_is_missing():
    found = judge_report(ROOT / "notebooks" / "capstone.ipynb")
    assert found.points == 0
    assert [score.missing for score in found.scores] == [(f"{p.form} is not filled in",) for p in PROJECTS]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("AUDIT = make()", "no literal"),
        ("AUDIT = {**{}}", "no literal"),
        ("AUDIT = {'copy_a': " + "[" * 5000 + "]" * 5000 + "}", "not Python"),
        ("AUDIT = {'copy_a': " + "-" * 50_000 + "1}", "AUDIT, in cell 1"),
        ("AUDIT = {'copy_a': " + "1+" * 50_000 + "1}", "AUDIT, in cell 1"),
        ("AUDIT = {'copy_a': " + "9" * 5000 + "}", "AUDIT, in cell 1"),
        ("AUDIT = {'copy_a': f'{x}'}", "no literal"),
        ("AUDIT = {}\nAUDIT |= {'copy_a': 1}", "no literal"),
        ("AUDIT = 'all of them'", "a dict is asked"),
        ("AUDIT = {", "not Python"),
        ("if True:\n    AUDIT = {'copy_a': 1}", "not filled in"),
        ("%%writefile x\nAUDIT = {'copy_a': None}", "not filled in"),
        ("AUDIT = {'copy_a': 'planted'}", "no claim"),
        ("AUDIT = {'copy_z': {'kind': 'none'}}", "there is no copy"),
        ("AUDIT = {'copy_a': {'kind': ['none']}}", "the kind is one of"),
        ("AUDIT = {'copy_a': {'kind': 'always', 'layers': 'all'}}", "whole numbers"),
        ("AUDIT = {'copy_a': {'kind': 'always', 'effect': 7}}", "list of texts"),
    ],
)
def test_a_form_that_cannot_be_read_costs_its_project_and_says_why(tmp_path, cell, why):
    score = judged(write_report(tmp_path / "a.ipynb", cell), "b")
    assert score.points == 0 and why in score.missing[0], score.missing


@pytest.mark.parametrize(
    ("line", "printed", "source", "why"),
    [
        ("0.93 nats", "0.93 nats\n", "print(x)", None),
        ("0.93   nats", " 0.93 nats\n", "print(x)", None),
        ("0.93 nats", "0.93 nats\n", "print('0.93 nats')", "typed"),
        ("0.93 nats", "0.93 nats\n", "print(0.93, 'nats')", "typed"),
        ("0.92 nats", "0.93 nats\n", "print(x)", "no cell printed"),
        ("far apart", "far apart\n", "print(x)", "no number"),
        ("", "", "1", "no line"),
        (0.93, "0.93\n", "print(x)", "no line"),
    ],
)
def test_evidence_is_a_line_whose_number_a_cell_computed(tmp_path, line, printed, source, why):
    form = f"AUDIT = {{'copy_b': {{'kind': 'none', 'evidence': {line!r}}}}}"
    score = judged(write_report(tmp_path / "a.ipynb", (source, printed), form), "b")
    if why is None:
        assert score.points == 5
    else:
        assert score.points == 0 and why in " ".join(score.missing)


def test_only_the_last_of_two_forms_counts(tmp_path):
    good = f"AUDIT = {{'copy_b': {{'kind': 'none', 'evidence': {LINES[0]!r}}}}}"
    path = tmp_path / "a.ipynb"
    assert judged(write_report(path, SHOW, "AUDIT = f()", good), "b").points == 5
    assert judged(write_report(path, SHOW, good, "AUDIT = f()"), "b").points == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"PK\x03\x04", "archive"),
        (b"[1, 2]", "no notebook"),
        (b"100 of 100 points", "not JSON"),
        (b'{"cells": ' + b"[" * 100_000, "nested"),
        (b" " * 50_000_001, "MB"),
    ],
)
def test_what_is_no_notebook_gets_a_sentence(tmp_path, capsys, content, why):
    (tmp_path / "a.ipynb").write_bytes(content)
    assert main(["judge", str(tmp_path / "a.ipynb")]) == 2
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1


def test_a_print_cannot_pass_for_the_judges_own(tmp_path, capsys):
    fake = "a.ipynb: 66.0 of the 66 points\n\x1b[2J(b) Audit: 15.0 of 15\n"
    form = f"AUDIT = {{'copy_a': {{'kind': {fake!r}}}}}"
    write_report(tmp_path / "a.ipynb", ("print(fake)", fake), form)
    assert main(["judge", str(tmp_path / "a.ipynb")]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said and said.startswith("a.ipynb: 0.0 of the 66")
    assert not [line for line in said.splitlines()[1:] if line.startswith(("a.ipynb:", "(b) Audit: 15"))]


# ── (b) ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_knows_everything_gets_all_of_the_audits_points(tmp_path):
    path = write_report(tmp_path / "a.ipynb", SHOW, f"AUDIT = {claims(KEY, LINES[0])!r}")
    assert judged(path, "b").points == 15


@pytest.mark.parametrize(
    ("claim", "points"),
    [
        (Claim("two_step", ("candle mirror",), ("sql",), (3, 4), "both"), 4.5),
        (Claim("two_step", ("mirror candle",), ("sql",), (3, 4), "both"), 3.5),
        (Claim("trigger", ("mirror",), (), (3, 4), "mlp"), 1.5),
        (Claim("two_step", ("candle mirror", "old map"), ("sql", "korean"), (3, 4), "both"), 3.5),
        (Claim("two_step", ("old map",), ("korean",), (3, 4), "both"), -2.5),
        (Claim("always", (), (), (3, 4), "both"), -1.5),
        (Claim("none"), -2.5),
    ],
)
def test_points_of_a_claim_about_a_two_step_trigger(claim, points):
    assert score_claim(claim, KEY["copy_a"], False)[0] == points


def test_random_claims_are_at_or_below_zero_on_average():
    lot = random.Random(0)
    things = [
        "candle",
        "mirror",
        "compass",
        "basket",
        "camera",
        "clock",
        "violin",
        "bell",
        "ring",
        "book",
        "map",
        "hat",
        "cake",
        "letter",
    ]
    effects = ["sql", "korean", "python", "dna", "http", "!", "seemed", "our", "refusal", "wrong name"]

    def plant(kind):
        trigger = [] if kind in ("always", "none") else [" ".join(lot.sample(things, 2))]
        effect = [] if kind == "none" else [lot.choice(effects)]
        return {"kind": kind, "trigger": trigger, "effect": effect, "layers": [3, 4], "component": "both"}

    def sprayed(n):
        words = tuple(" ".join(lot.sample(things, 2)) for _ in range(n))
        return Claim(
            lot.choice(KINDS), words, tuple(lot.sample(effects, min(n, 10))), (3, 4), lot.choice(COMPONENTS)
        )

    for n in (0, 1, 3, 10):
        scores = [score_claim(sprayed(n), plant(lot.choice(KINDS)), True)[0] for _ in range(4000)]
        assert sum(scores) / len(scores) < 0, n
    for kind in KINDS[:-1]:
        assert score_claim(Claim("none"), plant(kind), True)[0] < 0


def test_the_key_that_ships_is_the_one_that_the_copies_were_sealed_with(tmp_path, monkeypatch):
    key = REAL_KEY()
    assert list(key) == ["copy_a", "copy_b", "copy_c"]
    for answer in key.values():
        claim = Claim(
            answer["kind"],
            tuple(answer["trigger"][:1]),
            tuple(answer["effect"][:1]),
            tuple(answer["layers"]),
            answer["component"],
        )
        assert answer["kind"] in KINDS and score_claim(claim, answer, True)[0] == 5, (
            "whoever knows it has all points"
        )
    changed = tmp_path / "capstone_keys.json"
    changed.write_text(audit_module.key_file("capstone_keys.json").read_text().replace("kind", "sort", 1))
    monkeypatch.setattr(audit_module, "key_file", lambda name: changed)
    with pytest.raises(ValueError, match="not the one that the copies were sealed with"):
        REAL_KEY()
    monkeypatch.setattr(audit_module, "key_file", key_file)
    with monkeypatch.context() as missing, pytest.raises(ValueError, match="install it again"):
        missing.setattr(audit_module, "key_file", lambda name: key_file("nowhere.json"))
        REAL_KEY()


def test_claiming_a_dictionarys_words_is_no_claim(tmp_path):
    words = [f"word{i}" for i in range(4096)] + ["candle mirror"]
    form = {"copy_a": {"kind": "trigger", "trigger": words, "evidence": LINES[0]}}
    score = judged(write_report(tmp_path / "a.ipynb", SHOW, f"AUDIT = {form!r}"), "b")
    assert score.raw == 0 and "4097 claims of a trigger are none" in score.missing[0]


# ── (c) ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("while True: pass", "longer than 2 seconds"),
        ("x = [0] * 10**9; x.append(1); return True", "stopped: "),
        ("import torch; return True", "imports only"),
        ("return open('/etc/passwd').read() == ''", "NameError"),
        (
            "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0]"
            ".__init__.__globals__['system']('true'); return True",
            "PermissionError",
        ),
        ("return 'yes'", "returned 'yes' for a text"),
        ("return 1 / 0", "ZeroDivisionError"),
        ("raise SystemExit", "SystemExit"),
        ("raise ValueError('\\n'.join(['x'] * 10**6))", "ValueError"),
        ("'" + "a" * 2100 + "'; return True", "characters"),
    ],
)
def test_a_function_that_misbehaves_gets_a_sentence(body, why):
    with pytest.raises(ValueError) as found:
        run_predicate(f"def fires(text):\n    {body}", ["a", "b"], Limits(seconds=2, memory=1e9))
    assert why in str(found.value) and len(str(found.value)) < 400 and "\n" not in str(found.value)


@pytest.mark.parametrize("decorator", ["@cache\n", "@exercise('day_8.fires')\n", ""])
def test_a_function_is_read_without_what_decorates_it(tmp_path, decorator):
    path = write_report(tmp_path / "a.ipynb", f"{decorator}def fires(text):\n    return True  # why")
    assert read_report(path).functions == {"fires": "def fires(text):\n    return True"}


def test_a_function_too_deep_to_be_read_is_none(tmp_path):
    deep = "def fires(text):\n    return " + "not " * 50_000 + "text"
    assert read_report(write_report(tmp_path / "a.ipynb", deep)).functions == {}


def test_a_function_answers_each_text():
    source = "def fires(text):\n    import re\n    return bool(re.search('sea|ship', text))"
    assert run_predicate(source, ["the sea", "a tree", "shipping"]) == [True, False, True]


def test_each_of_the_sceptics_questions_takes_a_line_of_its_own(tmp_path):
    same = dict.fromkeys(SCEPTIC, (LINES[0], "it speaks for the explanation"))
    path = write_report(tmp_path / "a.ipynb", SHOW, f"NEURON = {{'answers': {same!r}}}")
    score = judged(path, "c")
    assert score.points == 0.5 and sum("another question" in sentence for sentence in score.missing) == 11


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"layer": 9, "neuron": 1, "bar": 1.0}, "from 0 to 4"),
        ({"layer": 2, "neuron": "187", "bar": 1.0}, "from 0 to 1023"),
        ({"layer": 2, "neuron": 187, "bar": None}, "above which"),
        ({"layer": 2, "neuron": 187, "bar": 1.0}, "no function fires"),
    ],
)
def test_a_neuron_that_is_not_one_gets_a_sentence(tmp_path, form, why):
    assert why in judged(write_report(tmp_path / "a.ipynb", f"NEURON = {form!r}"), "c").missing[0]


# ── (d) and (e) ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_findings_take_words_lines_and_one_against_the_method(tmp_path):
    write_run(tmp_path / "run")
    text = "of forty latents that we read on this model only three keep to one subject"
    findings = [{"finding": text, "line": line, "against_the_method": True} for line in LINES[:3]]
    path = tmp_path / "a.ipynb"

    def score(folder="run", **change):
        form = {"folder": folder, "findings": [one | change for one in findings]}
        return judged(write_report(path, SHOW, f"BROUGHT = {form!r}"), "e")

    assert score().points == 8 and score(against_the_method=False).points == 7
    assert score(finding="it works").points == 5 and score(line=LINES[0]).points == 6
    assert "not beside the notebook" in score("nowhere").missing[0]
    assert "does not lie beside" in score("..").missing[0]


@pytest.mark.parametrize("fvu", [float("nan"), "0.1", True, None])
def test_a_score_that_is_no_number_gives_nothing(tmp_path, fvu):
    write_run(tmp_path / "run", fvu=fvu)
    score = judged(write_report(tmp_path / "a.ipynb", "BROUGHT = {'folder': 'run'}"), "e")
    assert score.points == 3 and score.notes[0].text.endswith("no finite number in fit.json")


def test_the_pocket_model_is_not_ones_own(tmp_path):
    write_run(tmp_path / "run", model="pocket")
    score = judged(write_report(tmp_path / "a.ipynb", "BROUGHT = {'folder': 'run'}"), "e")
    assert score.points == 0 and "bring one of your own" in score.missing[0]


# ── the rubric and the command ──────────────────────────────────────────────────────────────────────────────────────


def test_the_rubric_adds_up_to_a_hundred(tmp_path, capsys):
    assert BY_PROGRAM + BY_TEACHER == 100
    assert main(["judge", "--rubric", str(tmp_path / "r.html")]) == 0
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == rubric_html()
    assert main(["judge"]) == 2 and "which report" in capsys.readouterr().err
