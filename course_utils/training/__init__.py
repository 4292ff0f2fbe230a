"""Train a sparse autoencoder.

One visible loop (`fit`), what it minimises (`losses`), new life for dead latents (`resampling`); the same gradients
written out (`fast`, `kernels`), and which step is fast on this machine (`speed`). `checkpoints` lets a run go on where it
stopped, `distributed` lets several processes share it, `history` is what it leaves.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
