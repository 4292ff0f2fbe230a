"""Whatever happens to a writer, the old version is there or the new one, whole, and what is not ours stays."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest
import torch
from writers import WRITERS

from course_utils.sae import SAE
from course_utils.training import Checkpoint, fit_sae

PART = "writers"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks and mounts as Linux does")
AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="mounts and nodes need root"
)


def killed(work, seconds):
    """Runs it in a child that gets SIGKILL after so long; whether it was still at work."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            work()
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def again_and_again(write, folder):
    for version in range(10**6):
        write(folder, version % 2)


@pytest.mark.parametrize("name", WRITERS)
def test_killed_at_any_moment(name, tmp_path, chance, many, tally):
    writer, outcomes = WRITERS[name], {}
    folder = tmp_path / "folder"
    folder.mkdir()
    writer.write(folder, 0)
    for kill in range(many(60)):
        seconds = chance.uniform(0.0, 0.25)
        if killed(lambda: again_and_again(writer.write, folder), seconds):
            try:
                assert name == "write_activations" or writer.read(folder) in (0, 1), "nothing is left"
                writer.read(folder)
                outcomes[f"kill {kill}"] = ""
            except Exception as error:
                outcomes[f"kill {kill}"] = f"after {seconds:.3f} s: {error!r:.200}"
    for version in (0, 1):
        writer.write(folder, version)
    left = [path.name for path in folder.rglob("*.part")]
    outcomes["left over after the next write"] = ", ".join(left)
    assert len(outcomes) > 2, "no kill found it at work"
    tally(f"kills of `{name}`", outcomes)


@pytest.mark.parametrize("architecture", ["relu", "topk", "jumprelu"])
def test_a_killed_training_goes_on_bit_for_bit(architecture, tmp_path, chance, many, tally):
    batches = list(torch.randn(40, 64, 8, generator=torch.Generator().manual_seed(0)))
    more = {"relu": {"l1_coefficient": 0.1}, "topk": {}, "jumprelu": {"l0_coefficient": 0.1}}[architecture]

    def train(path=None):
        options = {"k": 4} if architecture == "topk" else {}
        kept = {"checkpoint": Checkpoint(path, every=1)} if path else {}
        sae = SAE(8, 32, architecture, **options)
        fit_sae(sae, batches, progress=False, **more, **kept)
        return sae

    right, outcomes = train(), {}
    for run in range(many(20)):
        path = tmp_path / f"{run}.pt"
        while not killed(lambda path=path: train(path), chance.uniform(0.1, 0.8)):
            path.unlink(missing_ok=True)  # it had ended
        same = all(
            torch.equal(a, b) for a, b in zip(right.parameters(), train(path).parameters(), strict=True)
        )
        outcomes[f"run {run}"] = "" if same else "other weights"
    tally(f"kills of `fit_sae`, {architecture}, gone on with", outcomes)


@contextlib.contextmanager
def small_disk(folder, size="4m"):
    """A file system in memory, mounted on a folder of our own."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "stress", folder], capture_output=True
    )
    if done.returncode:
        pytest.skip(f"no mount here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@AS_ROOT
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_what_was_there(name, tmp_path, chance, many, tally):
    writer, outcomes = WRITERS[name], {}
    for room in [chance.randrange(0, 24, 4) for _ in range(many(20))]:
        case = f"{room} KiB left"
        with small_disk(tmp_path / "disk") as disk:
            (disk / "work").mkdir()
            writer.write(disk / "work", 0)
            before = sorted(str(path) for path in disk.rglob("*"))
            free = shutil.disk_usage(disk).free
            with (disk / "filler").open("wb") as filler:
                filler.write(bytes(max(free - room * 1024, 0)))
            raised = None
            try:
                writer.write(disk / "work", 1)
            except Exception as error:
                raised = error
            try:
                there = writer.read(disk / "work")
                assert there == (0 if raised else 1) or (name == "write_activations" and there is None), there
                assert raised is None or isinstance(raised, OSError), repr(raised)[:200]
                (disk / "filler").unlink()
                assert name == "write_activations" or sorted(str(path) for path in disk.rglob("*")) == before
                writer.write(disk / "work", 1)
                assert writer.read(disk / "work") == 1, "afterwards it does not write"
                outcomes[case + f" ({len(outcomes)})"] = ""
            except Exception as error:
                outcomes[case + f" ({len(outcomes)})"] = repr(error)[:200]
        (tmp_path / "disk").rmdir()
    tally(f"full disks under `{name}`", outcomes)


@AS_ROOT
@pytest.mark.parametrize("name", [name for name in WRITERS if name != "write_activations"])
def test_what_is_no_file_is_never_replaced(name, tmp_path, tally):
    writer, outcomes = WRITERS[name], {}
    for kind in ("pipe", "device", "folder", "link to a pipe", "link to nothing"):
        folder = tmp_path / kind.replace(" ", "_")
        folder.mkdir()
        path = folder / writer.file
        if kind in ("pipe", "link to a pipe"):
            os.mkfifo(folder / "pipe" if "link" in kind else path)
        elif kind == "device":
            try:
                os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))  # a null device of our own
            except OSError as error:
                outcomes.pop(kind, None)
                print(f"no node here: {error}")
                continue
        elif kind == "folder":
            path.mkdir()
        if "link" in kind:
            path.symlink_to(folder / ("pipe" if "pipe" in kind else "made"))
        before = stat.S_IFMT(path.lstat().st_mode)
        try:
            writer.write(folder, 1)
            raised = None
        except OSError as error:
            raised = str(error)
        kept = stat.S_IFMT(path.lstat().st_mode) == before
        fits = raised is None if kind == "link to nothing" else raised is not None and "plain file" in raised
        outcomes[kind] = "" if kept and fits else f"replaced: {not kept}; said {raised}"
    tally(f"pipes, devices, folders and links in the place of `{name}`'s file", outcomes)
