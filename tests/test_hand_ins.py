"""Which files are hand-ins, and what goes with them."""

import needs
import pytest
from hand_ins import write

from course_utils.grade import find_hand_ins
from course_utils.grade.hand_ins import copy_hand_in


@needs.links
def test_links_and_checkpoints_are_not_followed(tmp_path):
    write(tmp_path / "class" / ".ipynb_checkpoints" / "a.ipynb", [])
    write(tmp_path / "class" / "a.ipynb", [])
    (tmp_path / "round").symlink_to(tmp_path)
    assert [one.learner for one in find_hand_ins(tmp_path)] == ["class/a"]
    with pytest.raises(NotADirectoryError):
        find_hand_ins(tmp_path / "nowhere")


def test_capitals_and_what_browsers_add_do_not_matter(tmp_path):
    for name in (
        "UPPER.IPYNB",
        "a.ipynb.txt",
        "b.Ipynb.json",
        "c.ipynb.bak",
        "__MACOSX/._d.ipynb",
        "notes.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [one.learner for one in find_hand_ins(tmp_path)] == ["UPPER", "a", "b"]
    copy_hand_in(find_hand_ins(tmp_path)[0], tmp_path / "copy", 1e6)
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        "UPPER.IPYNB",
        "c.ipynb.bak",
        "notes.txt",
    ]


def test_what_is_hidden_is_not_copied_and_too_much_is_refused(tmp_path):
    write(tmp_path / "ada" / "a.ipynb", [])
    for name in (".venv", "images"):
        (tmp_path / "ada" / name).mkdir()
        (tmp_path / "ada" / name / "file").write_bytes(bytes(1000))
    one = find_hand_ins(tmp_path)[0]
    copy_hand_in(one, tmp_path / "copy", 1e6)
    assert sorted(p.name for p in (tmp_path / "copy").iterdir()) == ["a.ipynb", "images"]
    with pytest.raises(ValueError, match="beside it"):
        copy_hand_in(one, tmp_path / "again", 500)


def test_what_came_read_only_can_be_written_in_its_copy(tmp_path):
    write(tmp_path / "ada" / "a.ipynb", [])
    (tmp_path / "ada" / "data").mkdir()
    (tmp_path / "ada" / "data" / "file").touch(mode=0o444)
    for folder in ("ada/data", "ada"):
        (tmp_path / folder).chmod(0o555)
    copy_hand_in(find_hand_ins(tmp_path)[0], tmp_path / "copy", 1e6)
    for name in ("", "data", "data/file"):
        assert (tmp_path / "copy" / name).stat().st_mode & 0o200
    for folder in ("ada", "ada/data"):
        (tmp_path / folder).chmod(0o755)
