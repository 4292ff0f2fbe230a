"""Train a sparse autoencoder.

One visible loop (`fit`), what it minimises (`losses`), new life for dead latents (`resampling`); the same gradients
written out (`fast`, `kernels`), and which step is fast on this machine (`choice`).
"""

from course_utils.training.fit import TrainingState, fit_sae, learning_rate, remove_parallel_gradient_
from course_utils.training.history import History, Measurement
from course_utils.training.losses import auxk_loss, gated_loss, jumprelu_loss, sae_loss
from course_utils.training.resampling import fresh_pairs, resample_dead_, resampler, resampling_odds

__all__ = [
    "History",
    "Measurement",
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
