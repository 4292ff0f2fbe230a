"""Measure a learner's dictionary and the shipped one on the same held-out texts, column by column.

Nothing that the learner measured is read. A column is beaten if the interval of the learner's score, the middle 95 % of
resampled texts, leaves out the shipped score and those of two dictionaries that learned nothing (untrained, principal
directions). These are ahead of ours by themselves in sensitivity, and the principal directions in removal.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import normalize

from course_utils.base import asset_path
from course_utils.capstone.points import COLUMN, COLUMNS_ASKED, Note, Unjudged
from course_utils.capstone.report_file import Report, shown
from course_utils.lm import load_model, load_texts
from course_utils.reading import BENCH_COLUMNS, BenchTexts, Column, bench_dictionary, bench_texts
from course_utils.sae import SAE, load_sae

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

SHIPPED = "layer_2"
HOOK_NAME = "blocks.2.hook_resid_post"
SAME_L0 = 0.10
COPIED = 0.99
"""Cosine from which on a decoder direction is one of ours."""
MOST_COPIED = 0.25
"""Share of such directions above which a dictionary is a copy. Trained apart, a few are found again."""
LARGEST = 200_000_000
MOST_LATENTS = 32_768
HELD = ("l0", "dead", "stability")
"""Columns that are held equal, cannot be beaten, or need another seed."""
UNTAUGHT = ("untrained", "pca")
TOGETHER = {"recall": "precision", "precision": "recall"}
"""A latent that is always on has all the recall there is: neither counts if the other has got worse."""
ROWS = 2_000


def judge_dictionary(report: Report) -> tuple[list[Note], list[str]]:
    """Notes and what is missing of project (a)."""
    form = report.form("DICTIONARY")
    columns, missing = _columns(form.get("columns")), []
    sae = _load(report.file("DICTIONARY", form.get("folder")))
    refuse_copy(sae)
    asked = ["fvu", *columns, *(TOGETHER[name] for name in columns if name in TOGETHER)]
    mine, ours = _measured(sae, asked), _shipped(asked)
    l0, wanted = mine["l0"].score, ours["l0"].score
    if not abs(l0 - wanted) <= SAME_L0 * wanted:
        raise Unjudged(
            f"your l0 is {l0:.1f}, and {(1 - SAME_L0) * wanted:.1f} to {(1 + SAME_L0) * wanted:.1f} is asked"
        )
    refuse_noise(mine.get("fvu"))
    notes = [Note(None, f"l0 {l0:.1f}, ours {wanted:.1f}")]
    for name in columns:
        if name not in mine or name not in ours:
            missing.append(f"{name}: cannot be measured for your dictionary")
            continue
        notes.append(compared(name, mine, ours))
    if len(columns) < COLUMNS_ASKED:
        missing.append(f"{COLUMNS_ASKED - len(columns)} of {COLUMNS_ASKED} columns are not named")
    return notes, missing


def refuse_noise(fvu: Column | None) -> None:
    """Raise unless the activations are rebuilt better than from as many principal directions.

    Raises:
        Unjudged: if they are not.
    """
    if fvu is None or not fvu.score < fvu.controls["pca"]:
        said = "all" if fvu is None else f"{fvu.score:.0%}"
        raise Unjudged(
            f"your dictionary leaves {said} of the variance unexplained, no less than as many principal directions: "
            "it is none yet"
        )


def compared(name: str, mine: Mapping[str, Column], ours: Mapping[str, Column]) -> Note:
    """Points for one column, and what was measured."""
    own, theirs = mine[name], ours[name].score
    low, high = own.interval or (own.score, own.score)
    untaught = [own.controls[control] for control in UNTAUGHT if control in own.controls]
    if not all(map(math.isfinite, (low, high, own.score, theirs, *untaught))):
        return Note(0.0, f"{name}: no finite number")
    best, end, sign = (max, low, 1) if own.better == "higher" else (min, high, -1)
    other = TOGETHER.get(name)
    if not sign * own.score > sign * theirs:
        verdict = "not beaten"
    elif not sign * end > sign * theirs:
        verdict = "better, but within the interval"
    elif untaught and not sign * end > sign * best(untaught):
        verdict = f"no better than what learned nothing ({best(untaught):.3f})"
    elif other and not (other in mine and mine[other].score >= ours[other].score):
        verdict = f"bought with a worse {other}"
    else:
        verdict = "beaten"
    told = f"{name} ({own.better} is better): {own.score:.3f} [{low:.3f}, {high:.3f}], ours {theirs:.3f}: {verdict}"
    return Note(COLUMN * (verdict == "beaten"), told)


def _columns(given: object) -> list[str]:
    """Those that count, one of each family."""
    if not isinstance(given, list | tuple) or not given:
        raise Unjudged(f"DICTIONARY names no columns: {COLUMNS_ASKED} of the bench's are asked")
    can = [name for name in BENCH_COLUMNS if name not in HELD]
    families: dict[str, str] = {}
    for name in given:
        if name not in can:
            raise Unjudged(f"{shown(name)} is no column that counts: there are {', '.join(can)}")
        families.setdefault(name.split("_")[0], name)
    return list(families.values())[:COLUMNS_ASKED]


def _load(folder: Path) -> SAE:
    inside = sorted(folder.iterdir()) if folder.is_dir() else [folder]
    if odd := [path for path in inside if path.is_symlink() or not (path.is_file() or path.is_dir())]:
        raise Unjudged(f"{shown(odd[0].name)} is no plain file: hand in your dictionary's own files")
    if (size := sum(map(_size, inside))) > LARGEST:
        raise Unjudged(f"your dictionary has {size / 1e6:,.0f} MB, and {LARGEST / 1e6:,.0f} are read at most")
    try:
        sae = load_sae(folder)
    except (ValueError, OSError, KeyError) as error:
        raise Unjudged(f"your dictionary cannot be read: {shown(str(error), 150)[1:-1]}") from None
    if not isinstance(sae, SAE):
        raise Unjudged("what you handed in is no autoencoder")
    if sae.d_in != 256:
        raise Unjudged(f"your dictionary reads {sae.d_in} numbers a token, and {HOOK_NAME} has 256")
    if sae.d_sae > MOST_LATENTS:
        raise Unjudged(
            f"your dictionary has {sae.d_sae:,} latents, and {MOST_LATENTS:,} are measured at most"
        )
    if not all(bool(torch.isfinite(p).all()) for p in sae.parameters()):
        raise Unjudged("weights of your dictionary are not finite")
    return sae.requires_grad_(False)


def _size(path: Path) -> int:
    """Bytes, unpacked if it is an archive, as npz is."""
    if path.is_dir():
        return 0
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return path.stat().st_size


def refuse_copy(sae: SAE) -> None:
    """Raise if many directions of a dictionary are those of one that ships, in whatever order and length, or if many
    of that one's are among them, with others around.

    Raises:
        Unjudged: if it is a copy.
    """
    directions = normalize(sae.W_dec.detach(), dim=1)
    for folder in sorted(path for path in asset_path("saes").iterdir() if path.is_dir()):
        theirs = normalize(load_sae(folder.name).W_dec.detach(), dim=1)
        if theirs.shape[1] != directions.shape[1]:
            continue
        ships = f"{folder.name}, which ships"
        for some, of, told in (
            (directions, theirs, f"of your directions are those of {ships}"),
            (theirs, directions, f"of {ships}, is in yours"),
        ):
            nearest = torch.cat([(rows @ of.T).abs().amax(dim=1) for rows in some.split(ROWS)])
            if (share := (nearest > COPIED).float().mean().item()) > MOST_COPIED:
                raise Unjudged(f"{share:.0%} {told}: train your own")


@cache
def _place() -> tuple[TransformerBridge, BenchTexts]:
    model = load_model("pocket")
    return model, bench_texts(
        model, HOOK_NAME, load_texts(), n_each=16, n_judged=8
    )  # as `course bench` has them


def _measured(sae: SAE, columns: list[str]) -> dict[str, Column]:
    model, texts = _place()
    try:
        return bench_dictionary(model, sae, texts, columns=["l0", *columns]).columns
    except ValueError as error:
        raise Unjudged(f"your dictionary cannot be measured: {shown(str(error), 150)[1:-1]}") from None


def _shipped(columns: list[str]) -> dict[str, Column]:
    return _measured(load_sae(SHIPPED).requires_grad_(False), columns)
