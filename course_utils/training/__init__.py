"""Train a sparse autoencoder.

One visible loop (`fit`) that takes steps (`steps`: autograd's; `fast`, `kernels`: the same gradients written out;
`choice`: which is fast on this machine) and keeps its state in a `run`, which `checkpoints` write to disk. What is
minimised is in `losses`, the groups of options in `options`, new life for dead latents in `resampling`.
"""

from course_utils.training.fit import TrainingState, fit_sae
from course_utils.training.history import History, Measurement
from course_utils.training.losses import auxk_loss, gated_loss, jumprelu_loss, sae_loss
from course_utils.training.options import Checkpoint, Revival, Schedule, learning_rate
from course_utils.training.resampling import fresh_pairs, resample_dead_, resampler, resampling_odds
from course_utils.training.steps import remove_parallel_gradient_

__all__ = [
    "Checkpoint",
    "History",
    "Measurement",
    "Revival",
    "Schedule",
    "TrainingState",
    "auxk_loss",
    "fit_sae",
    "fresh_pairs",
    "gated_loss",
    "jumprelu_loss",
    "learning_rate",
    "remove_parallel_gradient_",
    "resample_dead_",
    "resampler",
    "resampling_odds",
    "sae_loss",
]
