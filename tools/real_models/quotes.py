"""The sentence in which a day quotes docs/real_models.md, written by the program that writes the page.

It is a paragraph of a markdown cell that begins with ``START``. Where it stands, its author chose; what it says is made
from the figures, so that it cannot outlive them.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import nbformat

from tools.real_models.claims import best, mixed_share
from tools.real_models.measure import ROOT
from tools.real_models.page import NOT_HERE, shown

START = "**On real models:** "
IN = {"pocket": "the pocket model", "smollm2": "SmolLM2-135M", "gpt2": "GPT-2 small"}
WIDTH = 124

SAYS = {
    2: (
        "the share of the neurons with a family that has several is ",
        lambda f: f"{mixed_share(f):.0%} of {sum(f.kinds[1:]):,}",
    ),
    6: (
        "what 32 directions miss, and the median areas: ",
        "a learned dictionary {fvu:.0%}, a random one {random_fvu:.0%}, PCA {pca_fvu:.0%}; latents {area_latents:.2f}, "
        "neurons {area_neurons:.2f}, directions by lot {area_lot:.2f} over {day_6_concepts} concepts",
    ),
    7: (
        "how much of a concept a push brings at its best dose, and a prompt: ",
        lambda f: (
            f"latent {best(f, 'latent')[0]:.0%} ± {best(f, 'latent')[1]:.0%}, difference of means "
            f"{best(f, 'mean difference')[0]:.0%} ± {best(f, 'mean difference')[1]:.0%}, prompt {f.asked[0]:.0%} ± "
            f"{f.asked[1]:.0%}, over {f.steered_concepts} concepts"
        ),
    ),
}
"""For each day that quotes the page: how the sentence begins, and what it says of a model."""


def quote(day: int, models: dict[str, dict[str, Any]]) -> str:
    """A day's paragraph; "not measured" leaves a model out."""
    begins, says = SAYS[day]
    told = [(IN[name], shown(says, kept)) for name, kept in models.items()]
    parts = [f"{said} in {model}" for model, said in told if said != NOT_HERE]
    link = "[Side by side](../docs/real_models.md)."
    return textwrap.fill(
        f"{START}{begins}{'; '.join(parts)}. {link}", WIDTH, break_on_hyphens=False, break_long_words=False
    )


def write_quotes(models: dict[str, dict[str, Any]]) -> None:
    """Put each day's paragraph in the place of the one that begins as it does; days without one are left alone."""
    for day in SAYS:
        path = notebook_of(day)
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and START in cell.source:
                paragraphs = cell.source.split("\n\n")
                new = [quote(day, models) if p.startswith(START) else p for p in paragraphs]
                cell.source = "\n\n".join(new)
        text = nbformat.writes(notebook) + "\n"
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")


def notebook_of(day: int) -> Path:
    """The file of a day."""
    return next((ROOT / "notebooks").glob(f"day_{day}_*.ipynb"))


def quoted(day: int) -> list[str]:
    """The paragraphs of a day that quote the page."""
    cells = nbformat.read(notebook_of(day), as_version=4).cells
    sources = (cell.source for cell in cells if cell.cell_type == "markdown")
    return [p for source in sources for p in source.split("\n\n") if p.startswith(START)]
