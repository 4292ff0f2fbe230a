"""What is measured on a page in the browser: what is cut, and what is too small to read."""

from course_utils.base import DPI
from course_utils.desk.legible import LEAST, SMALLEST_LABEL

CUT = """(pushed) => [...document.querySelectorAll(":is(main, article) *:not(svg *)")]
    .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != "inline")
    .filter(e => !e.closest(`math, ${pushed}`))
    .map(e => `${e.tagName} ${e.className} ${e.scrollWidth} > ${e.clientWidth}: ${e.textContent.trim().slice(0, 60)}`)"""
LABELS = """([points, dpi]) => {
    const wide = (e) => e.getBoundingClientRect().width, all = (what) => [...document.querySelectorAll(what)].filter(wide);
    return [
        ...all(":is(.jp-RenderedImage, .cell_output) img, img[width]").map(i => [points / 72 * dpi * wide(i) / i.naturalWidth, i.alt]),
        ...all(".course-live svg text").map(t => {
            const svg = t.ownerSVGElement;
            return [parseFloat(getComputedStyle(t).fontSize) * wide(svg) / svg.viewBox.baseVal.width, t.textContent];
        }),
    ];
}"""
"""Of every figure how high its smallest label is, in pixels, if that has so many points."""

ALIVE = "Promise.all([...document.querySelectorAll('.course-live')].map((box) => box.course.begin())).then(() => {})"


def cut(tab, pushed='[tabindex="0"]'):
    """What does not fit its place, but for what can be pushed sideways: a CSS selector."""
    return tab.evaluate(CUT, pushed)


def illegible(tab):
    """Figures with labels below nine pixels."""
    labels = tab.evaluate(LABELS, [SMALLEST_LABEL, DPI])
    assert len(labels) >= 5, "a day has more figures than that"
    return [each for each in labels if each[0] < LEAST - 0.01]
