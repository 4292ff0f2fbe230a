"""Write binder/constraints.txt from what .venv holds, after an upgrade that passed every check."""

import subprocess
import sys
from pathlib import Path

CONSTRAINTS = Path(__file__).parents[1] / "binder" / "constraints.txt"


def main() -> None:
    freeze = ("pip", "freeze", "--quiet", "--python", sys.executable, "--exclude-editable")
    held = subprocess.run(
        [sys.executable, "-m", "uv", *freeze], check=True, capture_output=True, encoding="utf-8"
    )
    CONSTRAINTS.write_text(held.stdout.replace("+cpu\n", "\n"), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
