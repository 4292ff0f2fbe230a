"""What pyproject.toml asks for is what tests import, and what ships is what SHA256SUMS lists."""

import ast
import re
import sys
import tomllib
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from tools.freeze import DATA, checksums

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {
    "tests",
    "course",
    "course_utils",
    "solutions",
    "tools",
    *(path.stem for folder in ("tests", "tests/browser") for path in (ROOT / folder).glob("*.py")),
}


def normalised(name):
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


def brought(extra):
    """The distributions that an installation with this extra asks for by name."""
    found = set()
    for requirement in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]):
        if normalised(requirement) == PROJECT["name"]:
            for other in re.search(r"\[(.*)\]", requirement)[1].split(","):
                found |= brought(other)
        else:
            found.add(normalised(requirement))
    return found


def imported(folder):
    """{third-party module: a file of the folder that imports it}"""
    found = {}
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            found |= {name.partition(".")[0]: path.name for name in names}
    return {name: path for name, path in found.items() if name not in {*OWN, *sys.stdlib_module_names}}


@pytest.mark.parametrize(("folder", "extras"), [("tests", ["test"]), ("tests/browser", ["test", "browser"])])
def test_what_tests_import_is_asked_for(folder, extras):
    there = set().union(*map(brought, extras))
    provider = packages_distributions()
    missing = {
        name: path
        for name, path in imported(ROOT / folder).items()
        if not {normalised(d) for d in provider.get(name, [name])} & there
    }
    assert missing == {}, "add them to an extra in pyproject.toml"


def test_every_requirement_has_its_exact_version_in_the_constraints():
    lines = (ROOT / "binder" / "constraints.txt").read_text().splitlines()
    pinned = [normalised(line) for line in lines]
    assert pinned == sorted(pinned) and all("==" in line for line in lines)
    assert brought("dev") - set(pinned) == set(), "run `make lock`"


def test_no_pin_needs_a_newer_python_than_the_course():
    """Debian 12 has 3.11.2; a package that asks for 3.11.5 could not be installed there."""
    pins = [
        line.split("==")
        for line in (ROOT / "binder" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    ]
    here = {normalised(each.name): each for each in distributions()}
    pinned = [
        here[name] for name, version in pins if name in here and here[name].version.split("+")[0] == version
    ]
    assert len(pinned) > len(pins) / 2
    too_new = [
        each.name for each in pinned if "3.11.0" not in SpecifierSet(each.metadata["Requires-Python"] or "")
    ]
    assert too_new == []


def test_checksums_are_those_of_the_files():
    assert (DATA / "SHA256SUMS").read_text() == checksums(), "run `make freeze`"


def test_an_installation_has_every_package():
    folders = {
        path.parent for top in ("course_utils", "solutions") for path in (ROOT / top).rglob("__init__.py")
    }
    there = {folder.relative_to(ROOT).as_posix().replace("/", ".") for folder in folders}
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "packages"
    ]
    assert there == set(listed) - {"course_utils.data.notebooks", "course_utils.data.pages"}
