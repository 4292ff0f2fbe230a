"""Build what Binder builds, and run every day in it within Binder's memory: `python course.py test-binder`.

repo2docker is what Binder itself uses; it needs Docker. A day that takes more than Binder gives ends with an error.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGE = "superposition-in-seven-days"
LIMITS = ("--memory=2g", "--memory-swap=2g", "--cpus=2")  # Binder's; the swap would be memory more
USER = ("--user-id=1000", "--user-name=jovyan")


def commands() -> list[list[str]]:
    """What is run, one after the other: build, say the image's size, time and memory of each day."""
    repo2docker = [sys.executable, "-m", "uv", "tool", "run", "--from", "jupyter-repo2docker", "repo2docker"]
    return [
        [*repo2docker, "--no-run", *USER, f"--image-name={IMAGE}", str(ROOT)],
        ["docker", "image", "inspect", "--format", "The image has {{.Size}} bytes.", IMAGE],
        ["docker", "run", "--rm", *LIMITS, IMAGE, "python", "tools/days.py"],
    ]


if __name__ == "__main__":
    for command in commands():
        subprocess.run(command, check=True)
