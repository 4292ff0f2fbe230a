"""The examples in the docstrings of everything on a face run, and every public function has one."""

import doctest
import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest

import course_utils

WINGS = sorted(path.parent.name for path in Path(course_utils.__file__).parent.glob("*/__init__.pyi"))


@pytest.fixture(autouse=True)
def keep_nothing(monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "")


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


@pytest.mark.parametrize("wing", WINGS)
def test_every_public_function_has_an_example(wing):
    face = importlib.import_module(f"course_utils.{wing}")
    functions = [name for name in face.__all__ if inspect.isfunction(getattr(face, name))]
    missing = [name for name in functions if (wing, name) not in WITH_EXAMPLE]
    assert not missing, f"{', '.join(missing)}: write three lines below Examples:"


SECTIONS = ["Examples:", "Args:", "Returns:", "Raises:"]


@pytest.mark.parametrize("wing", WINGS)
def test_docstrings_name_only_what_there_is_and_in_one_order(wing):
    face = importlib.import_module(f"course_utils.{wing}")
    for name in face.__all__:
        thing = getattr(face, name)
        if not inspect.isfunction(thing):
            continue
        doc = inspect.getdoc(thing) or ""
        told = re.findall(r"^(Examples|Args|Returns|Raises):$", doc, re.MULTILINE)
        assert [f"{t}:" for t in told] == [t for t in SECTIONS if t[:-1] in told], f"{wing}.{name}: {told}"
        args = re.search(r"^Args:\n((?:    .*\n?|\n)*)", doc, re.MULTILINE)
        named = re.findall(r"^    (?! )([\w, *]+):", args[1], re.MULTILINE) if args else []
        parameters = inspect.signature(thing).parameters
        there = set(parameters)
        if any(p.kind == p.VAR_KEYWORD for p in parameters.values()):
            continue  # it may name what it hands on
        for each in named:
            for one in re.split(r", | and ", each):
                assert one.strip("* ") in there, f"{wing}.{name} has no argument {one}"
