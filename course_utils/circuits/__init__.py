"""Attribution graphs: which latents make an answer out of which others, for one prompt and one question.

`attribution_graph` builds one from a model and its transcoders, `prune` keeps what carries most of the answer. After Ameisen
et al. 2025, "Circuit Tracing"; what is left out is counted, as error nodes and in two scores.
Graphs are exchanged with circuit-tracer as JSON; `grid_of` says where nodes stand in a picture.
"""

from course_utils.base import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
