"""Sparse autoencoders: read a dense activation as a few active latents.

    latents = act((x - b_dec) @ W_enc + b_enc)
    x_hat   = latents @ W_dec + b_dec

``act`` is what an architecture adds, one record each in `architectures`; the formulas are in `functions` and `losses`, the
module with the weights in `model`, reading and writing in `files`. On disk an autoencoder is a folder in SAELens' format, ``cfg.json`` and
``sae_weights.safetensors``; it reads raw activations, whatever scale it was trained at.
"""

from course_utils.sae.architectures import ARCHITECTURES
from course_utils.sae.files import load_sae, save_sae
from course_utils.sae.functions import (
    batch_topk,
    decode,
    encode,
    encode_gated,
    jumprelu,
    jumprelu_threshold_gradient,
    step,
    topk,
)
from course_utils.sae.losses import auxk_loss, gated_loss, jumprelu_loss, sae_loss
from course_utils.sae.model import SAE, SAEOutput, neuron_basis
from course_utils.sae.record import Architecture

__all__ = [
    "ARCHITECTURES",
    "SAE",
    "Architecture",
    "SAEOutput",
    "auxk_loss",
    "batch_topk",
    "decode",
    "encode",
    "encode_gated",
    "gated_loss",
    "jumprelu",
    "jumprelu_loss",
    "jumprelu_threshold_gradient",
    "load_sae",
    "neuron_basis",
    "sae_loss",
    "save_sae",
    "step",
    "topk",
]
