"""Edit a running model and see what it does: steer, ablate, patch, attribute.

The models are those of `load_model`, hooked as they are. Latents, neurons and plain directions are all `Units`, and
take the same way:

    steer(model, latent_units(sae, 17), 6.0)                   what it writes with the latent turned up
    with ablate(model, neuron_units(model, 2, 17)): …          whatever runs inside goes without the neuron
    patch(model, ids, hook_name, source, at)                   logits with a piece of another run put in
    change_each(model, ids, hook_name, positions, changes)     a hundred such experiments on one text, in one batch
    patching_map(model, ids, other_ids, part, score)       where in the model the answer comes from
    attribute(model, sae, ids, score)                          what each unit would be worth, if all were linear
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
