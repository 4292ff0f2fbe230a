"""Every fault of a hub, for both loaders: a limit on the wait, one sentence with what to do, and it heals."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stand_in_hub import bare_machine, black_hole, hub_at, point_to

from course_utils.base import fetching
from course_utils.lm import ModelUnavailable, load_model
from course_utils.sae import SAE, hook_before, load_public_sae, save_sae

PART = "hub"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stops programs as Linux does")
SILENCE, START = 8.0, 25.0
LONGEST = 45.0
STATUS = [401, 403, 404, 410, 429, 500, 502, 503]
BROKEN = [
    "spoilt once",
    "spoilt always",
    "cut",
    "stalls",
    "trickles",
    "an etag that leads out",
    "an html page",
    "shorter than said",
    "sends callers round in a circle",
    "sends callers to where nobody is",
    "no ETag",
    "no X-Repo-Commit",
]
AWAY = ["refused", "a black hole", "no such host", "https to a port without it", "HF_HUB_OFFLINE"]
HERE = [
    "a read-only cache",
    "a lock that is held by a stopped program",
    "a damaged cache",
    "a killed download",
]
FAULTS = [*(f"status {status}" for status in STATUS), *BROKEN, *AWAY, *HERE]
HEALS_AT_ONCE = {"spoilt once", "a damaged cache", "a killed download"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """What the hub has: a tiny GPT-2 under GPT-2's name, and an autoencoder under the public one's."""
    from pipeline_model import tiny_folder

    sae = tmp_path_factory.mktemp("sae")
    save_sae(SAE(12, 20, seed=0), sae / hook_before(3))
    return {"gpt2": tiny_folder("gpt2"), "sae": sae}


TARGETS = {
    "gpt2": ("openai-community/gpt2", lambda: load_model("gpt2")),
    "sae": ("jbloom/GPT2-Small-SAEs-Reformatted", lambda: load_public_sae(3)),
}


@contextlib.contextmanager
def fault(name, hub, cache: Path, load, monkeypatch):
    """Inside, the hub, the way to it, or the cache has it; the healthy hub is back afterwards."""
    with contextlib.ExitStack() as stack:
        if name.startswith("status"):
            hub.status = int(name.split()[1])
            hub.retry_after = "86400" if hub.status == 429 else ""
        elif name in ("spoilt once", "spoilt always"):
            hub.spoilt = 1 if name == "spoilt once" else 1000
        elif name in ("cut", "trickles", "shorter than said"):
            setattr(hub, name.split()[0], True)
        elif name == "stalls":
            hub.stalls.set()
        elif name == "an etag that leads out":
            hub.etag = "../../../../../evil"
        elif name == "an html page":
            hub.page = b"<html>captive portal</html>"
        elif name == "sends callers round in a circle":
            hub.location = "{path}"
        elif name == "sends callers to where nobody is":
            hub.location = "http://127.0.0.1:1{path}"
        elif name.startswith("no ") and name in BROKEN:
            hub.silent_about = {name.removeprefix("no ")}
        elif name == "refused":
            point_to("http://127.0.0.1:1", monkeypatch)
        elif name == "a black hole":
            stack.enter_context(black_hole(monkeypatch))
        elif name == "no such host":
            point_to("http://hub.invalid", monkeypatch)
        elif name == "https to a port without it":
            point_to(hub.address.replace("http:", "https:"), monkeypatch)
        elif name == "HF_HUB_OFFLINE":
            monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        elif name == "a read-only cache":
            cache.parent.mkdir(parents=True, exist_ok=True)
            cache.write_text("a file in the place of the cache")  # root may write to what is read-only
        elif name == "a lock that is held by a stopped program":
            stack.enter_context(held_locks(hub, cache))
        elif name == "a damaged cache":
            load()
            for blob in cache.rglob("blobs/*"):
                blob.write_bytes(blob.read_bytes()[:-9])
        elif name == "a killed download":
            kill_a_download(hub, cache)
        try:
            yield
        finally:
            hub.status, hub.retry_after, hub.spoilt, hub.etag, hub.page = 200, "", 0, "", b""
            hub.cut = hub.trickles = hub.shorter = False
            hub.location, hub.silent_about = "", set()
            hub.stalls.clear()
            if cache.is_file():
                cache.unlink()
            monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
            point_to(hub.address, monkeypatch)


@contextlib.contextmanager
def held_locks(hub, cache):
    """A program that took every lock, and was stopped with them."""
    names = [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in hub.folder.rglob("*") if path.is_file()
    ]
    locks = cache / ".locks" / f"models--{hub.repository.replace('/', '--')}"
    locks.mkdir(parents=True)
    code = (
        "import sys, time; from filelock import FileLock\n"
        "held = [FileLock(name) for name in sys.argv[1:]]\nfor lock in held: lock.acquire()\n"
        "print('held', flush=True); time.sleep(600)"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code, *(str(locks / f"{n}.lock") for n in names)], stdout=subprocess.PIPE
    )
    try:
        assert program.stdout.readline() == b"held\n"
        os.kill(program.pid, signal.SIGSTOP)
        yield
    finally:
        program.kill()
        program.wait()
        program.stdout.close()


def kill_a_download(hub, cache):
    """Half of the files are there, and half of a file."""
    hub.stalls.set()
    command = [sys.executable, "-P", "-m", "course_utils.base.hub_download", hub.repository, *hub_files(hub)]
    variables = {"HF_ENDPOINT": hub.address, "HF_HUB_CACHE": str(cache), "PYTHONPATH": str(Path.cwd())}
    program = subprocess.Popen(command, env={**os.environ, **variables}, stderr=subprocess.DEVNULL)
    ends = time.monotonic() + 60
    while not hub.fetched and time.monotonic() < ends:
        time.sleep(0.05)
    program.kill()
    program.wait()
    hub.stalls.clear()
    hub.fetched.clear()


def hub_files(hub):
    return [
        path.relative_to(hub.folder).as_posix() for path in sorted(hub.folder.rglob("*")) if path.is_file()
    ]


@pytest.mark.parametrize("target", TARGETS)
def test_faults(target, folders, tmp_path, monkeypatch, tally, many, chance):
    monkeypatch.setattr(fetching, "SILENCE", SILENCE)
    monkeypatch.setattr(fetching, "START", START)
    monkeypatch.setattr(fetching, "SLOWEST", 1e6)
    repository, load = TARGETS[target]
    faults = chance.sample(FAULTS, many(len(FAULTS)))
    outcomes = {}
    for number, name in enumerate(faults):
        cache = bare_machine(monkeypatch, tmp_path / str(number))
        with hub_at(folders[target], monkeypatch, repository) as hub:
            said, began = "", 0.0
            try:
                with fault(name, hub, cache, load, monkeypatch):
                    began = time.monotonic()
                    try:
                        load()
                    except (ModelUnavailable, ValueError) as error:
                        said = str(error)
                took = time.monotonic() - began
                problems = [f"{took:.0f} s"] * (took > LONGEST)
                problems += [f"says {said!r:.80}"] * (name in HEALS_AT_ONCE and bool(said))
                problems += ["takes it without a word"] * (name not in HEALS_AT_ONCE and not said)
                problems += [f"{said.count(chr(10)) + 1} lines"] * ("\n" in said)
                problems += [f"{len(said)} signs"] * (len(said) > 400)
                problems += ["something lies outside of the cache"] * bool(list(tmp_path.rglob("*evil*")))
                load()  # from the healthy hub
            except Exception as error:
                problems = [f"never heals: {error!r:.200}"]
            outcomes[name] = ", ".join(problems)
    tally(f"faults, `{'load_model' if target == 'gpt2' else 'load_public_sae'}`", outcomes)
