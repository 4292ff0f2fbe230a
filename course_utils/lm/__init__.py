"""The language model, what it reads, and what goes on inside it.

    model = load_model("pocket")
    texts = load_texts()
    activations = collect_activations(model, [t.text for t in texts], "blocks.2.hook_resid_post")

Read `language_model`, then `tokens` and `activations`. `sources` lists the public models and where they come from,
`four_bits` unpacks one of them, and `quiet` keeps loading out of the notebook's sight. The labelled texts are in `corpus`; those that code writes come
from `formats`, `program_formats` and `indirect_objects`, with the word lists of `words`. `batches` deals activations
out for training, `activation_store` keeps them on disk, `gpt2` is the same forward pass written out for speed.
`neurons` watches a model's own units; `planted` opens copies of the pocket model in which
something was planted, or nothing.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
