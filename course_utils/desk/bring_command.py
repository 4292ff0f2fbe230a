"""`course bring` on the command line: its arguments, and what is said when it stops."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.desk.stopping import terminated_like_interrupted

DESCRIPTION = """\
From a language model to a dictionary of it, judged beside controls.

MODEL is a folder with a causal language model that TransformerLens can wrap, or a name: pocket, gpt2, smollm2.
The command checks the model, writes its activations at one hook point to disk, trains a sparse autoencoder
(TopK) on them, and judges it on held-out texts: sparsity, error, the model's loss, and what its latents tell
of the texts' labels, beside the layer's neurons, random directions and the same autoencoder untrained. What it
finds is in OUT/index.html, a page that needs nothing else; OUT/dictionary has SAELens' files.

Stop it whenever you like: the same command goes on where it was. SmolLM2-135M and half a million tokens take
22 minutes on two cores, 3.3 GB of memory at its peak and 1 GB of disk. A GPU is used if there is one;
`torchrun --nproc-per-node 2 -m course_utils.desk.cli bring …` shares the work among processes.

Texts of your own (--data): a .txt file with one text a line, a .jsonl file whose lines have "text" and perhaps
"label", or a folder of such files. With labels the latents are judged by them, without they are not."""

EPILOG = """\
examples:
  course bring pocket
  course bring path/to/model --out run --data notes.jsonl --latents 4096
  course bring gpt2 --hook blocks.8.hook_resid_post --tokens 2000000"""


def add_bring(commands: Any, at_least: Callable[..., Callable[[str], float]]) -> None:
    """Add the subcommand. ``at_least(kind, n)`` makes argparse refuse what is less."""
    parser = commands.add_parser(
        "bring",
        help="from a model to a dictionary of it on one page, judged beside controls",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run_bring)
    parser.add_argument("model", metavar="MODEL", help="a folder or a name")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="the run's folder (bring_ and the model's name)"
    )
    parser.add_argument(
        "--hook", metavar="NAME", help="the hook point (the residual stream after the middle layer)"
    )
    parser.add_argument("--data", type=Path, metavar="PATH", help="texts of your own (the course's)")
    whole = at_least(int, 1)
    parser.add_argument("--latents", type=whole, metavar="N", help="16 times the width of the hook point")
    for name, default, text in (
        ("k", 32, "latents active on a token"),
        ("tokens", 500_000, "to harvest"),
        ("passes", 8, "of the training through the harvest"),
        ("context", 256, "tokens of a text that are read"),
    ):
        parser.add_argument(
            f"--{name}", type=whole, default=default, metavar="N", help=f"{text} ({default:,})"
        )
    parser.add_argument("--seed", type=at_least(int, 0), default=0, metavar="N", help="of all chance (0)")


def run_bring(chosen: argparse.Namespace) -> int:
    """Bring a model. Returns the exit status."""
    from course_utils.desk.bring_stages import bring
    from course_utils.lm import ModelUnavailable

    out = chosen.out or Path(f"bring_{Path(chosen.model).name}")
    options = {name: getattr(chosen, name) for name in OPTIONS}
    try:
        with terminated_like_interrupted():
            page = bring(chosen.model, out, say=lambda line: print(line, flush=True), **options)
    except KeyboardInterrupt:
        print(f"stopped; the same command goes on from here:\n  {_command(chosen, out)}", file=sys.stderr)
        return 130
    except (ModelUnavailable, ValueError, OSError) as error:
        print(f"course: {error}", file=sys.stderr)
        return 2
    print(f"wrote {page}")
    return 0


OPTIONS = ("hook", "data", "latents", "k", "tokens", "passes", "context", "seed")


def _command(chosen: argparse.Namespace, out: Path) -> str:
    words = ["course", "bring", chosen.model, "--out", str(out)]
    defaults = argparse.Namespace(k=32, tokens=500_000, passes=8, context=256, seed=0)
    for name in OPTIONS:
        value = getattr(chosen, name)
        if value is not None and value != getattr(defaults, name, None):
            words += [f"--{name}", str(value)]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
