"""Explorers: controls above one view, one file a day and one for circuits.

`panel` has what all of them share. A saved notebook, a code host and print show an explorer's first view. In the
examples ``panel.set(…)`` moves controls, and ``panel.html`` is what is shown then.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
