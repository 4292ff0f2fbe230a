"""Figures by subject: arrays in, `Axes` out. Each labels itself and leaves showing it to the notebook.

Look for a figure by what it shows (`plot_<what is seen>`); colours and empty axes are in `style`. Everywhere ``ax`` is
where to draw, and None makes a new figure; ``title``, ``xlabel`` and ``ylabel`` are the texts in their usual places.
The keys of a mapping name its values in the legend or in the titles. Every text is shown as it is: a dollar sign in
it begins no formula.
"""

from course_utils.base import attach, labels_as_text

__getattr__, __dir__, __all__ = attach(__name__, __file__, around=labels_as_text)
