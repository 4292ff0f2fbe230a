"""What is done outside a notebook: the command `course`.

`cli` has its subcommands, `doctor` looks at the machine, `export` writes notebooks as pages
(`still_cells`, `inert_html` and `typesetting` make them run and load nothing). Grading is `course_utils.grade`.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
