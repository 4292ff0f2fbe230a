"""Exercises that judge an attempt the moment its cell runs, and stand in for it until it passes.

    @exercise("day_6.encode")
    def encode(x, W_enc, b_enc, b_dec):
        raise NotImplementedError

The notebook runs from top to bottom in every state: the name means the learner's function once it passes, and the
reference of ``solutions/day_6.py`` until then. What an exercise is made of is in `records`, how an attempt is judged in
`judging`, what a learner sees in `card`.
"""

from course_utils.exercises.calls import answer, exercise, hint, solution
from course_utils.exercises.grading import grade
from course_utils.exercises.judging import Verdict, judge, judge_value
from course_utils.exercises.keep import progress_path, read_progress
from course_utils.exercises.overview import progress
from course_utils.exercises.quizzes import quiz
from course_utils.exercises.records import (
    Answer,
    Exercise,
    Multiple,
    Numeric,
    Option,
    Ordering,
    Quiz,
    Single,
    days,
    find,
    find_quiz,
    keys,
)

__all__ = [
    "Answer",
    "Exercise",
    "Multiple",
    "Numeric",
    "Option",
    "Ordering",
    "Quiz",
    "Single",
    "Verdict",
    "answer",
    "days",
    "exercise",
    "find",
    "find_quiz",
    "grade",
    "hint",
    "judge",
    "judge_value",
    "keys",
    "progress",
    "progress_path",
    "quiz",
    "read_progress",
    "solution",
]
