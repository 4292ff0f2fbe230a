"""Train a sparse autoencoder.

One visible loop (`fit`) that takes steps (`steps`: autograd's; `fast`, `kernels`: the same gradients written out;
`speed`: which is fast on this machine) and keeps its state in a `run`, which `checkpoints` write to disk. What is
minimised is in `objective`, the groups of options in `options`, new life for dead latents in `resampling`;
`distributed` lets several processes share a run, and `history` is what it leaves.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
