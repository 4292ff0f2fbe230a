"""Figures by subject: arrays in, `Axes` out. Each labels itself and leaves showing it to the notebook.

Look for a figure by what it shows (`plot_<what is seen>`); colours and empty axes are in `style`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
