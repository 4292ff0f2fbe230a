"""Do the days run on models that are not ours? `make other-models` runs them on models of random weights.

One has the shape of GPT-2 small, the others are small ones of the families that differ in what a notebook can trip over:
gated neurons and rotary positions (Llama, Qwen), biases or norms on queries and keys (Qwen 2, Qwen 3), attention and
neurons side by side (GPT-NeoX), a tokenizer without a start token and more rows than tokens (Qwen 2, as published), and
input and output weights that are the same or not ("-tied"). Such a model knows nothing, so what a cell prints of it says
nothing; that no cell fails and none prints "nan" does. Cells that have nothing to do with the model stay out.

    python tools/other_models.py [--models llama qwen2] [--days 1 6] [--states unsolved solved] [--keep FOLDER]

A folder with a real model can stand among the models as well. Fails if a cell does, or prints "nan".
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import torch
import transformers
from transformers import AutoTokenizer

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tools.days import measure  # noqa: E402 — a program that finds its own folder first
from tools.slices import Notebook  # noqa: E402
from tools.solved import solved, verdicts  # noqa: E402

POCKET = ROOT / "course_utils" / "data" / "pocket"
STATES = ("unsolved", "solved")
WIDTH, LAYERS, HEADS = 64, 4, 4


def _small(family: str, tied: bool, **options: object) -> Callable[[], transformers.PreTrainedModel]:
    """A model of a family that transformers knows: 4 layers, 64 wide, the pocket model's vocabulary."""

    def make() -> transformers.PreTrainedModel:
        sizes = dict(
            vocab_size=8192,
            hidden_size=WIDTH,
            intermediate_size=3 * WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            max_position_embeddings=256,
            initializer_range=WIDTH**-0.5,
            bos_token_id=0,
            eos_token_id=0,
            tie_word_embeddings=tied,
        )
        config = getattr(transformers, f"{family}Config")(**(sizes | options))
        return getattr(transformers, f"{family}ForCausalLM")(config)

    return make


def _gpt2() -> transformers.PreTrainedModel:
    ends = dict(bos_token_id=0, eos_token_id=0)
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(**ends))


FEWER_KEYS = dict(num_key_value_heads=HEADS // 2)
QWEN = FEWER_KEYS | dict(head_dim=WIDTH // HEADS, vocab_size=8448, bos_token_id=None)
STAND_INS = {"gpt2": _gpt2}
for name, family, options in [
    ("llama", "Llama", FEWER_KEYS),
    ("qwen2", "Qwen2", QWEN),
    ("qwen3", "Qwen3", QWEN),
    ("neox", "GPTNeoX", {}),
]:
    STAND_INS |= {name: _small(family, False, **options), f"{name}-tied": _small(family, True, **options)}


def make_stand_in(name: str, folder: Path) -> None:
    """Write a model of random weights with the pocket model's tokenizer."""
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    STAND_INS[name]().save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(POCKET)
    if name.startswith("qwen"):
        tokenizer.bos_token = None
    tokenizer.save_pretrained(folder)


class Fault(NamedTuple):
    """A cell that no model may lead to."""

    cell: int
    what: str

    def __str__(self) -> str:
        return f"[{self.cell}] {self.what}"


def faults(nb: nbformat.NotebookNode, state: str) -> Iterator[Fault]:
    """Errors, statistics of nothing, and exercises that a solution does not solve."""
    for number, cell in enumerate(nb.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield Fault(
                    number, f"{output.ename}: {output.evalue.splitlines()[0] if output.evalue else ''}"
                )
            for line in _text(output).splitlines():
                if re.search(r"\b(nan|inf)\b", line):
                    yield Fault(number, line)
        for line in verdicts(cell.get("outputs", [])):
            if state == "solved" and not line.startswith("✓"):
                yield Fault(number, line)


def _text(output: nbformat.NotebookNode) -> str:
    return output.get("text", "") + output.get("data", {}).get("text/plain", "")


class Run(NamedTuple):
    nb: nbformat.NotebookNode
    faults: list[Fault]
    minutes: float
    gigabytes: float


def run(notebook: Path, model: Path, state: str, first: str = "") -> Run:
    """The cells of one day that hang on the model, unsolved or with every exercise filled in.

    Args:
        notebook: of the day.
        model: folder.
        state: "unsolved" or "solved".
        first: code that runs before all cells.
    """
    nb = nbformat.read(notebook, as_version=4)
    about = Notebook(notebook).cells_about("load_model")
    for number, cell in enumerate(nb.cells):
        if cell.cell_type == "code":
            cell.outputs = []
            cell.source = "" if number not in about else cell.source
            cell.source = solved(cell.source)[0] if state == "solved" else cell.source
    start = next(cell for cell in nb.cells if cell.cell_type == "code" and cell.source)
    start.source = f"{first}\n{start.source}"
    environment = {"COURSE_MODEL": str(model), "COURSE_PROGRESS": "", "TQDM_DISABLE": "1"}
    seconds, peak = measure(nb, notebook.parent, environment=environment, allow_errors=True)
    return Run(nb, list(faults(nb, state)), seconds / 60, peak)


def days_with_a_model() -> dict[str, Path]:
    """The notebooks that open a language model, by their number; the others cannot meet another one."""
    notebooks = sorted((ROOT / "notebooks").glob("day_*.ipynb"))
    return {n.stem.split("_")[1]: n for n in notebooks if "load_model" in json.dumps(nbformat.read(n, 4))}


def main() -> None:
    days = days_with_a_model()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="*", default=list(STAND_INS), metavar="NAME or FOLDER")
    parser.add_argument("--days", nargs="*", default=list(days), choices=list(days))
    parser.add_argument("--states", nargs="*", default=STATES, choices=STATES)
    parser.add_argument("--keep", type=Path, help="folder for the notebooks with what they showed")
    asked = parser.parse_args()
    n_faults = 0
    print("model        day  state     minutes  GB    faults")
    for name in asked.models:
        with tempfile.TemporaryDirectory() as made:
            model = Path(made) / name if name in STAND_INS else Path(name).resolve()
            if name in STAND_INS:
                make_stand_in(name, model)
            for day, state in ((d, s) for d in asked.days for s in asked.states):
                done = run(days[day], model, state)
                n_faults += len(done.faults)
                print(
                    f"{model.name:12} {day}    {state:8}  {done.minutes:5.1f}   {done.gigabytes:5.2f}  {len(done.faults)}",
                    *done.faults,
                    sep="\n    ",
                    flush=True,
                )
                if asked.keep:
                    asked.keep.mkdir(parents=True, exist_ok=True)
                    nbformat.write(done.nb, asked.keep / f"{model.name}_day_{day}_{state}.ipynb")
    sys.exit(n_faults > 0)


if __name__ == "__main__":
    main()
