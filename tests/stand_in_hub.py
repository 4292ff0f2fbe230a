"""A Hugging Face hub on this machine, and a cache of it, for tests that may not ask the real one."""

import hashlib
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from huggingface_hub import constants
from needs import link_or_copy

from course_utils.lm import KNOWN_MODELS

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GPT2 = KNOWN_MODELS["gpt2"].source


def bare_machine(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """A machine without models: empty caches, no settings, and nobody at the hub's address. Returns the hub's cache."""
    for name in ("COURSE_MODEL", "COURSE_GPT2", "COURSE_SMOLLM2"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COURSE_CACHE", str(folder / "kept"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    point_to("http://127.0.0.1:1", monkeypatch)
    return folder / "hub"


def point_to(endpoint: str, monkeypatch) -> None:
    """What HF_ENDPOINT would do, were it not read when huggingface_hub is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def fill(cache: Path, source: Path, files=GPT2.files, repository=GPT2.repository) -> Path:
    """Lay files out as huggingface_hub does: refs/main names the commit, a snapshot links to blobs."""
    home = cache / f"models--{repository.replace('/', '--')}"
    snapshot = home / "snapshots" / COMMIT
    for made in (home / "refs", home / "blobs", snapshot):
        made.mkdir(parents=True)
    (home / "refs" / "main").write_text(COMMIT)
    for file in files:
        blob = home / "blobs" / hashlib.sha256((source / file).read_bytes()).hexdigest()
        shutil.copy(source / file, blob)
        link_or_copy(snapshot / file, blob)
    return home


@contextmanager
def black_hole(monkeypatch) -> Iterator[socket.socket]:
    """A hub that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        point_to(f"http://127.0.0.1:{listening.getsockname()[1]}", monkeypatch)
        yield listening


def nobody_called(listening: socket.socket) -> bool:
    try:
        listening.accept()[0].close()
    except BlockingIOError:
        return True
    return False


class Hub(ThreadingHTTPServer):
    """The files of one folder, as those of one repository. It can be told to fail in several ways."""

    daemon_threads = True

    def __init__(self, folder: Path, repository: str = GPT2.repository):
        super().__init__(("127.0.0.1", 0), Answers)
        self.folder, self.repository, self.fetched = folder, repository, []
        self.status = 200
        self.cut = False  # the connection closes half-way
        self.stalls = Event()  # if set, nothing comes after the first half until it is cleared
        self.trickles = self.shorter = False  # a byte a second; less than was said
        self.page = b""  # a proxy's, in the place of every file
        self.retry_after = ""
        self.etag = ""  # what files are called in place of their SHA-256
        self.location = ""  # where it sends every caller on to
        self.silent_about: set[str] = set()  # names of headers
        self.spoilt = 0  # so many downloads have other bytes than was said

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        name = self.path.removeprefix(f"/{self.server.repository}/resolve/main/").lstrip("/")
        path = self.server.folder / name
        content = path.read_bytes() if path.is_file() else b""
        if self.server.location:
            self.send_response(302)
            self.send_header("Location", self.server.location.format(path=self.path))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(self.server.status if content else 404)
        said = {
            "ETag": f'"{self.server.etag or hashlib.sha256(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Content-Length": str(len(content)),
            "Retry-After": self.server.retry_after,
        }
        for name, value in said.items():
            if value and name not in self.server.silent_about:
                self.send_header(name, value)
        self.end_headers()
        content = self.server.page or content
        if self.command == "GET" and content:
            self.server.fetched.append(path.name)
            if self.server.spoilt:
                self.server.spoilt -= 1
                content = content[:-1] + bytes([content[-1] ^ 1])
            if self.server.trickles:
                for byte in content[:600]:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(1)
            if self.server.shorter:
                content = content[:-1]
            half = len(content) // 2
            self.wfile.write(content[:half])
            self.wfile.flush()
            while self.server.stalls.is_set():
                time.sleep(0.05)
            if not self.server.cut:
                self.wfile.write(content[half:])

    def log_message(self, *args):
        """Say nothing."""


@contextmanager
def hub_at(folder: Path, monkeypatch, repository: str = GPT2.repository) -> Iterator[Hub]:
    """A hub that runs, and is asked, until the block ends."""
    with Hub(folder, repository) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        point_to(server.address, monkeypatch)
        yield server
        server.stalls.clear()
        server.shutdown()
