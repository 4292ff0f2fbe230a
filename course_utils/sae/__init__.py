"""Sparse autoencoders: read a dense activation as a few active latents.

    latents = act((x - b_dec) @ W_enc + b_enc)
    x_hat   = latents @ W_dec + b_dec

``act`` is what an architecture adds, one record each in `architectures`; the formulas are in `functions` and `losses`,
the module with the weights in `model`, reading and writing in `files`. On disk an autoencoder is a folder in SAELens'
format, ``cfg.json`` and ``sae_weights.safetensors``; it reads raw activations, whatever scale it was trained at. Other
publishers' formats have a reader each, ``read_…``; those for GPT-2 small that are on the hub are in `public_saes`.
`sparse_coding` finds latents without an encoder, one input at a time.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
