"""Take the README's moving picture from the real pages: `python tools/moving_picture.py`, after `make freeze`.

The days are exported with `--live`, opened in Chromium, and their explorers moved; what stands on the page is what is
seen. One GIF, since code hosts play it everywhere.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from course_utils.base import whole_file  # noqa: E402 — a program that finds its own folder first
from course_utils.desk import export_html  # noqa: E402

OUT = ROOT / "docs" / "pictures" / "explorers.gif"
MAX_BYTES = 1_500_000
WIDTH, HEIGHT, MARGIN = 720, 500, 16
FRAME, LAST_FRAME = 350, 1800  # milliseconds
SCENES: list[tuple[int, str, list[dict[str, Any]]]] = [
    (3, "The city from any side", [{"turn": turn, "tilt": 20} for turn in range(-120, 121, 20)]),
    (4, "Train a toy model", [{"sparsity": s} for s in (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99)]),
    (4, "Walk the phase diagram", [{"probability_of_feature": i} for i in (0, 3, 6, 9, 12)]),
    (6, "How clear is its subject?", [{"card": card} for card in (1, 2, 3)]),
]
"""Day, title of the explorer, and the settings that it goes through."""


def frames(page: Page, title: str, states: list[dict[str, Any]]) -> Iterator[Image.Image]:
    """What an explorer shows at each setting."""
    box = page.locator(".course-live").filter(has_text=title).first
    box.scroll_into_view_if_needed()
    box.evaluate("async (box) => await box.course.begin()")
    offered = box.evaluate(
        "(box) => Object.fromEntries(box.course.spec.controls.map((c) => [c.name, c.values]))"
    )
    for state in states:
        asked = {name: offered[name][value] if offered[name] else value for name, value in state.items()}
        box.evaluate("async (box, state) => await box.course.set(state)", asked)
        shot = Image.open(io.BytesIO(box.screenshot())).convert("RGB")
        canvas = Image.new("RGB", (WIDTH, HEIGHT), "white")
        width = WIDTH - 2 * MARGIN
        shown = shot.resize((width, round(shot.height * width / shot.width)), Image.Resampling.LANCZOS)
        canvas.paste(shown, (MARGIN, MARGIN))
        yield canvas


def film() -> tuple[list[Image.Image], list[int]]:
    """Frames, and for how long each stands."""
    shown: list[Image.Image] = []
    durations: list[int] = []
    system = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system, args=["--no-sandbox"])
        for day, title, states in SCENES:
            (notebook,) = (ROOT / "notebooks").glob(f"day_{day}_*.ipynb")
            written = Path(folder, f"day_{day}.html")
            if not written.exists():
                export_html(notebook, written, live=True)
            page = browser.new_page(viewport={"width": 900, "height": 900})
            page.goto(written.as_uri())
            scene = list(frames(page, title, states))
            shown += scene
            durations += [FRAME] * (len(scene) - 1) + [LAST_FRAME]
            page.close()
        browser.close()
    return shown, durations


def main() -> None:
    shown, durations = film()
    few = [frame.quantize(64, dither=Image.Dither.NONE) for frame in shown]
    with whole_file(OUT) as unfinished:
        few[0].save(
            unfinished, "GIF", save_all=True, append_images=few[1:], duration=durations, loop=0, optimize=True
        )
        if (size := unfinished.stat().st_size) > MAX_BYTES:
            raise ValueError(
                f"{OUT.name} has {size:,} bytes; more than {MAX_BYTES:,} is too much for a README"
            )
    print(f"{OUT.name}: {len(few)} frames, {OUT.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
