"""What on this machine could keep the course from running, and what to do about it, a line each.

A check returns a `Finding`; one that fails itself becomes a finding too, and the others go on.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

DISTRIBUTION = "superposition-in-seven-days"
OPTIONAL = {
    "jupyterlab": "to open the notebooks here: install the extra `lab`",
    "ipykernel": "to run the notebooks: install the extra `lab`",
    "nbclient": "for `course grade`: install the extra `grade`",
    "psutil": "for `course grade`: install the extra `grade`",
}
GB = 1e9
COSTS_WORK = ("memory", "disk", "threads", "progress")
"""Checks whose advice a learner should have before a day begins, not after."""


class Finding(NamedTuple):
    """What one check found."""

    name: str
    """Of the check."""

    state: str
    """``fine``, ``advice`` (the course runs, something is off) or ``broken``."""

    found: str
    advice: str = ""
    """What to do about it; empty if nothing needs to be done."""

    def line(self, marks: Sequence[str] = ("✓", "!", "✗", "—")) -> str:
        """One line for a terminal; ``marks`` stand for fine, advice and broken, and before the advice."""
        mark = marks[("fine", "advice", "broken").index(self.state)]
        return f"{mark} {self.name}: {self.found}" + (f" {marks[3]} {self.advice}" if self.advice else "")


def examine() -> Iterator[Finding]:
    """Make every check, one after the other. A check that fails itself is a broken finding.

    Examples:
        >>> first = next(examine())
        >>> first.name, first.state
        ('Python', 'fine')
        >>> Finding("disk", "advice", "0.9 GB free", "make room").line()
        '! disk: 0.9 GB free — make room'

    Yields:
        A `Finding` as soon as its check is made, some of which take a second.
    """
    for check in CHECKS:
        name = check.__name__.strip("_").replace("_", " ")
        try:
            yield check()
        except Exception as error:
            line = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            yield Finding(name, "broken", f"the check itself failed ({line})", "please report this line")


def in_a_line() -> str | None:
    """What is broken here, or would cost a learner's work, in one line; None if nothing is."""
    off = [f for f in examine() if f.state == "broken" or (f.state == "advice" and f.name in COSTS_WORK)]
    names = ", ".join(finding.name for finding in off)
    return f"Something is off here ({names}): `course doctor` says what to do." if off else None


def _python() -> Finding:
    version = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("Python", "fine", version)


def _packages() -> Finding:
    """Everything that pyproject.toml asks for, in the version it asks for."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in importlib.metadata.requires(DISTRIBUTION) or []]
    except importlib.metadata.PackageNotFoundError:
        return Finding("packages", "broken", "the course is not installed", "run `make` in its folder")
    needed = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    versions = {r.name: _version(r.name) for r in needed}
    wrong = [
        f"{r} is needed, {versions[r.name] or 'none'} is here"
        for r in needed
        if not r.specifier.contains(versions[r.name] or "", prereleases=True)
    ]
    if wrong:
        return Finding(
            "packages", "broken", "; ".join(wrong), "run `make` again, or `pip install -e .` in its folder"
        )
    return Finding("packages", "fine", ", ".join(f"{name} {version}" for name, version in versions.items()))


def _optional_packages() -> Finding:
    here = {name: _version(name) for name in OPTIONAL}
    found = ", ".join(f"{name} {version or 'missing'}" for name, version in here.items())
    advice = [f"{name} is {OPTIONAL[name]}" for name, version in here.items() if not version]
    return Finding("optional packages", "advice" if advice else "fine", found, "; ".join(advice))


def _torch() -> Finding:
    """A torch that is installed may still not load, on a wrong processor or with a library missing."""
    torch = importlib.import_module("torch")
    loss = (torch.ones(2, 3) @ torch.ones(3, 2)).sum().item()
    where = "a GPU is there, not needed" if torch.cuda.is_available() else "on the CPU, which is enough"
    if loss != 12:
        return Finding("torch", "broken", f"ones @ ones sums to {loss}, not 12", "reinstall torch")
    return Finding("torch", "fine", f"{torch.__version__} computes, {where}")


def _processor() -> Finding:
    """Kept outputs agree on all of them; which one it was tells where a number may come from that does not."""
    torch = importlib.import_module("torch")
    return Finding(
        "processor", "fine", f"{_processor_name()}, used as {torch.backends.cpu.get_cpu_capability()}"
    )


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory() -> Finding:
    total, available = _memory_bytes()
    if not total:
        return Finding("memory", "fine", "this system does not say")
    found = f"{total / GB:.1f} GB, of which {available / GB:.1f} GB are free"
    if available < 1 * GB:
        return Finding("memory", "advice", found, "a day takes about 0.7 GB: close other notebooks' kernels")
    if available < 2 * GB:
        return Finding("memory", "advice", found, "enough for the pocket model, one notebook at a time")
    return Finding("memory", "fine", found)


def _memory_bytes() -> tuple[float, float]:
    """(total, available) for this process; zeros where nothing says it."""
    from course_utils.base import memory_bytes

    if importlib.util.find_spec("psutil") and not memory_bytes()[0]:
        memory = importlib.import_module("psutil").virtual_memory()
        return memory.total, memory.available
    return memory_bytes()


def _threads() -> Finding:
    torch = importlib.import_module("torch")
    threads, cores = torch.get_num_threads(), _cores()
    found = f"torch uses {threads}, {cores:g} cores are ours"
    if threads > max(2 * cores, 1):
        return Finding("threads", "advice", found, f"set OMP_NUM_THREADS={max(int(cores), 1)}")
    if cores >= 2 and threads < 2:
        return Finding("threads", "advice", found, "unset OMP_NUM_THREADS, or training takes twice as long")
    return Finding("threads", "fine", found)


def _cores() -> float:
    """Cores that this process may use: a container's share may be less than the machine has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup("cpu.max")
    return min(cores, float(quota[0]) / float(quota[1])) if len(quota) == 2 else cores


def _cgroup(name: str) -> list[str]:
    """The words of a limit of the container; none if there is no limit."""
    try:
        words = Path("/sys/fs/cgroup", name).read_text(encoding="utf-8").split()
    except OSError:
        return []
    return [] if "max" in words else words


def _hub() -> Finding:
    from course_utils.base import hub_problem
    from course_utils.lm import find_model

    if found := find_model("gpt2"):
        if not found.folder.is_dir():
            return Finding(
                "GPT-2", "advice", f"there is no folder {found.folder}", "correct COURSE_GPT2, or unset it"
            )
        return Finding("GPT-2", "fine", "on this machine, no network needed")
    problem = hub_problem()
    if problem:
        advice = (
            "the pocket model stands in; for GPT-2 small try with a network, or set COURSE_GPT2 to its folder"
        )
        return Finding("GPT-2", "advice", f"not on this machine, and {problem}", advice)
    return Finding("GPT-2", "fine", 'not on this machine; load_model("gpt2") can fetch it (548 MB)')


def _pocket_model() -> Finding:
    from course_utils.base import asset_path

    try:
        folder = asset_path("pocket")
    except (FileNotFoundError, ValueError) as error:
        return Finding("pocket model", "broken", str(error), "clone or install the course again")
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    return Finding("pocket model", "fine", f"complete and undamaged, {size:.0f} MB")


def _widgets() -> Finding:
    version = _version("ipywidgets")
    if not version:
        return Finding(
            "widgets", "advice", "ipywidgets is missing", "panels show as plain text: install ipywidgets"
        )
    importlib.import_module("ipywidgets")
    front = _version("jupyterlab_widgets")
    found = f"ipywidgets {version}, jupyterlab_widgets {front or 'missing'}"
    if not _version("jupyterlab"):
        return Finding("widgets", "fine", f"{found}; no JupyterLab here that would need them")
    if int(version.split(".")[0]) < 8 or not front:
        advice = "JupyterLab 4 needs both: `pip install -U 'ipywidgets>=8' jupyterlab_widgets`"
        return Finding("widgets", "advice", found, advice)
    extension = Path("share", "jupyter", "labextensions", "@jupyter-widgets", "jupyterlab-manager")
    if not any((Path(prefix) / extension).is_dir() for prefix in (sys.prefix, "/usr/local", "/usr")):
        return Finding(
            "widgets", "advice", f"{found}, but no lab extension", "reinstall jupyterlab_widgets, reload"
        )
    return Finding("widgets", "fine", found)


def _fonts() -> Finding:
    fonts = importlib.import_module("matplotlib.font_manager")
    names = sorted({font.name for font in fonts.fontManager.ttflist})
    if "DejaVu Sans" not in names:
        advice = "figures may lack signs: reinstall matplotlib, which brings the font"
        return Finding("fonts", "advice", f"{len(names)} families, without DejaVu Sans", advice)
    words = ("CJK", "Nanum", "Malgun", "Gothic Neo", "AppleGothic", "Unifont", "Droid Sans Fallback")
    korean = next((name for name in names if any(word in name for word in words)), None)
    if not korean:
        found = "DejaVu Sans is there; no font for Korean"
        return Finding("fonts", "advice", found, "optional: install Noto Sans CJK, or boxes stand for Korean")
    return Finding("fonts", "fine", f"DejaVu Sans, and {korean} for Korean")


def _disk() -> Finding:
    home = Path.cwd()
    with contextlib.suppress(RuntimeError):  # the account has none
        home = Path.home() if Path.home().is_dir() else home
    free = {str(place): shutil.disk_usage(place).free for place in (home, Path(tempfile.gettempdir()))}
    place, least = min(free.items(), key=lambda item: item[1])
    found = f"{least / GB:.1f} GB free at {place}"
    if least < 0.2 * GB:
        return Finding("disk", "broken", found, "make room: notebooks could not be saved")
    if least < 1.5 * GB:
        return Finding("disk", "advice", found, "enough for the pocket model; GPT-2 small takes 0.6 GB more")
    return Finding("disk", "fine", found)


def _progress() -> Finding:
    from course_utils.exercises import progress_path

    path = progress_path()
    if path is None:
        return Finding(
            "progress", "advice", "not kept: COURSE_PROGRESS is empty", "unset it to keep progress"
        )
    place = next(folder for folder in (path.parent, *path.parent.parents) if folder.exists())
    if path.is_dir() or not place.is_dir():
        problem = "it is a folder" if path.is_dir() else f"{place} is not a folder"
    else:
        try:
            with tempfile.TemporaryFile(dir=place):
                problem = ""
        except OSError as error:
            problem = error.strerror or str(error)
    if problem:
        advice = "set COURSE_PROGRESS to a file where you may write; the course runs without it"
        return Finding("progress", "advice", f"cannot be kept in {path} ({problem})", advice)
    return Finding("progress", "fine", f"kept in {path}")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


CHECKS: tuple[Callable[[], Finding], ...] = (
    _python,
    _packages,
    _optional_packages,
    _torch,
    _processor,
    _memory,
    _threads,
    _hub,
    _pocket_model,
    _widgets,
    _fonts,
    _disk,
    _progress,
)
