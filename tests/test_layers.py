"""A wing imports from the floors below its own, through faces only, and importing a face does nothing else."""

import ast
import importlib
import importlib.util
import inspect
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from setuptools import find_packages

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "course_utils"
_spec = importlib.util.spec_from_file_location("layers", ROOT / "tools" / "layers.py")
layers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(layers)

FLOOR = {wing: number for number, floor in enumerate(layers.floors()) for wing in floor}
FACES = [wing for wing in FLOOR if wing != "recipes"]  # programs: they have no face
ONLY_IN = {
    "matplotlib": {"plots"},
    "ipywidgets": {"widgets", "exercises"},
    "IPython": {"widgets", "exercises"},
}
HEAVY = "torch transformers transformer_lens matplotlib numpy ipywidgets IPython huggingface_hub"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
OUTSIDE = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("solutions/*.py"), *ROOT.glob("tools/**/*.py")])


def sources(path: Path) -> list[str]:
    """The Python of a file, or of each code cell of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return [text]
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


def imported(path: Path) -> set[tuple[str, str]]:
    """(module, name) of all imports of a file, wherever in it they stand; no name for ``import module``."""
    found = set()
    for source in sources(path):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {(alias.name, "") for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path.name} imports relatively: write course_utils.…"
                found |= {(node.module, alias.name) for alias in node.names}
    return found


def exported(wing: str) -> dict[str, str]:
    """The public names of a wing, each with the module that it comes from, as the stub lists them."""
    tree = ast.parse((PACKAGE / wing / "__init__.pyi").read_text(encoding="utf-8"))
    return {alias.asname: node.module for node in tree.body for alias in node.names}


def past_a_face(path: Path, own: str = "") -> list[str]:
    """What a file imports from other wings that is not on their faces."""
    wrong = []
    for module, name in imported(path):
        package, _, rest = module.partition(".")
        if package != "course_utils" or rest.split(".")[0] == own:
            continue
        on_a_face = rest in FACES and (not name or name in exported(rest))
        if not on_a_face and (rest or name not in ("", *FACES)):
            wrong.append(f"{module} {name}")
    return wrong


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_and_through_faces(path):
    wing = path.relative_to(PACKAGE).parts[0]
    assert wing in FLOOR, f"{wing} has no floor yet: add it to course_utils/layers.toml"
    for module, name in imported(path):
        package, *rest = [*module.split("."), name]
        if package == "course_utils" and rest[0] != wing:
            assert FLOOR[rest[0]] < FLOOR[wing], f"{wing} is not above {rest[0]}"
        assert wing in ONLY_IN.get(package, {wing}), f"{package} belongs in {ONLY_IN[package]}"
        assert module != f"course_utils.{wing}" or name not in exported(wing), (
            "inside a wing, name the module"
        )
    assert past_a_face(path, own=wing) == []


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path.name)
def test_who_is_outside_imports_from_faces(path):
    own = (
        "recipes" if "tools" in path.relative_to(ROOT).parts else ""
    )  # they have no face, and tools run them
    assert past_a_face(path, own) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_needs_eleven_faces_at_most(path):
    assert len({module for module, _ in imported(path) if module.startswith("course_utils")}) <= 11


def test_contributors_see_the_same_table():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert page == layers.with_table(page, layers.floors(), layers.serves()), "run `python tools/layers.py`"


def test_each_wing_serves_somebody():
    listed = [wing for wings in layers.read()["serves"].values() for wing in wings]
    assert sorted(listed) == sorted(FLOOR), "say whom it serves, in course_utils/layers.toml"


def test_every_wing_stands_in_the_order_and_ships():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(FLOOR)
    ships = find_packages(str(ROOT), include=["course_utils*", "solutions*"])
    assert {f"course_utils.{wing}" for wing in FLOOR} | {"solutions"} <= set(ships)
    assert not [path.name for path in PACKAGE.glob("*.py") if path.name != "__init__.py"], "a flat module"


@pytest.mark.parametrize("wing", FACES)
def test_each_name_of_a_face_is_what_its_module_defines(wing):
    face = importlib.import_module(f"course_utils.{wing}")
    names = exported(wing)
    assert sorted(names) == sorted(face.__all__) == sorted(dir(face))
    modules = {name: importlib.import_module(f"course_utils.{wing}.{home}") for name, home in names.items()}
    for name, module in modules.items():
        assert getattr(face, name) is getattr(module, name)
        if inspect.isroutine(getattr(module, name)) or inspect.isclass(getattr(module, name)):
            assert getattr(module, name).__module__ == module.__name__, f"{name} is only imported there"
    files = {path.stem for path in (PACKAGE / wing).glob("*.py")}
    assert not files & set(names), "a name would be taken for the module of that name, or the other way round"
    everything = {}
    exec(f"from course_utils.{wing} import *", everything)
    assert set(names) <= set(everything)


def test_a_public_name_stands_on_one_face():
    assert [
        name for name, n in Counter(name for wing in FACES for name in exported(wing)).items() if n > 1
    ] == []


def run(code: str) -> str:
    """What a fresh interpreter prints, errors included."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    # matplotlib, the first time on a machine
    return "\n".join(line for line in lines if "font cache" not in line)


def test_importing_faces_takes_nothing_heavy_reads_no_data_and_opens_no_socket():
    """Files of Python and the stubs are code; everything else that is opened would be data."""
    watch = f"""
import sys
seen = []
def hook(event, arguments):
    if event == "open" and not str(arguments[0]).endswith((".py", ".pyc", ".pyi")) and "__pycache__" not in str(arguments[0]):
        seen.append(arguments[0])
    elif event.startswith("socket.") and event != "socket.gethostname":
        seen.append(event)
import lazy_loader, course_utils
sys.addaudithook(hook)
for face in {FACES!r}:
    __import__("course_utils." + face)
print(*seen, *sorted(set({HEAVY!r}.split()) & set(sys.modules)))
"""
    assert run(watch).strip() == ""


def test_importing_all_modules_prints_nothing():
    names = ["course_utils." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in FILES]
    names = [name.removesuffix(".__init__") for name in names if ".recipes" not in name]
    assert run("import importlib\n" + "\n".join(f"importlib.import_module({name!r})" for name in names)) == ""
