"""Hand-ins that tests write, and the command that grades them."""

import sys
import textwrap
from pathlib import Path

import nbformat

RIGHT = """
    import torch
    from course_utils.exercises import exercise

    @exercise("day_6.encode")
    def encode(x, W_enc, b_enc, b_dec):
        return torch.relu((x - b_dec) @ W_enc + b_enc)
"""


def write(path: Path, cells: list[str], **metadata) -> None:
    """A notebook of code cells; ``metadata`` is the last one's."""
    made = [nbformat.v4.new_code_cell(textwrap.dedent(cell).strip()) for cell in cells]
    for cell in made[-1:]:
        cell.metadata.update(metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)


def grade_command(folder: Path, *options: str) -> list[str]:
    """`course grade` of what is in ``folder``/in, reports beside it."""
    command = [sys.executable, "-m", "course_utils.desk.cli", "grade", str(folder / "in")]
    return [*command, "--out", str(folder), *options]
