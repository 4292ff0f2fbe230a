"""A module imports only from the layers below its own, and importing one does nothing else."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "course_utils"
LAYERS = [
    {"memory"},
    {"assets", "formats", "exercises", "progress_bar", "scores", "concepts"}
    | {
        "synthetic",
        "geometry",
        "polytopes",
        "recordings",
        "pictures",
        "relevance",
        "sound",
        "compressed_sensing",
        "judge",
        "rating",
        "toy_gradients",
        "processes",
        "batches",
    },
    {"corpus", "tokens", "language_model", "sae", "toy_models", "radio", "receivers", "vision", "modular"}
    | {"gpt2"},
    {"activations", "training", "metrics", "interventions", "neurons", "planted"}
    | {"firing", "controls", "splitting", "public_saes", "top_examples"},
    {"latents", "latent_search", "activation_store"},
    {"plots", "html"},
    {"widgets", "dashboard"},
    {"doctor", "export", "grade"},
    {"cli"},
    {"recipes"},  # beside the house: may import all, and nothing imports it
]
LAYER = {module: layer for layer, modules in enumerate(LAYERS) for module in modules}
ONLY_IN = {
    "matplotlib": {"plots"},
    "ipywidgets": {"widgets", "exercises"},
    "IPython": {"widgets", "exercises"},
}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def module_of(path: Path) -> str:
    """The first part below the package: ``widgets`` for ``widgets/day_1.py``."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """Dotted names of all imports of a file, wherever in it they stand."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively: write course_utils.…"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    module = module_of(path)
    assert module in LAYER, f"{module} has no layer yet: add it to LAYERS and to CONTRIBUTING.md"
    for name in imported(path):
        package, *rest = name.split(".")
        if package == "course_utils" and rest and rest[0] != module:
            assert LAYER[rest[0]] < LAYER[module], f"{module} is not above {rest[0]}"
        assert module in ONLY_IN.get(package, {module}), f"{package} belongs in {ONLY_IN[package]}"


def run(code: str) -> str:
    """What a fresh interpreter prints, errors included."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    return "\n".join(
        line for line in lines if "font cache" not in line
    )  # matplotlib, the first time on a machine


def test_the_package_alone_is_light():
    heavy = "{'torch', 'transformer_lens', 'transformers', 'matplotlib', 'numpy'}"
    assert run(f"import sys, course_utils; print(*sorted({heavy} & set(sys.modules)))") == ""


def test_importing_prints_nothing():
    names = ["course_utils." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in FILES]
    names = [name.removesuffix(".__init__") for name in names if ".recipes" not in name]
    assert run("import importlib\n" + "\n".join(f"importlib.import_module({name!r})" for name in names)) == ""
