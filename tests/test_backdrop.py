import matplotlib.pyplot as plt
import numpy as np
from matplotlib.image import imread

from course_utils.plots import Backdrop


def pixels(figure, path):
    path.write_bytes(figure.png())
    return imread(path)


def test_what_moves_leaves_no_trace_and_the_rest_stays(tmp_path):
    left, right = plt.subplots(1, 2, figsize=(4, 2), layout="constrained")[1]
    left.imshow([[0, 1], [2, 3]])
    (dot,) = left.plot(0, 0, "ro")
    figure = Backdrop(left, lambda: [dot, right], dpi=60)
    first = pixels(figure, tmp_path / "0.png")
    assert first.shape[:2] == (120, 240) and not plt.fignum_exists(left.figure.number)
    dot.set_data([1], [1])
    right.clear()
    right.set(title="a long title", xlabel="x")
    moved = pixels(figure, tmp_path / "1.png")
    changed = np.argwhere((first != moved).any(axis=2))
    assert len(changed) and not np.array_equal(first, moved)
    dot.set_data([0], [0])
    right.clear()
    assert np.array_equal(pixels(figure, tmp_path / "2.png"), first)


def test_what_moves_is_drawn_where_the_whole_figure_has_it(tmp_path):
    ax = plt.subplots(figsize=(3, 2))[1]
    (dot,) = ax.plot(0.2, 0.2, "ko", markersize=12)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    figure = Backdrop(ax, lambda: [dot], dpi=80)
    dot.set_data([0.5], [0.5])
    shown = pixels(figure, tmp_path / "dot.png")
    column, row = ax.transData.transform((0.5, 0.5))
    assert shown[160 - round(row), round(column), :3].max() < 0.1
