"""A real JupyterLab on loopback, looked at by a real Chromium.

JupyterLab's folders, the learner's home and the notebooks are copies in a temporary folder. When a test fails, a
screenshot is kept in ``build/browser/``.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, TimeoutError, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "browser"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
AT_ONCE = min(2, CORES)
"""Notebooks that run at the same time: one, on one core."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A program that serves the notebooks, until ``stop``. ``{port}`` in its command becomes a free port."""

    def __init__(self, folder: Path, *command: str, base: str, query: str = "") -> None:
        self.port, self.base, self.query = _free_port(), base, query
        home = folder / "home"
        home.mkdir(exist_ok=True)
        environment = os.environ | {
            "HOME": str(home),
            "COURSE_PROGRESS": str(home / "progress.json"),
            "COURSE_MODEL": "pocket",
            "IPYTHONDIR": str(home / "ipython"),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "MPLCONFIGDIR": str(home / "matplotlib"),
            "OMP_NUM_THREADS": "1",  # as many kernels as cores
        }
        self.log = (folder / "server.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", *(part.format(port=self.port) for part in command)],
            cwd=folder, env=environment, stdout=self.log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._wait(folder)

    def _wait(self, folder: Path) -> None:
        for _ in range(240):
            try:
                urllib.request.urlopen(self.url("", base=""), timeout=5).close()
                return
            except OSError:
                assert self.process.poll() is None, (folder / "server.log").read_text()[-3000:]
                time.sleep(0.5)
        raise TimeoutError("the server does not answer")

    def url(self, notebook: str, base: str | None = None) -> str:
        return f"http://127.0.0.1:{self.port}/{self.base if base is None else base}{notebook}{self.query}"

    def sessions(self, notebook: str) -> list[dict]:
        """Of a notebook, by JupyterLab's own interface."""
        found = json.load(urllib.request.urlopen(self.url("", base="api/sessions"), timeout=30))
        return [session for session in found if session["path"] == notebook]

    def wait_for_kernel(self, notebook: str) -> None:
        """Until a page has connected to the notebook's kernel, and it is idle."""
        for _ in range(240):
            kernels = [session["kernel"] for session in self.sessions(notebook)]
            if any(kernel["connections"] and kernel["execution_state"] == "idle" for kernel in kernels):
                return
            time.sleep(0.5)
        raise TimeoutError(f"no kernel for {notebook}")

    def end_kernel(self, notebook: str) -> None:
        """It would stay, with all its memory."""
        for session in self.sessions(notebook):
            address = self.url(session["id"], base="api/sessions/")
            urllib.request.urlopen(urllib.request.Request(address, method="DELETE"), timeout=30).close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The notebooks as they are in git."""
    place = tmp_path_factory.mktemp("course")
    shutil.copytree(
        ROOT / "notebooks", place / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints")
    )
    return place


@pytest.fixture(scope="session")
def lab(folder):
    """JupyterLab, which also serves Notebook 7 under ``/notebooks``."""
    token = secrets.token_hex(8)
    server = Server(
        folder, "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port={port}",
        f"--IdentityProvider.token={token}", "--ServerApp.root_dir=notebooks",
        base="lab/tree/", query=f"?token={token}&reset",
    )  # fmt: skip
    yield server
    server.stop()


@pytest.fixture(scope="session")
def voila(folder):
    server = Server(
        folder, "voila", "--no-browser", "--Voila.ip=127.0.0.1", "--port={port}", "--Voila.root_dir=notebooks",
        base="voila/render/",
    )  # fmt: skip
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser():
    system = next(
        (p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=system, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report


def run_all(page: Page, lab: Server, notebook: str) -> None:
    """Click Run All Cells once the page has its kernel: before that JupyterLab asks which one to take."""
    lab.wait_for_kernel(notebook)
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=120_000)
    dialog, started = page.locator(".jp-Dialog .jp-mod-accept"), page.locator(':text-is("[*]:")').first
    for _ in range(6):
        if dialog.count():
            dialog.first.click()
        page.locator('#jp-MainMenu >> text="Run"').click()
        page.locator('.lm-Menu-itemLabel:text-is("Run All Cells")').click()
        try:
            started.wait_for(timeout=10_000)
        except TimeoutError:  # the click was lost
            continue
        if not dialog.count():
            return
    raise AssertionError("no cell started")


class Tabs:
    """A tab for each (front end, notebook); while a test looks at its own, those of the next ones run already."""

    def __init__(
        self, browser, order: list[tuple[str, Path]], start: Callable[[Page, str, Path], None]
    ) -> None:
        self.browser, self.order, self.start, self.open = browser, order, start, {}

    def get(self, visit: tuple[str, Path]) -> Page:
        first = self.order.index(visit)
        for each in self.order[first : first + AT_ONCE]:
            if each not in self.open:
                self.open[each] = self.browser.new_page(viewport={"width": 1280, "height": 1000})
                self.start(self.open[each], *each)
        return self.open[visit]


@pytest.fixture(scope="session")
def tabs(browser, request):
    """Notebooks in the order of the tests that were chosen."""

    def start(page: Page, front_end: str, notebook: Path) -> None:
        if front_end == "voila":
            page.goto(request.getfixturevalue("voila").url(notebook.name), wait_until="commit")
        else:
            base = {"jupyterlab": "lab/tree/", "notebook_7": "notebooks/"}[front_end]
            lab = request.getfixturevalue("lab")
            page.goto(lab.url(notebook.name, base=base))
            run_all(page, lab, notebook.name)

    visits = [item.callspec.params["tab"] for item in request.session.items if "tabs" in item.fixturenames]
    return Tabs(browser, visits, start)


@pytest.fixture
def tab(tabs, lab, request):
    """The tab of one (front end, notebook), in which all cells were asked to run; afterwards its kernel ends."""
    page = tabs.get(request.param)
    yield page
    if getattr(request.node, "failed", False):
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{request.node.name}.png")
    page.close()
    if request.param[0] != "voila":
        lab.end_kernel(request.param[1].name)
