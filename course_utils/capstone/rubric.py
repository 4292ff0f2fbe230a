"""The rubric on one page for print: what the program gives, and what a teacher marks in ten minutes."""

from __future__ import annotations

from course_utils.base import render_template
from course_utils.capstone.points import BY_PROGRAM, BY_TEACHER, PROJECTS


def rubric_html() -> str:
    """The page, which needs nothing else.

    Examples:
        >>> page = rubric_html()
        >>> page[:15], "Audit three sealed copies" in page
        ('<!doctype html>', True)
    """
    return render_template(
        "capstone", "rubric", projects=PROJECTS, by_program=BY_PROGRAM, by_teacher=BY_TEACHER
    )
