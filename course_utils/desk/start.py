"""Begin the course from an installation: copy the notebooks into a folder, and open JupyterLab on day 1.

A notebook that is there already is a learner's work and stays as it is. JupyterLab is started with settings of our own
(`lab_settings`): it asks nothing about news, and looks for no updates. Meanwhile `course doctor` looks at the machine
and says a line if something is off.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from course_utils.base import NotAPlainFile, make_folder, shipped_notebooks, write_text
from course_utils.desk.copies import copied_notebook, copied_pages

SETTINGS = Path(__file__).with_name("lab_settings")
FIRST_IN_A_KERNEL = Path(__file__).with_name("kernel_start.py")


def copy_notebooks(folder: str | Path, *, update: bool = False) -> list[str]:
    """Put the seven days and the capstone into a folder, never over a learner's work, and `course_docs` with the pages they name.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     copy_notebooks(folder)[0], copy_notebooks(folder)
        ('day_1_monosemantic_dream.ipynb: new', [])

    Args:
        folder: is made if it is not there. A clone's own folder of notebooks is left as it is.
        update: where a learner's notebook differs from the one of this version, keep it beside as ``….mine.ipynb`` (or
            ``….mine-2.ipynb``, if that is there) and put the new one in its place.

    Returns:
        A line for each notebook that was written.

    Raises:
        OSError: if the folder cannot be written to.
    """
    folder, said = Path(folder), []
    make_folder(folder)
    for shipped in shipped_notebooks():
        there = folder / shipped.name
        if there.exists() and not there.is_file():
            raise NotAPlainFile(f"{there} is no plain file: nothing is written there")
        if there.exists() and there.samefile(shipped):
            continue
        text = copied_notebook(shipped)
        if not there.exists():
            write_text(there, text)
            said.append(f"{there.name}: new")
        elif update and there.read_bytes() != text.encode():
            names = [".mine.ipynb", *(f".mine-{n}.ipynb" for n in range(2, 1000))]
            mine = next(path for name in names if not (path := there.with_suffix(name)).exists())
            there.rename(mine)
            write_text(there, text)
            said.append(f"{there.name}: new, yours is {mine.name}")
    if said:
        make_folder(folder / "course_docs")
        for name, text in copied_pages().items():
            write_text(folder / "course_docs" / name, text)
    return said


def open_lab(folder: str | Path, options: Sequence[str] = ()) -> int:
    """Start JupyterLab in a folder, on day 1, and wait until it ends. Returns its exit status.

    The link that JupyterLab prints, for whoever has no browser here, leads to day 1 as well.

    Examples:
        >>> open_lab(".", ["--version"])  # the number goes to standard output
        0

    Args:
        options: passed on to JupyterLab; one that we would set goes before ours.

    Raises:
        ModuleNotFoundError: if JupyterLab is not installed.
    """
    if find_spec("jupyterlab") is None:
        raise ModuleNotFoundError("No module named 'jupyterlab'", name="jupyterlab")
    first = shipped_notebooks()[0].name
    ours = {"--LabApp.app_settings_dir": SETTINGS, "--LabApp.default_url": f"/lab/tree/{first}"}
    given = {option.partition("=")[0] for option in options}  # JupyterLab takes no option twice
    settings = [f"{name}={value}" for name, value in ours.items() if name not in given]
    # beside JupyterLab, which need not wait for it
    with subprocess.Popen([sys.executable, "-m", "course_utils.desk.cli", "doctor", "--quiet"]) as checking:
        command = [sys.executable, "-m", "jupyterlab", *settings, *options, first]
        done = subprocess.run(command, cwd=folder, env=environment())
        checking.kill()
    return done.returncode


def environment() -> dict[str, str]:
    """The variables of JupyterLab, and so of its kernels: each runs `kernel_start` first, and then the user's own file."""
    own = os.environ.get("PYTHONSTARTUP", "")
    kept = {} if own == str(FIRST_IN_A_KERNEL) else {"COURSE_PYTHONSTARTUP": own}
    return {**os.environ, **kept, "PYTHONSTARTUP": str(FIRST_IN_A_KERNEL)}
