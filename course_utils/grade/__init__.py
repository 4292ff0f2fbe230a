"""Grade a folder of learners' notebooks, each in a process, a copy and limits of its own.

Every ``FOLDER/**/*.ipynb`` is one hand-in. A worker of its own (`worker`) reads it, in whatever state it is
(`notebook_file`), and runs it with nbclient in a temporary copy of the files beside it, while `watch` holds it to its
limits and ends every process that it left. The verdicts are those that the exercises write to the progress file, so a
notebook is judged here as it was on the learner's machine, wherever it kept its progress there. Which exercises it
should have solved, and so its days, is told by its code (`exercise_calls`), whose it is by its folder or name
(`learners`).

What this isolation is: a hand-in that hangs, forks, fills memory or disk, prints gigabytes, deletes the files in its
folder or is no notebook costs that hand-in alone. It sees neither the other hand-ins' copies in its folder nor your
environment variables, and its home folder is a temporary one. On Linux a fork bomb also meets a limit of the system
that is its own (in a container that allows no user namespaces: your account's), unless you are root: then the watcher
alone ends it. Stop the grader, or kill it: the kernels end and their folders go.

What it is not: a sandbox. The notebook's code runs under your account: it can read, change and delete whatever you
can, if it goes looking by absolute path; it can use the network, hide a process from the watcher on purpose, and forge
its own verdicts by writing the progress file. It is a help for a teacher who knows the class, and no proctor. Grade
strangers' notebooks in a container or a throw-away account.
"""

import course_utils.grade.iri_grammars  # noqa: F401 — before nbformat
from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
