"""Arrays in, HTML out, with everything escaped.

`html` has the pieces (a strip of tokens, the card of a latent, a table, a picture); `dashboard` makes one page of many,
`page_of_circuit` one of an attribution graph.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
