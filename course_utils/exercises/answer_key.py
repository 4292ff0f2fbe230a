"""What the answer key is made of, and how to find a record by its key.

A record holds everything about an exercise but its task, which is told in the notebook only:

    EXERCISES = {"encode": Exercise(encode, cases=_encode_cases, hints=(…), slips={sentence: wrong version})}

The engine imports no record until it is asked for a key. It finds ``solutions`` by its own location, as
`_solutions`, so that a learner's ``solutions.py`` beside the notebook cannot stand in its way.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from course_utils.base import require_choice
from course_utils.exercises import _solutions
from course_utils.exercises.describing import kind


@dataclass(frozen=True, eq=False)
class Exercise:
    """A function to write."""

    reference: Callable[..., Any]
    """Stands in until the learner's version passes; its docstring and source are the solution."""

    cases: Callable[..., Sequence[tuple]]
    """``cases(seed=0)``: fresh arguments every time, smallest first. Unequal sizes, biases that are not zero and
    scaled weights make a missing transpose, bias or norm show."""

    hints: tuple[str, ...]
    """From a nudge to nearly the answer."""

    slips: Mapping[str, Callable[..., Any]]
    """What a tutor would say → the wrong version that earns it: said when an attempt agrees with it on every case."""

    variants: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Other right ways; tests check that they pass."""

    judge: Callable[[Any, Any, tuple], bool | str] | None = None
    """``judge(yours, expected, args)`` for answers right up to order, sign, rotation or noise: True, or False, or a
    sentence that says what is wrong. It must take two equal answers for equal and no others: it also tells whether an
    attempt is a slip's, which it is then asked to compare with."""

    gradient: tuple[str, ...] = ()
    """Names of the arguments that a cell below trains through: the judge asks for the gradient with respect to them.
    The strict run of the notebooks checks that these are all that need it."""

    makes_a_copy: bool = False
    """Whether leaving its arguments as they are is the task itself, and not only good manners."""

    check: str = ""
    """What can be worked out by hand: told with a wrong attempt of which nothing else is known."""

    shows_expected: bool = True
    """Whether a wrong attempt is told the expected value: not where the value is the solution."""

    difficulty: int = 1
    explanation: str = ""
    """Shown above the reference's source; without it, the reference's docstring is."""

    tolerance: float = 1e-4
    """Relative."""

    seconds: float = 5.0
    """For all cases together; up to four times as long where the machine is busy with something else."""

    def __post_init__(self) -> None:
        _check(self.hints, self.difficulty)


@dataclass(frozen=True, eq=False)
class Answer:
    """A value to find."""

    reference: Any
    """The value; or a function of what ``answer(key, value, …)`` is given beside the value, so that it stays right
    when the data change."""

    hints: tuple[str, ...]
    slips: Mapping[str, Any]
    """What a tutor would say → the wrong value that earns it, or a function that computes it as the reference does."""

    otherwise: Callable[[Any], str | None] = field(default=lambda value: None)
    """What a tutor would say of a value that is neither right nor one of the slips; None if nothing."""

    cases: Callable[..., Sequence[tuple]] | None = None
    """``cases(seed=0)``: arguments for a reference that is a function; only tests use them."""

    tolerance: float = 0.01
    difficulty: int = 1
    explanation: str = ""

    def __post_init__(self) -> None:
        _check(self.hints, self.difficulty)


def _check(hints: tuple[str, ...], difficulty: int) -> None:
    if isinstance(hints, str):
        raise TypeError(f"hints must be a tuple: is a comma missing after {hints!r}?")
    if difficulty not in (1, 2, 3):
        raise ValueError(f"difficulty is 1, 2 or 3, not {difficulty}")


@dataclass(frozen=True)
class Option:
    """One choice of a question, told by its place, never by its text."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Single:
    """Exactly one option is right."""

    text: str
    options: tuple[Option, ...]
    of_pocket: bool = False
    """Of a prediction: what came out is the pocket model's, and another model is answered by what it gave."""


@dataclass(frozen=True)
class Multiple:
    """Each option is right or wrong by itself."""

    text: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Numeric:
    """A number, right within ``tolerance`` (absolute)."""

    text: str
    value: float
    tolerance: float
    why: str
    slips: Mapping[float, str] = field(default_factory=dict)
    """A wrong number that people find → what a tutor would say."""

    unit: str = ""
    of_pocket: bool = False
    """As of a `Single`."""


@dataclass(frozen=True)
class Ordering:
    """Options in their right order; they are shown in the order of ``shown``."""

    text: str
    options: tuple[Option, ...]
    shown: tuple[int, ...]

    def __post_init__(self) -> None:
        if sorted(self.shown) != list(range(len(self.options))):
            raise ValueError(f"shown must name each of {len(self.options)} options once, not {self.shown}")


Question = Single | Multiple | Numeric | Ordering

Prediction = Single | Numeric
"""A question before its result is shown. An option's ``why``, or the number's, says what came out; `Numeric.tolerance`
is how near counts as a good guess."""


@dataclass(frozen=True)
class Quiz:
    questions: tuple[Question, ...]


def find(key: str) -> Exercise | Answer:
    """The record of an exercise: reference, cases, hints, slips.

    Examples:
        >>> find("day_6.encode").hints[0]
        'Three steps: centre the input, project it onto the encoder directions, keep what is positive.'

    Args:
        key: ``"day_6.encode"``, as a notebook's ``@exercise`` names it.

    Returns:
        An `Exercise` for a function to write, an `Answer` for a value to find.

    Raises:
        KeyError: if there is none; the message names the nearest keys.
        TypeError: if ``key`` is not a string.
    """
    return _find(key, "EXERCISES")


def find_quiz(key: str) -> Quiz:
    """The questions of a quiz.

    Examples:
        >>> len(find_quiz("day_3.room").questions)
        5

    Raises:
        KeyError: if there is none; the message names the nearest keys.
        TypeError: if ``key`` is not a string.
    """
    return _find(key, "QUIZZES")


def find_prediction(key: str) -> Prediction:
    """What a learner is asked to predict, and what came out.

    Examples:
        >>> [option.right for option in find_prediction("day_3.cosines").options]
        [False, True, False]

    Raises:
        KeyError: if there is no such prediction; the message names the nearest keys.
        TypeError: if ``key`` is not a string.
    """
    return _find(key, "PREDICTIONS")


WHAT = {"EXERCISES": "exercise", "QUIZZES": "quiz", "PREDICTIONS": "prediction"}
"""What the tables of an answer key hold."""


def _find(key: str, table: str) -> Any:
    if not isinstance(key, str):
        raise TypeError(f'the key is a text such as "day_6.encode", not {kind(key)}')
    day, _, name = key.partition(".")
    if day and name and day in days():
        records = getattr(day_module(day), table, {})
        if name in records:
            return records[name]
    known = [known for day in days() for known in keys(day, table)]
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.4) or known[:3]
    raise KeyError(f"there is no {WHAT[table]} {key!r}; the nearest keys: {', '.join(near) or 'none yet'}")


def days() -> list[str]:
    """The days that have an answer key.

    Examples:
        >>> days()
        ['day_1', 'day_2', 'day_3', 'day_4', 'day_5', 'day_6', 'day_7']
    """
    return sorted(m.name for m in pkgutil.iter_modules(_solutions.__path__) if m.name.startswith("day_"))


def day_module(day: str) -> ModuleType:
    """The answer key of a day of `days`, or another module beside them."""
    return importlib.import_module(f"{_solutions.__name__}.{day}")


def keys(day: str, table: str = "EXERCISES") -> list[str]:
    """The keys of a day, as its notebook uses them.

    Examples:
        >>> keys("day_7", "QUIZZES")
        ['day_7.steering', 'day_7.causes']

    Args:
        day: one of `days`.
        table: ``"EXERCISES"``, ``"QUIZZES"`` or ``"PREDICTIONS"``.

    Raises:
        ValueError: if there is no such day or table.
    """
    require_choice("day", day, days())
    require_choice("table", table, WHAT)
    return [f"{day}.{name}" for name in getattr(day_module(day), table, {})]


def explanation(record: Exercise | Answer) -> str:
    """The record's own words, else the docstring of its reference."""
    doc = inspect.getdoc(record.reference) if callable(record.reference) else None
    return inspect.cleandoc(record.explanation or doc or "")


def source(record: Exercise | Answer) -> str:
    """How the reference is written, without its docstring, which `explanation` tells; for a plain value, the value."""
    if not callable(record.reference):
        return repr(record.reference)
    lines = textwrap.dedent(inspect.getsource(record.reference)).rstrip().splitlines()
    function = ast.parse("\n".join(lines)).body[0]
    if (
        isinstance(function, ast.FunctionDef | ast.ClassDef)
        and ast.get_docstring(function)
        and len(function.body) > 1
    ):
        docstring = function.body[0]
        del lines[docstring.lineno - 1 : docstring.end_lineno]
    return "\n".join(lines)
