"""Merge sampled texts into the file that ships: `python -m course_utils.recipes.collect_texts FILE.jsonl[.gz] …`.

Names of forms are unified, exact repeats and texts under 100 characters dropped, order kept. Texts given after
``--later`` came when numbers had been measured: those that the split would hold out are dropped, so that the held-out
texts stay the ones that were measured on. Strays leave the training texts: those whose asked-for group is not among
the three likeliest to a classifier that learned from the other texts. Held-out texts stay as they were sampled.
"""

from __future__ import annotations

import argparse
import gzip
import json

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from course_utils.base import DATA
from course_utils.lm import split_of

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


def strays(rows: list[dict[str, str]], likeliest: int = 3) -> np.ndarray:
    """Which texts (n,) are not about what was asked for, judged in five folds."""
    groups = np.array([row["group"] for row in rows])
    judge = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, stop_words="english"), LogisticRegression(C=10, max_iter=300)
    )
    texts = [row["text"] for row in rows]
    shares = np.asarray(cross_val_predict(judge, texts, groups, cv=5, method="predict_proba"))
    own = np.searchsorted(np.unique(groups), groups)
    better = shares > shares[np.arange(len(rows)), own][:, None]
    return better.sum(axis=1) >= likeliest


def read(file: str) -> list[dict[str, str]]:
    opens = gzip.open if file.endswith(".gz") else open
    with opens(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row | {"form": FORMS.get(row["form"], row["form"])} for row in rows if len(row["text"]) >= 100]


def main(files: list[str], later: list[str]) -> None:
    found = [row for file in files for row in read(file)]
    found += [row for file in later for row in read(file) if split_of(row["text"]) == "train"]
    rows = list({row["text"]: row for row in reversed(found)}.values())[::-1]
    stray = strays(rows)
    kept = [
        row for row, off in zip(rows, stray, strict=True) if not off or split_of(row["text"]) == "held_out"
    ]
    out = DATA / "texts.jsonl.gz"
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept).encode()
    out.write_bytes(gzip.compress(data, compresslevel=9, mtime=0))
    print(
        f"{len(kept):,} texts, {out.stat().st_size / 1e6:.2f} MB compressed, in {out.name}; "
        f"{len(rows) - len(kept):,} strays left out of training, {stray.mean():.1%} are strays"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+")
    parser.add_argument("--later", nargs="*", default=[])
    main(**vars(parser.parse_args()))
