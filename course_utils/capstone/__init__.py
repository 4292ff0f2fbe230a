"""Judge a capstone report: what a program can score, and what is missing; a teacher marks the rest by the rubric.

A report is a learner's copy of ``capstone.ipynb`` with its forms filled in, and what lies beside it. It is read and
not run: forms are literals, evidence is what cells printed. Only the function that explains a neuron runs, in a process
of its own, within limits (`predicate`). What is claimed is computed anew from the models.

Outputs are believed as they are kept, so whoever wants to deceive can. The rubric lets a teacher run one cell anew.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
