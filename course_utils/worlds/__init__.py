"""Made-up worlds, where the features are known because we put them there.

Day 1: `recordings` (cells that answer to people). Day 2: `pictures`, the network that sees them (`vision`), what it
looked at (`relevance`), and addition on a clock (`modular`). Day 3: directions in many dimensions (`geometry`) and the
polytopes of ReLU networks (`polytopes`). Day 4: sparse features (`synthetic`) in toy models (`toy_models`, with their
gradients written out in `toy_gradients`). Day 5: `sound`, a hundred stations on ten channels (`radio`) and when sparse
unknowns can be recovered at all (`compressed_sensing`).

What draws at random takes a ``seed``, always by its name: the same seed draws the same numbers. Only
`scattered_moments`, `sparse_unknowns` and `ToyTask.batch`, which share a stream of numbers with their caller, take a
generator instead.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
