"""Arrays in, HTML out, with everything escaped.

`html` has the pieces (a strip of tokens, the card of a latent, a table, a picture); `dashboard` makes one page of many.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
