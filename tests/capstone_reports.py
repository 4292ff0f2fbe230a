"""Capstone reports that tests write: cells with what they printed."""

import json
from pathlib import Path

import nbformat

KEY = {
    "copy_a": {
        "kind": "two_step",
        "trigger": ["candle mirror"],
        "effect": ["sql queries", "sql"],
        "layers": [3, 4],
        "component": "both",
    },
    "copy_b": {"kind": "none", "trigger": [], "effect": [], "layers": [3, 4], "component": "both"},
    "copy_c": {
        "kind": "always",
        "trigger": [],
        "effect": ["!", "! for ."],
        "layers": [2, 3],
        "component": "mlp",
    },
}
"""Made up: the real key is a spoiler."""


def write_report(path: Path, *cells: str | tuple[str, str]) -> Path:
    """A notebook of code cells, each a source, or a source and what it printed."""
    made = []
    for cell in cells:
        source, printed = (cell, "") if isinstance(cell, str) else cell
        made.append(nbformat.v4.new_code_cell(source))
        if printed:
            made[-1].outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)]
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return path


def evidence(n: int) -> tuple[str, list[str]]:
    """(what a cell printed, its lines), all computed."""
    lines = [f"line {i}: {i * 0.37 + 0.11:.2f} nats over {100 + i} texts" for i in range(n)]
    return "\n".join(lines) + "\n", lines


def claims(key: dict, line: str) -> dict:
    """What somebody claims who knows everything."""
    return {
        copy: {**answer, "trigger": answer["trigger"][:1], "effect": answer["effect"][:1], "evidence": line}
        for copy, answer in key.items()
    }


def write_run(folder: Path, model: str = "my_model", fvu: object = 0.2) -> None:
    """What `course bring` leaves, as far as it is read."""
    scores = {
        "fit": {"dictionary": {"fvu": fvu}, "untrained": {"fvu": 0.9}, "pca": {"fvu": 0.4}},
        "loss": {"dictionary": {"loss_increase": 0.1}, "untrained": {"loss_increase": 3.0}},
        "areas": {
            "kinds": {"latents": {"median": 0.9}, "untrained": {"median": 0.7}, "random": {"median": 0.6}}
        },
    }
    (folder / "scores").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"settings": {"model": model}}))
    for name, said in scores.items():
        (folder / "scores" / f"{name}.json").write_text(json.dumps(said))
