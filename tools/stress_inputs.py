"""Call every public function with one bad argument, many times, and say how it answered.

Good arguments are those of the docstrings' examples, or of tools/stress_calls.py. A record whose fields are taken as
they are (a NamedTuple) and a protocol are not called. Each call lies within a limit of time and of memory, in a process
of its own a function. What counts:

    ok         it answered
    ours       it refused in the package's own words: the last frame is a `raise` of course_utils
    obscure    an error in torch's or Python's words
    NaN out    NaN or infinity from finite arguments, where a good call gives none and the docstring names none
    NaN in     NaN or infinity given, and taken without a word
    no bound   more than the time, or than the memory

The good call is also made with gradients switched off, and with float64 as torch's default: it has to answer then too.

    python tools/stress_inputs.py --seed 1                      # a table by wing
    python tools/stress_inputs.py --only worlds.coherence --show obscure

Ctrl-C ends it with the table so far.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import doctest
import importlib
import inspect
import io
import json
import linecache
import math
import os
import random
import re
import resource
import select
import signal
import sys
import tempfile
import traceback
import unittest.mock
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tools.stress_calls import CALLS  # noqa: E402

PACKAGE = ROOT / "course_utils"
TRIED = 4
"""Calls of the examples that are tried for one that is answered."""

WINGS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.pyi"))
KINDS = ["ok", "ours", "obscure", "NaN out", "NaN in", "no bound"]
SECONDS, WAIT, GIGABYTES = 10, 90, 2
"""Of the processor's time, of waiting with a busy machine's other work counted in, and of memory beyond the good call's."""

NEVER = {  # programs: they start servers, train for minutes, or wait for a kernel
    "desk.bring", "desk.main", "desk.open_lab", "desk.examine", "grade.grade_folder", "training.bfloat16_gain",
    "training.fastest_threads", "base.whole_file", "base.keep_folder", "base.attach",
}  # fmt: skip


@contextlib.contextmanager
def float64_default() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


SETTINGS: dict[str, Callable[[], Any]] = {"gradients off": torch.no_grad, "float64 default": float64_default}


class Stop(BaseException):
    """The call that we wait for was seen."""


def public() -> Iterator[tuple[str, Any, Any, str]]:
    """(label, owner, what is called, name on it) of each function, each class and each method of one."""
    for wing in WINGS:
        face = importlib.import_module(f"course_utils.{wing}")
        for name in face.__all__:
            thing = getattr(face, name)
            if f"{wing}.{name}" in NEVER or not getattr(thing, "__module__", "").startswith("course_utils."):
                continue
            if inspect.isfunction(thing):
                yield f"{wing}.{name}", thing, thing, name
            elif inspect.isclass(thing) and not issubclass(thing, BaseException):
                if not issubclass(thing, tuple) and not getattr(thing, "_is_protocol", False):
                    yield f"{wing}.{name}", thing, thing, "__init__"
                for method, value in vars(thing).items():
                    if inspect.isfunction(value) and not method.startswith("_"):
                        yield f"{wing}.{name}.{method}", thing, value, method


def good_arguments(
    owner: Any, thing: Any, name: str, label: str = "", passed: int = 0
) -> tuple[Callable, list, dict] | None:
    """What the examples call it with, the first time or after so many, or None if they never do."""
    seen: list = []
    calls = 0
    module = sys.modules[owner.__module__]
    is_method = inspect.isclass(owner)
    if is_method and name not in vars(owner):
        return None

    def record(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > passed:
            seen.append((list(args), dict(kwargs)))
            raise Stop
        return thing(*args, **kwargs)

    original = vars(owner)[name] if is_method else thing
    places = [owner] if is_method else [module, importlib.import_module(module.__package__)]
    found = doctest.DocTestFinder(recurse=True).find(owner, owner.__name__, module=module, globs={})
    examples = [[example.source for example in test.examples] for test in found]
    ours = CALLS.get(".".join(label.split(".")[:2]), "")
    for sources in [*examples, [ours]]:
        names = dict(vars(module))
        for place in places:
            setattr(place, name, record)
        if not is_method:
            names[name] = record
        try:
            with (
                contextlib.redirect_stdout(io.StringIO()),
                unittest.mock.patch("tempfile.TemporaryDirectory", KeptFolder),
            ):
                for source in sources:
                    kind = "exec" if source is ours else "single"
                    exec(compile(source, "<example>", kind), names)
        except Stop:
            break
        except Exception:
            continue  # an example that needs what is not here
        finally:
            for place in places:
                setattr(place, name, original)
    if not seen:
        return None
    args, kwargs = seen[0]
    if is_method and name == "__init__":
        return owner, args[1:], kwargs
    return (original if is_method else thing), args, kwargs


class KeptFolder(contextlib.nullcontext):
    """An example's temporary folder, which outlives the example."""

    def __init__(self, *_: Any, **__: Any):
        self.name = tempfile.mkdtemp(dir=".")
        super().__init__(self.name)

    def cleanup(self) -> None:
        """Nothing goes before the run does."""


def fresh(value: Any) -> Any:
    """A copy that a call may spoil; models and functions are shared."""
    if isinstance(value, torch.nn.Module) or callable(value):
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def typo(word: str, chance: random.Random) -> str:
    at = chance.randrange(len(word)) if word else 0
    return word[:at] + word[at + 1 :] if len(word) > 1 else "zz"


def bad_ones(value: Any, chance: random.Random) -> dict[str, Any]:
    """Other values in its place, each by what is wrong with it; some of them are not."""
    bad: dict[str, Any] = {"None": None, "a number": 3, "a string": "nonsense", "an object": object()}
    if isinstance(value, torch.Tensor):
        bad |= {
            "one axis more": value[None], "NumPy": value.detach().numpy(), "a list": value.tolist(),
            "complex": value.to(torch.complex64), "a ragged list": [[1.0, 2.0], [3.0]], "empty": value[:0] if value.ndim else None,
            "negative": -value if value.dtype != torch.bool else value, "zeros": torch.zeros_like(value),
        }  # fmt: skip
        if value.ndim:
            bad |= {"one axis less": value[0], "one entry": value[..., :1], "one row": value[:1],
                    "one too many": torch.cat([value, value[..., -1:]], -1)}  # fmt: skip
        if value.ndim > 1:
            bad["transposed"] = value.transpose(-1, -2)
        if value.is_floating_point():
            bad |= {
                "float64": value.double(),
                "half": value.half(),
                "ints": value.long(),
                "bools": value > 0,
                "all 1e30": value * 0 + 1e30,
            }
            if value.numel():
                for word in ("nan", "inf"):
                    bad[word] = value.detach().clone()
                    bad[word].view(-1)[0] = float(word)
        else:
            bad |= {
                "floats": value.double(),
                "too large": value.long() + 10**6,
                "below zero": value.long() - 10**6,
            }
    elif isinstance(value, bool):
        bad |= {"two": 2, "a word": "yes"}
    elif isinstance(value, int):
        bad |= {"negative": -1, "zero": 0, "huge": 10**12, "large": 10**8, "a fraction": value + 0.5, "True": True, "nan": math.nan,
                "digits": str(value), "a list": [value], "NumPy": np.int64(value), "two": torch.tensor([value, value])}  # fmt: skip
    elif isinstance(value, float):
        bad |= {"nan": math.nan, "inf": math.inf, "negative": -1.0, "zero": 0.0, "huge": 1e30, "digits": "0.5", "True": True,
                "a list": [value], "NumPy": np.float64(value), "two": torch.tensor([value, value])}  # fmt: skip
    elif isinstance(value, str):
        bad |= {
            "typo": typo(value, chance),
            "empty": "",
            "capitals": value.upper(),
            "bytes": value.encode(),
            "a list": [value],
        }
    elif isinstance(value, Mapping):
        bad |= {
            "empty": {},
            "None inside": dict.fromkeys(value),
            "a list": list(value),
            "other keys": {f"{k}x": v for k, v in value.items()},
        }
    elif isinstance(value, list | tuple):
        items = list(value)
        bad |= {"empty": [], "one string": "abc", "None inside": [None, *items[1:]], "one less": items[:-1], "one more": [*items, *items[:1]],
                "nested": [items], "a dict": {0: items}, "NaN inside": [math.nan, *items[1:]], "used up": iter([])}  # fmt: skip
        if all(isinstance(item, str) for item in items):
            bad["typo inside"] = [typo(item, chance) for item in items]
        if all(isinstance(item, int) for item in items):
            bad |= {"huge inside": [10**12, *items[1:]], "negative inside": [-1, *items[1:]]}
    elif callable(value):
        bad |= {"gives None": lambda *a, **k: None, "takes nothing": lambda: 0}
    else:
        bad |= {"empty dict": {}, "a tensor": torch.zeros(3), "a class": dict}
    return bad


def broken(value: Any, depth: int = 0) -> bool:
    """Whether there is NaN or infinity in it."""
    if isinstance(value, torch.Tensor):
        return value.is_floating_point() and not value.isfinite().all()
    if isinstance(value, float | np.floating):
        return not math.isfinite(value)
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and not np.isfinite(value).all()
    if depth < 3 and isinstance(value, Mapping):
        return any(broken(v, depth + 1) for v in value.values())
    if depth < 3 and isinstance(value, list | tuple):
        return any(broken(v, depth + 1) for v in value)
    return False


def call(function: Callable, args: list, kwargs: dict) -> Any:
    """Its answer; of what comes piece by piece, the first three."""
    answer = function(*args, **kwargs)
    if hasattr(answer, "__enter__") and hasattr(answer, "gen"):
        with answer as inner:
            return inner
    if inspect.isgenerator(answer):
        return [piece for _, piece in zip(range(3), answer, strict=False)]
    return answer


def judge(error: BaseException) -> tuple[str, str]:
    if isinstance(error, TimeoutError | MemoryError) or "allocate memory" in str(error):
        return "no bound", f"{type(error).__name__}: {error}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(last.filename, last.lineno or 0).strip()
    ours = last.filename.startswith(str(PACKAGE)) and line.startswith("raise")
    ours = (
        ours or last.filename == "<example>"
    )  # a function of the caller's own, whose errors come as they are
    where = f"{Path(last.filename).name}:{last.lineno}"
    return ("ours" if ours else "obscure"), f"{type(error).__name__}: {str(error)[:150]!r} ({where})"


def late(*_: Any) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def set_limits(seconds: float, wait: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, wait)


def drive(label: str, owner: Any, thing: Any, name: str, rows: Any, seed: int, most: int, skip: int) -> None:
    """In a process of its own: one line a call, of ``most`` chosen ones, from number ``skip`` on."""
    signal.signal(signal.SIGPROF, late)
    signal.signal(signal.SIGALRM, late)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    said: Any = "no example calls it"
    for passed in range(TRIED):  # an example may begin with a call that is refused
        found = good_arguments(owner, thing, name, label, passed)
        if found is None:
            print(f"none\t{said}", file=rows, flush=True)
            return
        function, args, kwargs = found
        if not passed:
            used = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
            resource.setrlimit(resource.RLIMIT_AS, (used * resource.getpagesize() + GIGABYTES * 2**30, -1))
        try:
            normal = call(function, [fresh(a) for a in args], {k: fresh(v) for k, v in kwargs.items()})
            break
        except BaseException as error:
            said = judge(error)
    else:
        print(f"none\t{said}", file=rows, flush=True)
        return
    said_so = broken(normal) or re.search(r"\bNaN\b|infinit|not a number", inspect.getdoc(thing) or "")
    chance = random.Random(f"{label} {seed}")
    first = 1 if inspect.isclass(owner) and name != "__init__" else 0
    names = list(inspect.signature(function).parameters)
    places = [*range(first, len(args)), *kwargs]
    given = set(kwargs) | set(names[: len(args)])
    rest = {k: p.default for k, p in inspect.signature(function).parameters.items()
            if k not in given and p.default is not p.empty and p.default is not None and p.kind != p.VAR_KEYWORD}  # fmt: skip
    tries = [(place, what, value) for place in places
             for what, value in bad_ones(args[place] if isinstance(place, int) else kwargs[place], chance).items()]  # fmt: skip
    tries += [
        (k, what, value) for k, default in rest.items() for what, value in bad_ones(default, chance).items()
    ]
    chance.shuffle(tries)
    tries = [("", what, None) for what in SETTINGS] + tries[: max(most - len(SETTINGS), 0)]
    for number, (place, what, value) in enumerate(tries[:most]):
        if number < skip:
            continue
        a, k = [fresh(x) for x in args], {key: fresh(x) for key, x in kwargs.items()}
        if isinstance(place, int):
            a[place] = value
        elif place:
            k[place] = value
        called = names[place] if isinstance(place, int) and place < len(names) else place
        print(f"?\t{called}\t{what}", file=rows, flush=True)
        set_limits(SECONDS, WAIT)
        try:
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
                SETTINGS.get(what, contextlib.nullcontext)(),
            ):
                answer = call(function, a, k)
            set_limits(0, 0)
            spoilt = what in ("nan", "inf", "NaN inside")
            kind = "NaN in" if spoilt else "NaN out" if broken(answer) and not said_so else "ok"
            said = f"{type(answer).__name__}"
        except BaseException as error:
            set_limits(0, 0)
            kind, said = judge(error)
            if (
                what in SETTINGS and kind == "ours"
            ):  # nothing is to be refused but what the first call has written
                kind = "ok" if isinstance(error, FileExistsError) else "obscure"
        print(f"{kind}\t{said}".replace("\n", " ")[:400], file=rows, flush=True)
    print("end", file=rows, flush=True)


def results(
    label: str, owner: Any, thing: Any, name: str, seed: int, most: int
) -> list[tuple[str, ...]] | str:
    """(kind, argument, what was wrong, what it said) of each call, or why there is none.

    A process that hangs is ended and gone on without.
    """
    done: list[tuple[str, ...]] = []
    while True:
        source, sink = os.pipe()
        child = os.fork()
        if not child:
            os.close(source)
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            try:
                drive(label, owner, thing, name, os.fdopen(sink, "w"), seed, most, len(done))
            finally:
                os._exit(0)
        os.close(sink)
        pending, ended, text = None, False, b""
        with os.fdopen(source, "rb", buffering=0) as rows:
            while not ended:
                if not select.select([rows], [], [], WAIT if pending is None else WAIT + 5)[0]:
                    break
                piece = rows.read(65536)
                if not piece:
                    break
                *lines, text = (text + piece).split(b"\n")
                for line in lines:
                    parts = line.decode(errors="replace").split("\t")
                    if parts[0] == "none":
                        os.waitpid(child, 0)
                        return parts[1]
                    if parts[0] == "end":
                        ended = True
                    elif parts[0] == "?":
                        pending = parts[1:3]
                    elif pending:
                        done.append((parts[0], *pending, parts[1] if len(parts) > 1 else ""))
                        pending = None
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if ended:
            return done
        if pending is None:
            return done or "its process ended before the first call"
        done.append(("no bound", *pending, "the process had to be ended"))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--most", type=int, default=24, help="calls a function")
    options.add_argument(
        "--only", nargs="*", default=[""], help="what a label has to begin with: worlds.coherence"
    )
    options.add_argument("--show", nargs="*", default=[], help="kinds to list")
    options.add_argument("--json", type=Path, help="also write the counts by wing into this file")
    asked = options.parse_args()
    counts = asked.json and asked.json.resolve()
    os.environ["COURSE_PROGRESS"] = ""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.chdir(tempfile.mkdtemp(prefix="stress-"))
    import matplotlib as mpl

    mpl.use("Agg")
    torch.set_num_threads(1)
    importlib.import_module("course_utils.worlds").welch_bound(
        5, 2
    )  # all that checks is loaded before the processes part
    table: dict[str, Counter] = defaultdict(Counter)
    undriven = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    label = ""
    try:
        for label, owner, thing, name in public():
            if not label.startswith(tuple(asked.only)):
                continue
            found = results(label, owner, thing, name, asked.seed, asked.most)
            if isinstance(found, str):
                undriven.append(f"{label}: {found}")
                table[label.split(".")[0]]["not driven"] += 1
                continue
            table[label.split(".")[0]]["driven"] += 1
            for kind, argument, what, said in found:
                table[label.split(".")[0]][kind] += 1
                if kind in asked.show:
                    print(f"{kind:9}{label}({argument}: {what}) {said}", flush=True)
            if counts:  # what is there already is kept if this is ended
                counts.write_text(json.dumps(table, indent=1), encoding="utf-8")
    except KeyboardInterrupt:  # then the table so far
        table[label.split(".")[0]]["ended early"] = 1
        if counts:
            counts.write_text(json.dumps(table, indent=1), encoding="utf-8")
    total = sum(table.values(), Counter())
    print(f"\n{'':15}{'driven':>8}" + "".join(f"{kind:>10}" for kind in KINDS))
    for wing, row in [*table.items(), ("all", total)]:
        print(f"{wing:15}{row['driven']:>8}" + "".join(f"{row[kind]:>10}" for kind in KINDS))
    calls = sum(total[kind] for kind in KINDS)
    print(
        f"{calls:,} calls; obscure {100 * total['obscure'] / max(calls, 1):.1f} %; {len(undriven)} not driven: no example calls them"
    )
    if "undriven" in asked.show:
        print(*undriven, sep="\n")


if __name__ == "__main__":
    main()
