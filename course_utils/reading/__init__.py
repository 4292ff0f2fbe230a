"""What do the units of a dictionary mean, and how good is the dictionary?

Scores of a whole dictionary: `scores` (tensors only), `concepts` (against labels), `metrics` (on a stream of
activations and on the model's loss), `baselines` (what a good score is worth), `splitting` (from one size to the next).
One latent at a time: `firings` records when each fires, `latent_summaries` says what it fires on, `latent_search` goes
from a text or a concept to latents, `top_examples` keeps the strongest rows of a long stream. `blind_rating` and
`word_judge` check readings without knowing the answer. `diffing` compares a copy with the model that it was made of.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
