"""Merge sampled texts into the file that ships: `python -m course_utils.recipes.collect_texts FILE.jsonl[.gz] …`.

Names of forms are unified, exact repeats and texts under 100 characters dropped, order kept.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

from course_utils.assets import DATA

FORMS = {
    "a diary entry": "diary",
    "a dialogue between two people": "dialogue",
    "a short anecdote": "memory",
    "a short description": "description",
    "a short explanation for a child": "explanation",
    "a short letter to a friend": "letter",
    "a short news report": "news",
    "a short paragraph": "paragraph",
    "a short speech": "speech",
    "a short story": "story",
}


def main(files: list[str]) -> None:
    rows = {}
    for file in files:
        with gzip.open(file, "rt") if file.endswith(".gz") else Path(file).open() as lines:
            for row in map(json.loads, lines):
                row["form"] = FORMS.get(row["form"], row["form"])
                if len(row["text"]) >= 100:
                    rows.setdefault(row["text"], row)
    out = DATA / "texts.jsonl.gz"
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows.values()).encode()
    out.write_bytes(gzip.compress(data, compresslevel=9, mtime=0))
    print(f"{len(rows):,} texts, {out.stat().st_size / 1e6:.2f} MB compressed, in {out.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
