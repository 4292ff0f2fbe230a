"""What is done outside a notebook: the command `course`.

`cli` has its subcommands, `doctor` looks at the machine, `export` writes notebooks as pages
(`still_cells`, `inert_html` and `typesetting` make them run and load nothing). Grading is `course_utils.grade`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
