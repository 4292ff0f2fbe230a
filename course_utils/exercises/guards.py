"""Let a learner's function run without letting it take the notebook down.

A loop without end is stopped, a tensor larger than the memory is refused, prints are kept short, a call of ``exit()``
does not end the kernel. This guards against accidents; it is not a sandbox.

What it cannot do: one long call into compiled code (a huge matrix product) is stopped only when it returns. Outside
the main thread and on Windows there is no timer signal; there a second thread interrupts, which reaches neither a
sleeping function nor a loop that catches all by a bare ``except:``: only a restart of the kernel ends that. Elsewhere a
loop inside several nested ones may take some tries to leave.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import inspect
import io
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np
import torch

from course_utils.exercises.memory_limit import memory_limit

AGAIN = 0.05  # seconds until the next try, where a bare except swallowed the first
PATIENCE = 4
"""Grace factor for wall-clock time: a correct attempt may be slow only because the machine is busy."""


class OutOfTime(BaseException):
    """Not an `Exception`, so that a learner's ``except Exception`` lets it through."""

    def __str__(self) -> str:
        return "the exercise's time is up"


@contextlib.contextmanager
def guarded(attempt: Callable[..., Any], seconds: float, *, quiet: bool = True) -> Iterator[Said]:
    """Run ``attempt`` inside: limits on, prints caught, and calls of itself reach it.

    Raises:
        OutOfTime: when the time is up.
    """
    said = Said()
    redirect = (
        (contextlib.redirect_stdout(said), contextlib.redirect_stderr(said))
        if quiet
        else (contextlib.nullcontext(),)
    )
    with contextlib.ExitStack() as stack:
        for context in (*redirect, _its_own_name(attempt), _no_breakpoints(quiet), memory_limit()):
            stack.enter_context(context)
        stack.enter_context(time_limit(seconds, globals_of(attempt), stepping=not quiet))
        yield said


def innermost(attempt: Callable[..., Any]) -> Callable[..., Any]:
    """What the learner wrote, below decorators such as ``@torch.no_grad()``."""
    attempt = inspect.unwrap(attempt)
    return innermost(attempt.func) if isinstance(attempt, functools.partial) else attempt


def globals_of(attempt: Callable[..., Any]) -> dict[str, Any]:
    """The names that the attempt's code sees; every cell of a notebook shares them."""
    written = innermost(attempt)
    if hasattr(written, "__globals__"):
        return written.__globals__
    return vars(sys.modules.get(getattr(written, "__module__", ""), sys.modules["__main__"]))


# ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def call(function: Callable[..., Any], args: tuple) -> Any:
    """``function(*args)``; a time limit strikes below this frame only, never in the engine's own clean-up."""
    return function(*args)


def _is_learners(frame: FrameType | None) -> bool:
    """Whether the nearest of the engine's frames around ``frame`` is `call`."""
    while frame is not None and frame.f_globals.get("__package__") != __package__:
        frame = frame.f_back
    return frame is not None and frame.f_code is call.__code__


@contextlib.contextmanager
def time_limit(seconds: float, names: dict[str, Any], *, stepping: bool = False) -> Iterator[None]:
    """When the time is up, raise `OutOfTime` inside what `call` runs, again and again until it is left.

    Args:
        names: the globals of the learner's code.
        stepping: let a debugger that the code started take all the time it wants. Without a timer signal nobody sees
            whether one was started, and there is no limit at all.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if hasattr(signal, "setitimer") and in_main_thread:
        limit = _by_signal(seconds, names, stepping)
    else:
        limit = contextlib.nullcontext() if stepping else _by_thread(seconds)
    with limit:
        yield


@contextlib.contextmanager
def _by_signal(seconds: float, names: dict[str, Any], stepping: bool) -> Iterator[None]:
    rings = 0

    def at_next_line(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_globals is not names:
            return None
        if event == "line" and _is_learners(frame):
            raise OutOfTime
        return at_next_line

    def ring(signum: int, frame: FrameType | None) -> None:
        nonlocal rings
        if not _is_learners(frame) or (stepping and sys.gettrace() not in (trace, at_next_line)):
            return
        if time.thread_time() - worked < seconds / PATIENCE and time.monotonic() - began < PATIENCE * seconds:
            return  # the machine is busy with something else
        rings += 1
        if rings > 1:
            # A bare except swallowed it: raise again on that except's own line, which its try does not cover.
            sys.settrace(at_next_line)
            while frame is not None and frame.f_code is not call.__code__:
                if frame.f_globals is names:
                    frame.f_trace = at_next_line
                frame = frame.f_back
        raise OutOfTime

    trace = sys.gettrace()
    handler = signal.signal(signal.SIGALRM, ring)
    began, worked = time.monotonic(), time.thread_time()
    outer, repeat = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        sys.settrace(trace)
        if outer:  # a limit around this one goes on
            signal.setitimer(signal.ITIMER_REAL, max(outer - (time.monotonic() - began), 0.001), repeat)


@contextlib.contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    over, lock = threading.Event(), threading.Lock()
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    learner = threading.get_ident()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            with lock:
                if not over.is_set() and _is_learners(sys._current_frames().get(learner)):
                    raise_in(ctypes.c_ulong(learner), ctypes.py_object(OutOfTime))
            wait = AGAIN

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        with lock:
            over.set()
        # What is still on its way arrives at a loop's end. To call it off, by None, would leave Python 3.11 waiting
        # for it for ever: the first debugger in the kernel would hang.
        with contextlib.suppress(OutOfTime):
            for _ in range(2):
                pass


# ── prints, state, names ───────────────────────────────────────────────────────────────────────────────────────


class Said(io.TextIOBase):
    """The beginning of what a function prints; the rest is counted as "more" and forgotten."""

    most = 600

    def __init__(self) -> None:
        self.text, self.more = "", False

    @property
    def excerpt(self) -> str:
        return f"{self.text}…" if self.more else self.text

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = self.most - len(self.text)
        self.text += text[: max(room, 0)]
        self.more = self.more or len(text) > room
        return len(text)


@contextlib.contextmanager
def kept_state() -> Iterator[None]:
    """Leave the global generators and torch's settings as they were, so that a verdict does not change what is below it."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 — a learner may use it
    with torch.random.fork_rng(devices=[]):
        try:
            with kept_settings():
                yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002


@contextlib.contextmanager
def single_precision() -> Iterator[None]:
    """Floats of single precision, whatever a notebook has set: cases are made for it."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def kept_settings() -> Iterator[None]:
    """Leave what torch, NumPy and the warnings are set to as it was."""
    before = [read() for read, _ in SETTINGS]
    try:
        yield
    finally:
        for was, (read, put_back) in zip(before, SETTINGS, strict=True):
            if read() != was:
                put_back(was)


def _put_back_filters(filters: list[Any]) -> None:
    vars(warnings)["filters"][:] = filters
    with warnings.catch_warnings():
        pass  # which tells the module's own caches that something changed


SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (lambda: torch.empty(0).device, lambda was: torch.set_default_device(None if was.type == "cpu" else was)),
    (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (torch.get_num_threads, torch.set_num_threads),
    (np.geterr, lambda was: np.seterr(**was)),
    (lambda: list(warnings.filters), _put_back_filters),
)
"""How each is read, and put back."""


def reseed(seed: int) -> None:
    """The same draws for reference, attempt and slips."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if torch.accelerator.is_available():
        torch.manual_seed(seed)
    else:  # that would write down the stack for each kind of device that could still come: milliseconds a call
        torch.default_generator.manual_seed(seed)


@contextlib.contextmanager
def _no_breakpoints(quiet: bool) -> Iterator[None]:
    """A debugger whose prompt is caught with the prints would wait unseen."""

    def tell(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("to step through it, add `debug=True` after the key of the exercise")

    hook = sys.breakpointhook
    sys.breakpointhook = tell if quiet else hook
    try:
        yield
    finally:
        sys.breakpointhook = hook


@contextlib.contextmanager
def _its_own_name(attempt: Callable[..., Any]) -> Iterator[None]:
    """A function that calls itself by name means itself; and ``exit()`` raises instead of ending the kernel."""

    def leave(*args: Any, **kwargs: Any) -> None:
        raise SystemExit

    written, missing = innermost(attempt), object()
    names, name = globals_of(attempt), getattr(written, "__name__", "")
    endings = [e for e in ("exit", "quit") if "Exit" in type(names.get(e)).__name__ or e not in names]
    while_judged = dict.fromkeys(endings, leave) | ({name: attempt} if name.isidentifier() else {})
    before = {key: names.get(key, missing) for key in while_judged}
    code = getattr(written, "__code__", None)
    for free, cell in zip(
        code.co_freevars if code else (), getattr(written, "__closure__", None) or (), strict=True
    ):
        if free == name:
            cell.cell_contents = attempt
    names |= while_judged
    try:
        yield
    finally:
        for key, value in before.items():
            if value is missing:
                names.pop(key, None)
            else:
                names[key] = value
