"""Write docs/dependencies.md: why the course needs each package that it asks for, its licence and its size.

Licence and size come from what is installed; why is written here, and a package without a reason is an error.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import Distribution, distribution, requires
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "dependencies.md"
OWN = "superposition-in-seven-days"
WHY = {
    "torch": "every computation",
    "transformer-lens": "hook points of any causal language model, under one set of names",
    "transformers": "the models themselves, and their tokenizers",
    "huggingface-hub": "models and autoencoders that are published there, where a network is",
    "safetensors": "weights, read without running code",
    "numpy": "made-up worlds, and what plots take",
    "matplotlib": "figures",
    "ipywidgets": "explorers, quizzes and predictions",
    "ipython": "how exercises and panels show themselves in a notebook",
    "jaxtyping": "shapes in the types of arguments",
    "filelock": "two notebooks that write one file",
    "jinja2": "HTML whose texts are escaped",
    "lazy-loader": "faces of the package that load a module when its name is used",
    "tqdm": "the one progress bar",
    "jupyterlab": "where the notebooks are opened",
    "notebook": "the same, for those who prefer it",
    "gguf": "SmolLM2's 4-bit weights, where only a package index is reached",
    "nbconvert": "`course export`: a day as a page or as slides",
    "beautifulsoup4": "`course export`: pages that ask for nothing from elsewhere",
    "latex2mathml": "`course export`: formulas that browsers draw by themselves",
    "genanki": "`course deck`: cards for Anki",
    "nbclient": "`course grade`: runs a learner's notebook",
    "nbformat": "`course grade`: reads a learner's notebook",
    "ipykernel": "`course grade`: where a learner's notebook runs",
    "jupyter-client": "a kernel that a test starts itself",
    "psutil": "`course grade`: memory and processes of a learner's notebook",
    "scikit-learn": "recipes, and what our formulas are compared with",
    "scipy": "what our formulas are compared with",
    "accelerate": "training in several processes",
    "pytest": "tests",
    "pytest-xdist": "tests on several cores",
    "nbval": "notebooks against their kept outputs",
    "packaging": "tests of versions",
    "pyyaml": "tests of the files that code hosts read",
    "setuptools": "tests of the wheel",
    "tokenizers": "tests that make small tokenizers",
    "playwright": "tests in a real browser",
    "axe-playwright-python": "tests of pages for readers with a screen reader or a keyboard (brings axe, MPL-2.0)",
    "voila": "tests in another front end",
    "ruff": "style, of code and notebooks",
    "basedpyright": "types",
}


def asked_for(root: Path = ROOT) -> dict[str, list[str]]:
    """The packages that pyproject.toml names, by the extra that names them first; "" is the course itself."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, list[str]] = {}
    for extra, lines in {"": project["dependencies"], **project["optional-dependencies"]}.items():
        names = [canonicalize_name(Requirement(line).name) for line in lines]
        seen = {OWN, *(name for earlier in found.values() for name in earlier)}
        found[extra] = [name for name in names if name not in seen]
    return found


def licence(package: Distribution) -> str:
    """As the package states it: the expression, else the classifiers, else the first line of the text or of its file."""
    about = package.metadata
    classifiers = [text for text in about.get_all("Classifier") or [] if text.startswith("License :: ")]
    texts = [
        *about.get_all("License-Expression", []),
        ", ".join(text.split(" :: ")[-1] for text in classifiers),
    ]
    names = about.get_all("License-File", [])
    written = (file.read_text(encoding="utf-8") or "" for file in package.files or [] if file.name in names)
    return next(
        (text for text in chain(texts, about.get_all("License", []), written) if text), "not stated"
    ).splitlines()[0]


def megabytes(package: Distribution) -> float:
    """Of its installed files, without compiled ones."""
    paths = [Path(str(file.locate())) for file in package.files or [] if not file.name.endswith(".pyc")]
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def brought(name: str, without: frozenset[str] = frozenset()) -> set[str]:
    """The packages that come with one here, itself among them; ``without`` and what only they ask for left out."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    todo = [Requirement(name)]
    while todo:
        asked = todo.pop()
        key = (canonicalize_name(asked.name), tuple(sorted(asked.extras)))
        if key in seen or key[0] in without or not _installed(key[0]):
            continue
        seen.add(key)
        for wanted in map(Requirement, requires(key[0]) or []):
            if wanted.marker is None or any(wanted.marker.evaluate({"extra": e}) for e in (*key[1], "")):
                todo.append(wanted)
    return {each for each, _ in seen}


def _installed(name: str) -> bool:
    try:
        return bool(distribution(name))
    except ModuleNotFoundError:
        return False


def table() -> str:
    """Every package that is asked for, as a Markdown table."""
    lines = ["| package | for | why | licence | MB |", "|---|---|---|---|---|"]
    for extra, names in asked_for().items():
        for name in names:
            package = distribution(name)
            whom = f"`[{extra}]`" if extra else "the course"
            lines.append(f"| {name} | {whom} | {WHY[name]} | {licence(package)} | {megabytes(package):.1f} |")
    return "\n".join(lines) + "\n"


def unused() -> str:
    """What TransformerLens brings and the course never calls, measured."""
    everything = brought(f"{OWN}[lab]")
    size = {name: megabytes(distribution(name)) for name in everything}
    lines = []
    for left_out in (("wandb",), ("datasets",), ("pandas",), ("wandb", "datasets", "pandas")):
        gone = everything - brought(f"{OWN}[lab]", frozenset(left_out))
        lines.append(f"| {', '.join(left_out)} | {len(gone)} | {sum(size[name] for name in gone):.0f} |")
    return (
        f"`[lab]` is {len(everything)} packages of {sum(size.values()):.0f} MB together, {size['torch']:.0f} MB of them torch.\n\n"
        "| without | packages fewer | MB fewer |\n|---|---|---|\n" + "\n".join(lines) + "\n"
    )


def page(before: str) -> str:
    """The page, with both tables made anew; what is written between them stays."""
    for mark, text in (("packages", table()), ("unused", unused())):
        part = rf"(<!-- {mark} -->\n).*?(<!-- end of {mark} -->)"
        before, n = re.subn(
            part, lambda found, text=text: found[1] + text + found[2], before, flags=re.DOTALL
        )
        if n != 1:
            sys.exit(f"{PAGE.name} has {n} parts named {mark}, where one belongs")
    return before


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
