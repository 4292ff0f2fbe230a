"""All benchmarks, into RESULTS.md: `make bench`. Or some of them, to look at: `run.py --rounds 2 sae_steps`.

A benchmark is a module beside this one with ``rows() -> list[Row]``; each runs in a process of its own.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import timing
import torch
from timing import Row

from course_utils.training import bfloat16_gain, fastest_threads

HERE = Path(__file__).parent
NOT_A_BENCHMARK = {"run", "timing", "peers", "pipeline"}
PEERS = ("torch", "sae-lens", "dictionary-learning", "eai-sparsify", "transformer-lens")


def benchmarks() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_A_BENCHMARK)


def measured(module: str, rounds: int) -> list[Row]:
    """The rows of one module; what goes wrong is a row too, so that the others are not lost."""
    command = [sys.executable, "-W", "ignore", __file__, "--rounds", str(rounds), "--rows-of", module]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode:
        return [Row(module, "", note=f"failed with exit code {done.returncode}")]
    return [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def table(rows: list[Row]) -> str:
    lines = ["| work | against | median (range) | must | aim | |", "|---|---|---|---|---|---|"]
    for row in rows:
        if row.ratios:
            figure = f"{show(row.median, row.unit)} ({show(min(row.ratios))} to {show(max(row.ratios))})"
            figure = f"**{figure}, missed**" if not row.reaches(row.must) else figure
        else:
            figure = "not measured here"
        sign = "" if row.unit == "×" else "≤ "
        bounds = ["" if bound is None else sign + show(bound, row.unit) for bound in (row.must, row.aim)]
        lines.append(f"| {row.work} | {row.against} | {figure} | {bounds[0]} | {bounds[1]} | {row.note} |")
    return "\n".join(lines)


def show(number: float, unit: str = "") -> str:
    digits = f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
    return f"{digits} {unit}".rstrip()


def machine() -> str:
    lines = (
        Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if Path("/proc/cpuinfo").exists()
        else []
    )
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    has = [
        name
        for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
        if name in fields.get("flags", "").split()
    ]
    gain = bfloat16_gain()
    return "\n".join(
        [
            f"- Processor: {fields.get('model name', platform.processor() or platform.machine())}, "
            f"{os.cpu_count()} cores; {', '.join(has) or 'instruction sets unknown'}",
            f"- torch's CPU capability: {torch.backends.cpu.get_cpu_capability()}; {torch.get_num_threads()} threads, "
            f"fastest just now: {fastest_threads()}",
            f"- bfloat16 products are {gain:.1f} × as fast as float32's (a probe of milliseconds)",
            f"- Load over the last minute, before the run: {os.getloadavg()[0]:.1f}"
            if hasattr(os, "getloadavg")
            else "",
            "- "
            + ", ".join(f"{name} {version(name)}" for name in PEERS)
            + f", Python {platform.python_version()}",
        ]
    )


def report(rows: list[Row], about: str, rounds: int, seconds: float) -> str:
    return f"""# What was measured

Written by `make bench`. A figure with × says how many times faster we are: the works run in turn (A B A B …, {rounds} rounds
after one to warm up), each round gives a ratio, and the table has their median and range. In MB and % less is better.
`must` and `aim` are what we asked of ourselves.

{about}
- Took {seconds / 60:.0f} minutes

{table(rows)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="default: all, and RESULTS.md is written")
    parser.add_argument("--rounds", type=int, default=timing.ROUNDS)
    parser.add_argument("--rows-of", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rows_of:
        timing.ROUNDS = arguments.rounds
        print(json.dumps([asdict(row) for row in importlib.import_module(arguments.rows_of).rows()]))
        return
    about, began, rows = machine(), time.perf_counter(), []
    for module in arguments.modules or benchmarks():
        print(f"{module} …", file=sys.stderr, flush=True)
        rows += measured(module, arguments.rounds)
    text = report(rows, about, arguments.rounds, time.perf_counter() - began)
    print(text)
    if not arguments.modules:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
