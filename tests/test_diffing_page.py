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
    for copy in kept.values():
        assert copy["report"]["holds"]
        for method in page.METHODS:
            assert len(copy["found"][method]) == (3 if method in page.TRAINED else 1)
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
