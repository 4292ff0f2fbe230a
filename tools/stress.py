"""Attack the course for minutes, count what held, and write the table of docs/trust.md.

    python course.py stress                      all parts; hours on two cores, most of them the notebooks
    python course.py stress --quick              a tenth of each
    python course.py stress inputs hub --seed 3  some parts
    python course.py stress explorers --share 0.5
    python course.py stress notebooks --share 0.1 --days 34

Each part is a file of tests/stress, or what is a test already and is only counted; `inputs` is tools/stress_inputs.py.
The counts stand in docs/trust.json, with seed, date and processor of the run that they come from. A part that was not
run keeps its older ones, and so does a row, with a note of its run: one that was ended early (Ctrl-C) counts as far as
it came. A part that never was run is said to be not run. `--take FILE` takes the counts of another copy, or the tally
(STRESS_TALLY) of a run that was ended from outside, with the seed and the share that it had.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COUNTS, PAGE = ROOT / "docs" / "trust.json", ROOT / "docs" / "trust.md"
MARK = re.compile(r"(?<=<!-- stress -->\n).*(?=<!-- end of stress -->)", re.DOTALL)

PARTS = {
    "inputs": "Bad input: one argument at a time, to each public function that an example calls",
    "writers": "Writing: kills, full disks, and what is no file",
    "injections": "What data can do to a page, in Chromium",
    "explorers": "Explorers: random moves",
    "hub": "Faults of a hub",
    "notebooks": "Notebooks under stress",
    "hand_ins": "Hand-ins: more than thirty at once, a dozen of them hostile, and killed graders",
}
TESTS = {"hand_ins": ["tests/test_grade.py", "tests/test_grade_killed.py"]}
"""Parts that are plain tests already; the others are tests/stress/test_<part>.py."""

WHOLE = {"injections", "hand_ins"}
"""Parts that are run whole, whatever share is asked for."""

NOT_BEGUN = "tests that could not begin"

CALLS = 24
"""Calls a function, of ``inputs``."""


def processor() -> str:
    """Of this machine, in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def bad_inputs(seed: int, share: float, wings: list[str]) -> list[dict[str, Any]]:
    """A row for each wing."""
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder, "counts.json")
        command = [sys.executable, "tools/stress_inputs.py", "--seed", str(seed), "--json", str(counts)]
        command += ["--only", *(f"{wing}." for wing in wings)] if wings else []
        command += ["--show", "obscure", "NaN out", "NaN in", "no bound", "undriven"]
        subprocess.run([*command, "--most", str(max(round(CALLS * share), 2))], cwd=ROOT, check=True)
        table = json.loads(counts.read_text(encoding="utf-8"))
    return input_rows(table)


def input_rows(table: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """What `tools/stress_inputs.py` counted, as rows: an answer holds if it is right or ours, and bounded."""
    rows = []
    for wing, count in table.items():
        failed = {kind: count.get(kind, 0) for kind in ("obscure", "NaN out", "NaN in", "no bound")}
        held = count.get("ok", 0) + count.get("ours", 0)
        note = ", ".join(
            f"{kind} {n}"
            for kind, n in [*failed.items(), ("no example calls", count.get("not driven", 0))]
            if n
        )
        note += "; ended early: more functions are there" * bool(count.get("ended early"))
        what = f"`{wing}`, {count.get('driven', 0)} functions"
        rows.append({"what": what, "tried": held + sum(failed.values()), "held": held, "note": note})
    return rows


def tested(part: str, seed: int, share: float, days: str) -> list[dict[str, Any]]:
    """Rows that the tests of a part counted, and one of those that were skipped, with the reason."""
    files = TESTS.get(part, [f"tests/stress/test_{part}.py"])
    with tempfile.TemporaryDirectory() as folder:
        tally, report = Path(folder, "tally.jsonl"), Path(folder, "report.xml")
        variables = {"STRESS_TALLY": str(tally), "STRESS_SEED": str(seed), "OMP_NUM_THREADS": "1"}
        variables |= {"STRESS_SHARE": str(share), "STRESS_DAYS": days}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}", *files]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **variables})
        lines = tally.read_text(encoding="utf-8").splitlines() if tally.exists() else []
        text = report.read_text(encoding="utf-8") if report.exists() else ""  # it was ended from outside
    rows = [json.loads(line) for line in lines]
    for row in rows:
        row.pop("part", None)
    found = re.search(r'errors="(\d+)" failures="(\d+)" skipped="(\d+)" tests="(\d+)"', text)
    errors, failures, skipped, tests = map(int, found.groups()) if found else (int(not rows), 0, 0, 1)
    if part in TESTS:
        rows = [
            {
                "what": f"tests of {', '.join(files)}",
                "tried": tests - skipped,
                "held": tests - skipped - errors - failures,
            }
        ]
    elif errors:
        rows.append({"what": NOT_BEGUN, "tried": errors, "held": 0})
    reasons = sorted(set(re.findall(r'type="pytest.skip" message="([^"]*)"', text)))
    return rows + [{"what": f"skipped: {reason}", "tried": 0, "held": 0} for reason in reasons]


def key_of(row: dict[str, Any]) -> str:
    """What a row is of, however many functions that was: one that has its key takes its place."""
    return row["what"].split(", ")[0] if row["what"].endswith(" functions") else row["what"]


def with_older(run: dict[str, Any], older: dict[str, Any] | None) -> dict[str, Any]:
    """A part's run, and after its rows those that it did not reach, each with the run that it is of."""
    rows, found = [*run["rows"]], {key_of(row) for row in run["rows"]}
    for row in older["rows"] if older else ():
        if row["tried"] and key_of(row) not in found and row["what"] != NOT_BEGUN:
            rows.append({"of": f"seed {older['seed']}, {older['scale']}; {older['date']}", **row})
    return {**run, "rows": rows}


def keep(part: str, run: dict[str, Any]) -> None:
    """Into docs/trust.json, and onto the page."""
    kept = json.loads(COUNTS.read_text(encoding="utf-8")) if COUNTS.exists() else {}
    kept[part] = with_older(run, kept.get(part))
    COUNTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    write_page()


def scale(part: str, share: float) -> str:
    """How much of a part was run, in words."""
    if part == "inputs":
        return f"at most {max(round(CALLS * share), 2)} calls a function"
    return "all cases" if share == 1 or part in WHOLE else f"{share:.0%} of the cases"


def table(kept: dict[str, Any]) -> str:
    """Markdown of all parts."""
    lines = []
    for part, title in PARTS.items():
        lines += ["", f"## {title}", ""]
        run = kept.get(part)
        if run is None:
            lines += [f"Not run yet: `python course.py stress {part}`."]
            continue
        tried, held = (sum(row[key] for row in run["rows"]) for key in ("tried", "held"))
        much = "all cases" if part in WHOLE else run["scale"]
        made = f"Seed {run['seed']}, {much}; {run['date']}, {run['processor']}."
        lines += [f"{held:,} of {tried:,} held. {made}", ""]
        lines += ["| tried | cases | held | |", "|---|--:|--:|---|"]
        for row in run["rows"]:
            numbers = f"{row['tried']:,} | {row['held']:,}" if row["tried"] else "– | –"
            said = "; ".join(text for text in (row.get("note"), row.get("of")) if text)
            lines += [f"| {row['what']} | {numbers} | {said} |"]
    return "\n".join(lines).lstrip("\n") + "\n"


def write_page() -> None:
    """docs/trust.md, from docs/trust.json."""
    kept = json.loads(COUNTS.read_text(encoding="utf-8")) if COUNTS.exists() else {}
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARK.sub(lambda _: "\n" + table(kept) + "\n", text), encoding="utf-8", newline="\n")


def runs_in(path: Path, seed: int, share: float) -> dict[str, Any]:
    """The runs of a trust.json, or of a tally, whose seed and share it does not say itself."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".jsonl":
        return json.loads(text)
    runs: dict[str, Any] = {}
    for row in map(json.loads, text.splitlines()):
        part = row.pop("part")
        date = f"{datetime.date.fromtimestamp(path.stat().st_mtime)}"
        about = {"seed": seed, "scale": scale(part, share), "date": date, "processor": processor()}
        runs.setdefault(part, {**about, "rows": []})["rows"].append(row)
    return runs


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; without one, all")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--share", type=float, default=1.0, help="of the cases, above 0: 0.25 is a quarter")
    options.add_argument(
        "--quick", action="store_const", dest="share", const=0.1, help="a tenth of the cases"
    )
    options.add_argument("--wings", nargs="*", default=[], help="of inputs: sae worlds; without it, all")
    options.add_argument("--days", default="", help="of the notebooks: 34 is days 3 and 4")
    options.add_argument(
        "--take", type=Path, metavar="FILE", help="another copy's trust.json, or a tally: run nothing"
    )
    options.add_argument(
        "--page", action="store_true", help="only write docs/trust.md anew from docs/trust.json"
    )
    asked = options.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        options.error(f"there is no part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    if not 0 < asked.share <= 1:
        options.error(f"--share {asked.share}: more than 0 and at most 1")
    if asked.take:
        taken = runs_in(asked.take, asked.seed, asked.share)
        for part in asked.parts or taken:
            keep(part, taken[part])
        return
    for part in () if asked.page else asked.parts or PARTS:
        print(f"{PARTS[part]} …", flush=True)
        rows = (
            bad_inputs(asked.seed, asked.share, asked.wings)
            if part == "inputs"
            else tested(part, asked.seed, asked.share, asked.days)
        )
        about = {"seed": asked.seed, "scale": scale(part, asked.share), "date": f"{datetime.date.today()}"}
        keep(part, {**about, "processor": processor(), "rows": rows})
        print(f"{sum(r['held'] for r in rows):,} of {sum(r['tried'] for r in rows):,} held\n", flush=True)
    if asked.page:
        write_page()


if __name__ == "__main__":
    main()
