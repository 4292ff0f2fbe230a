"""The small package behind the seven notebooks. Import the module you need.

In IPython it adds one sentence to a NameError where a cell was run before those that it needs; `%load_ext course_utils`
does no more than importing it. Elsewhere this file imports nothing.
"""

import sys
from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """For ``%load_ext course_utils``, and for ``InteractiveShellApp.extensions`` in IPython's settings."""
    from course_utils.exercises import explain_missing_names

    explain_missing_names(shell)


if "IPython" in sys.modules:
    load_ipython_extension(None)
