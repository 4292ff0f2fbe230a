"""The answer key by its own location: this package's modules are the files of ``solutions/`` beside ``course_utils/``.

`course_utils.exercises._solutions.day_6` is ``solutions/day_6.py`` whatever else is called ``solutions`` in the folder
that Python was started in. It is an ordinary package, so its functions can be pickled and their source be shown.
"""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parents[3] / "solutions")]
