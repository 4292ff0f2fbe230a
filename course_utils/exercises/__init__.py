"""Exercises that judge an attempt the moment its cell runs, and stand in for it until it passes.

    @exercise("day_6.encode")
    def encode(x, W_enc, b_enc, b_dec):
        raise NotImplementedError

The notebook runs from top to bottom in every state: the name means the learner's function once it passes, and the
reference of ``solutions/day_6.py`` until then.

Read `notebook_api` (what a cell calls), then `answer_key` (what an exercise is made of) and `verdicts` (how an attempt
is judged: `guards` runs it safely within a `memory_limit`, `compare`, `dtype_feedback` and `gradients` look at what it
returned, `feedback` and `describing` find the words). What passes becomes `adopted`, so that the cells below get what
the reference would give them. A learner sees a `card`, built of `rendering`; quizzes are `quizzes` and `quiz_grading`,
guesses `predictions`, the twenty questions `concept_inventory`; `progress_file` remembers, `progress_table` shows;
`picture_words` describes figures to those who cannot see them. Where a cell runs before those that it needs,
`earlier_cells` names the one to begin with.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__, unchecked=("exercise", "hint", "Exercise"))
