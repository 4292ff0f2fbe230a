"""Build wheel and sdist into dist/, and try both as a user would: `python course.py release`.

They are built from a copy of what git has, so that nothing else gets in. The description that a package index shows is
the README, with links that lead to this version in the repository; without an address it has words in their place. Who
reads it there has no clone, so it names the package where the README says ``.``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tools.address import address  # noqa: E402 — a program that finds its own folder first

DESCRIPTION = "docs/description.md"
NAME = "superposition-in-seven-days"
UV = (sys.executable, "-m", "uv")
SDIST_TESTS = ("packaging", "docs", "layers", "start", "workflows", "notebooks")
LINK = re.compile(r"(!?)\[((?:[^]\[]|\[[^]]*\])*)\]\(([^)\s]+)\)")


def description(readme: str, repository: str | None, ref: str) -> str:
    """The README as an index can show it: nothing in it leads to a file beside it.

    Examples:
        >>> page = "See [scaling](docs/scaling.md) and ![a plot](docs/a.png), not [this](https://example.org)."
        >>> print(description(page, None, "v1"))
        See scaling and a plot, not [this](https://example.org).
        >>> print(description(page, "https://github.com/ada/course", "v1").split(" and ")[0])
        See [scaling](https://github.com/ada/course/blob/v1/docs/scaling.md)

    Args:
        repository: as `tools.address.address` gives it.
        ref: a tag or a branch of it.
    """

    def link(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if picture and target.startswith("docs/buttons/"):
            return words
        if "://" in target or target.startswith("#"):
            return f"{picture}[{LINK.sub(link, words)}]({target})"
        if repository is None:
            return words
        kind = "raw" if picture else "blob"
        return f"{picture}[{words}]({repository}/{kind}/{ref}/{target})"

    return LINK.sub(link, readme.replace('pip install ".[', f'pip install "{NAME}['))


def copy_of(root: Path, copy: Path) -> None:
    """What git has of the project, with the description beside it."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, copy / name)
    project = (copy / "pyproject.toml").read_text(encoding="utf-8")
    readme = (copy / "README.md").read_text(encoding="utf-8")
    page = description(readme, address(copy), f"v{tomllib.loads(project)['project']['version']}")
    (copy / DESCRIPTION).write_text(page, encoding="utf-8", newline="\n")
    named = project.replace('readme = "README.md"', f'readme = "{DESCRIPTION}"')
    (copy / "pyproject.toml").write_text(named, encoding="utf-8", newline="\n")


def try_wheel(wheel: Path, place: Path) -> None:
    """In an environment that has nothing else, in an empty folder: the notebooks come, and the doctor is content."""
    asked = ("--no-project", "--isolated", "--python", sys.executable, "--with", f"{wheel}[lab]")
    bare = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    for command in (("start", "here", "--no-lab"), ("doctor",)):
        subprocess.run([*UV, "run", *asked, "course", *command], cwd=place, env=bare, check=True)
    assert len(list((place / "here").glob("day_*.ipynb"))) == 7
    with zipfile.ZipFile(wheel) as archive:
        (about,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        shown = archive.read(about).decode()
    beside = [target for _, _, target in LINK.findall(shown) if "://" not in target]
    assert beside == [], f"an index cannot follow {beside}"


def try_sdist(sdist: Path, place: Path) -> None:
    """Tests about files run in it: it has what they need."""
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    (root,) = place.iterdir()
    tests = [f"tests/test_{name}.py" for name in SDIST_TESTS]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "not slow", *tests]
    subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=True)


def main() -> None:
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    tries: dict[str, Callable[[Path, Path], None]] = {"*.whl": try_wheel, "*.tar.gz": try_sdist}
    with tempfile.TemporaryDirectory() as folder:
        copy_of(ROOT, Path(folder, "copy"))
        subprocess.run(
            [*UV, "build", "--quiet", "--out-dir", ROOT / "dist", Path(folder, "copy")], check=True
        )
        for pattern, tried in tries.items():
            (built,) = (ROOT / "dist").glob(pattern)
            place = Path(folder, built.name)
            place.mkdir()
            tried(built, place)
            print(f"{built.name}: {built.stat().st_size / 1e6:.1f} MB, tried", flush=True)


if __name__ == "__main__":
    main()
