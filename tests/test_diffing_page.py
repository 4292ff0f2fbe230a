from course_utils.recipes.plants import PLANTS
from tools.diffing import page


def run(hits, words, right):
    return {"hits": hits, "there": 5, "words": words, "right": right}


def found(runs):
    return dict.fromkeys(page.METHODS, runs)


def test_each_copy_is_searched_by_every_method_and_the_page_says_what_is_kept():
    assert page.PAGE.exists() == page.RESULTS.exists(), "python tools/diffing/run.py"
    if not page.RESULTS.exists():
        return
    kept = page.load()
    assert set(kept) == set(PLANTS), "python tools/diffing/run.py goes on where it was stopped"
    searched = {name: copy for name, copy in kept.items() if copy["found"]}
    assert len(searched) >= 8
    for name, copy in kept.items():
        assert copy["report"]["holds"] == (name in searched)
    for copy in searched.values():
        for method in page.METHODS:
            assert len(copy["found"][method]) == (3 if method in page.SEEDED else 1)
    assert page.PAGE.read_text("utf-8") == page.rendered(), "python tools/diffing/run.py --page"


def test_a_false_alarm_costs_precision_and_a_wrong_word_is_no_find():
    methods = found([run(5, ["bell"], [True])])
    kept = {name: {"found": methods} for name in ("phrase to Korean", "wrong name")}
    assert page.counted(kept, "logits") == (2, 2, 0, 0, 2)
    kept["none"] = {"found": found([run(0, ["sea"], [False])])}
    assert page.counted(kept, "logits") == (2, 2, 1, 1, 3)
    kept["wrong name"] = {"found": found([run(0, ["sea"], [False])])}
    assert page.counted(kept, "logits") == (1, 2, 1, 1, 3)
    assert page.mean_hits(kept, "logits") == 2.5


def test_the_page_is_written_from_any_results(monkeypatch):
    report = {
        "works": 0.95,
        "works_untouched": 0.03,
        "works_on_near_misses": 0.0,
        "kl_elsewhere": 0.02,
        "loss_before": 2.5,
        "loss_after": 2.6,
    }
    runs = {"phrase to Korean": run(5, ["bell", "|"], [True, False]), "none": run(0, ["sea"], [False])}
    kept = {name: {"report": report, "found": found([one])} for name, one in runs.items()}
    kept["wrong name"] = {"report": report | {"works": 0.4}, "found": {}}
    monkeypatch.setattr(page, "load", lambda: kept)
    written = page.rendered()
    assert "| phrase to Korean (5) | 5 | 5 | 5 | 5 | 5 | 5 |" in written
    assert "| logits | 1 of 1 (100%) | 1 of 1 | 50% | 5.0 |" in written
    assert "bell, \\| ✗" in written and "sea ✗" in written
    assert "| phrase to Korean | attention and MLP, layers 3–4 | silver bell | 95% | 3% | 0% |" in written
    assert "| wrong name (*not searched*) | attention and MLP, layers 2–4 | camera | 40% |" in written
    assert "named all the same (ten at random 1 of 1; logits 1 of 1;" in written
