"""Set the course up in a virtual environment: `python tools/install.py .venv lab`. The Makefile calls this.

Installs the versions of binder/constraints.txt; or, given a requirements file in place of an extra, the torch of
constraints.txt and what the file lists, for an environment without the course. On a machine without an NVIDIA card it never takes the several-GB GPU build of
torch: it asks pip what it would install, and where that is the GPU build it takes the small one by uv's --torch-backend.
Running it again does only what is missing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "binder" / "constraints.txt"


def run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


def has_nvidia_card() -> bool:
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()


def brings_gpu_build(python: Path, requirement: str) -> bool:
    """Would pip fetch CUDA packages for this requirement here?"""
    plan = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-", requirement],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return any(item["metadata"]["name"].startswith("nvidia") for item in json.loads(plan.stdout)["install"])


def install_torch(python: Path) -> None:
    if subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0:
        return
    requirement = next(line for line in CONSTRAINTS.read_text().splitlines() if line.startswith("torch=="))
    print(f"Installing {requirement} …", flush=True)
    if has_nvidia_card() or not brings_gpu_build(python, requirement):
        run(python, "-m", "pip", "install", "--quiet", requirement)
    else:
        run(
            python,
            "-m",
            "uv",
            "pip",
            "install",
            "--quiet",
            "--python",
            python,
            "--torch-backend=cpu",
            requirement,
        )


def main(folder: str, what: str) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 — this file runs before anything could refuse an old Python
        sys.exit(
            f"The course needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 lab"
        )
    target = Path(folder)
    python = (target / ("Scripts/python.exe" if os.name == "nt" else "bin/python")).absolute()
    if not python.exists():
        print(f"Creating {folder} with Python {sys.version.split()[0]} …", flush=True)
        try:
            venv.create(target, with_pip=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(target, ignore_errors=True)
            sys.exit(
                "Python cannot create virtual environments here. On Debian or Ubuntu: apt install python3-venv"
            )
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")
    install_torch(python)
    print(f"Installing {what} …", flush=True)
    course = ["-c", CONSTRAINTS, "-e", f"{ROOT}[{what}]"]
    wanted = ["-r", what] if what.endswith(".txt") else course
    run(python, "-m", "uv", "pip", "install", "--quiet", "--python", python, *wanted)
    if wanted is course:  # compiled now: uv leaves that to the first import, which then takes twice as long
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        first_cell = "import transformer_lens.model_bridge, matplotlib.pyplot, ipywidgets"
        subprocess.run([python, "-W", "ignore", "-c", first_cell], check=True, env=kept)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(f"This step failed: {' '.join(map(str, error.cmd))}\n{error.stderr or ''}")
