"""Set the course up in a virtual environment; `course.py` calls this, and Python's own library is all it needs.

Installs the versions of binder/constraints.txt; or, given a requirements file in place of an extra, the torch of
constraints.txt and what the file lists, for an environment without the course. On a machine without an NVIDIA card it
asks pip what it would install, and where that is the GPU build of torch, several GB, it takes the small one by uv's
--torch-backend, if PyTorch's own index can be reached. Running it again does only what is missing.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "binder" / "constraints.txt"
FIRST_CELL = "import transformer_lens.model_bridge, matplotlib.pyplot, ipywidgets"


def environment(name, what, anew=False, then=(), torch=True):
    """The Python of an environment in the project's folder, set up if it is not, or if what it is made from is newer.

    Args:
        name: of the folder, ``.venv``.
        what: an extra of pyproject.toml, or a requirements file.
        anew: throw an earlier one away.
        then: arguments for uv pip, to be run when all else is there.
        torch: whether what it is for needs it.
    """
    folder = ROOT / name
    if anew:
        shutil.rmtree(folder, ignore_errors=True)
    python = python_of(folder)
    done = folder / f".{Path(what).stem}"
    sources = [CONSTRAINTS, Path(__file__), ROOT / (what if what.endswith(".txt") else "pyproject.toml")]
    if not done.exists() or any(done.stat().st_mtime < source.stat().st_mtime for source in sources):
        install(folder, python, what, torch)
        if then:
            run(python, "-m", "uv", "pip", then[0], "--quiet", "--python", python, *then[1:])
        done.touch()
    return str(python)


def admitted(name, resolution):
    """The Python of an environment, made anew, with the lowest or the newest versions that pyproject.toml admits.

    Args:
        name: of the folder.
        resolution: uv's word, ``lowest-direct`` (the lowest of what we ask for, the newest of what those ask for) or
            ``highest``.
    """
    folder = ROOT / name
    shutil.rmtree(folder, ignore_errors=True)
    python = python_of(folder)
    create(folder, python)
    wanted = ("--resolution", resolution, "-r", ROOT / "pyproject.toml", "--extra", "test")
    if has_nvidia_card():
        uv_install(python, *wanted)
    else:
        install_small(python, *wanted)
    uv_install(python, "--no-deps", "-e", ROOT)
    return str(python)


def python_of(folder):
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(folder, python, what, torch=True):
    """Make the environment if it is not there, and install what is missing."""
    create(folder, python)
    if torch:
        install_torch(python)
    print(f"Installing {what} …", flush=True)
    alone = what.endswith(".txt")
    wanted = ["-r", ROOT / what] if alone else ["-c", CONSTRAINTS, "-e", f"{ROOT}[{what}]"]
    uv_install(python, *wanted)
    if not alone:  # compiled now: uv leaves that to the first import, which then takes twice as long
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        subprocess.run([python, "-W", "ignore", "-c", FIRST_CELL], check=True, env=kept)


def create(folder, python):
    """A virtual environment with uv in it, if it is not there."""
    if not python.exists():
        print(f"Creating {folder.name} with Python {sys.version.split()[0]} …", flush=True)
        try:
            venv.create(folder, with_pip=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(folder, ignore_errors=True)
            sys.exit(
                "Python cannot make virtual environments here. On Debian or Ubuntu: apt install python3-venv"
            )
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")


def install_torch(python):
    """The version of constraints.txt, in the build that suits this machine."""
    if subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0:
        return
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    requirement = next(line for line in lines if line.startswith("torch=="))
    print(f"Installing {requirement} …", flush=True)
    if has_nvidia_card() or not brings_gpu_build(python, requirement):
        run(python, "-m", "pip", "install", "--quiet", requirement)
    else:
        install_small(python, requirement)


def install_small(python, *wanted):
    """With the CPU build of torch, or the GPU build, which computes on a CPU too, where only that can be had."""
    try:
        uv_install(python, "--torch-backend=cpu", *wanted)
    except subprocess.CalledProcessError:
        print(
            "PyTorch's own index was not reached: installing the GPU build of torch, several GB …", flush=True
        )
        uv_install(python, *wanted)


def uv_install(python, *wanted):
    run(python, "-m", "uv", "pip", "install", "--quiet", "--python", python, *wanted)


def has_nvidia_card():
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()


def brings_gpu_build(python, requirement):
    """Would pip fetch CUDA packages for this requirement here?"""
    asked = ("install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-", requirement)
    plan = subprocess.run([python, "-m", "pip", *asked], check=True, capture_output=True, encoding="utf-8")
    return any(item["metadata"]["name"].startswith("nvidia") for item in json.loads(plan.stdout)["install"])


def install_browser(python):
    """A Chromium for the browser tests: the one that is there, Debian's, or Playwright's own."""
    if any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        return
    if shutil.which("apt-get") and hasattr(os, "getuid") and os.getuid() == 0:
        run("apt-get", "update", "-qq")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        wanted = ("install", "-y", "-qq", "--no-install-recommends", "chromium")
        subprocess.run(["apt-get", *wanted], check=True, env=quiet)
    else:
        run(python, "-m", "playwright", "install", "chromium")


def run(*command):
    subprocess.run([str(part) for part in command], check=True)
