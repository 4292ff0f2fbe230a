"""Edit a running model and see what it does: steer, ablate, patch, attribute.

The models are those of `load_model`, hooked as they are. Latents, neurons and plain directions are all `Units`, and
take the same way:

    steer(model, latent_units(sae, 17), strength=6.0)          what it writes with the latent turned up
    with ablate(model, neuron_units(model, 2, 17)): …          whatever runs inside goes without the neuron
    patch(model, ids, hook_name, source, at)                   logits with a piece of another run put in
    change_each(model, ids, hook_name, positions, changes)     a hundred such experiments on one text, in one batch
    attribute(model, ids, hook_name, score, sae)               what each unit would be worth, if all were linear
"""

from course_utils.interventions.heads import head_contributions
from course_utils.interventions.measures import brought_back, disagreement, mean_and_error
from course_utils.interventions.one_by_one import ablate_each, change_each, patch_each_latent
from course_utils.interventions.patching import (
    Attribution,
    attribute,
    patch,
    patch_heads,
    patch_latents,
    patch_positions,
    watch,
)
from course_utils.interventions.steering import continuation_losses, prompt_ids, steer, stream
from course_utils.interventions.units import (
    Units,
    ablate,
    direction_unit,
    edit_hook,
    latent_units,
    neuron_units,
)

__all__ = [
    "Attribution",
    "Units",
    "ablate",
    "ablate_each",
    "attribute",
    "brought_back",
    "change_each",
    "continuation_losses",
    "direction_unit",
    "disagreement",
    "edit_hook",
    "head_contributions",
    "latent_units",
    "mean_and_error",
    "neuron_units",
    "patch",
    "patch_each_latent",
    "patch_heads",
    "patch_latents",
    "patch_positions",
    "prompt_ids",
    "steer",
    "stream",
    "watch",
]
