"""The examples in the docstrings of everything on a face run, and what is used most has one."""

import doctest
import importlib
import sys
from pathlib import Path

import pytest

import course_utils

WINGS = sorted(path.parent.name for path in Path(course_utils.__file__).parent.glob("*/__init__.pyi"))
MOST_USED = {
    "lm": "load_model load_texts tokenize collect_activations activation_batches",
    "sae": "SAE load_sae save_sae",
    "training": "fit_sae",
    "reading": "l0 fvu dead_latents mean_max_cosine loss_recovered concept_scores score_sae summarise_latent",
    "interventions": "steer ablate patch attribute",
    "worlds": "feature_dimensionality fit_toy_models",
    "exercises": "exercise quiz hint solution progress find",
    "views": "token_strip",
}


def examples(wing: str, name: str) -> list[doctest.DocTest]:
    """Of a public function, or of a public class and its methods."""
    thing = getattr(importlib.import_module(f"course_utils.{wing}"), name)
    if not callable(thing) or not getattr(thing, "__module__", "").startswith("course_utils."):
        return []
    module = sys.modules[thing.__module__]
    found = doctest.DocTestFinder().find(thing, name, module=module, globs=vars(module).copy())
    return [test for test in found if test.examples]


WITH_EXAMPLE = [
    (wing, name)
    for wing in WINGS
    for name in importlib.import_module(f"course_utils.{wing}").__all__
    if examples(wing, name)
]


@pytest.mark.parametrize(("wing", "name"), WITH_EXAMPLE, ids=[".".join(pair) for pair in WITH_EXAMPLE])
def test_it_does_what_its_example_says(wing, name, capsys):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in examples(wing, name):
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0, capsys.readouterr().out


@pytest.mark.parametrize("wing", MOST_USED)
def test_what_is_used_most_has_an_example(wing):
    missing = [name for name in MOST_USED[wing].split() if (wing, name) not in WITH_EXAMPLE]
    assert not missing, f"{', '.join(missing)}: write three lines after Examples:"
