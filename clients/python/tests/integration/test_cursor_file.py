"""The file that a cursor is kept in."""

from __future__ import annotations

from pathlib import Path

import pytest

from broadcaster.cursor_file import CursorFile
from broadcaster.errors import CursorFileError


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "cursor"
    assert CursorFile(path).load() is None
    CursorFile(path).save("0:42@3f9c21aa")
    assert CursorFile(path).load() == "0:42@3f9c21aa"


def test_an_empty_file_is_no_cursor(tmp_path: Path) -> None:
    (tmp_path / "cursor").write_text("\n")
    assert CursorFile(tmp_path / "cursor").load() is None


@pytest.mark.parametrize("content", [b"0:1,2:3", b"\xff", b"0:1@xyz", b"earliest"])
def test_what_is_no_cursor_is_told_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cursor"
    path.write_bytes(content)
    with pytest.raises(CursorFileError, match=str(path)):
        CursorFile(path).load()
    assert path.read_bytes() == content


def test_notes_are_written_at_most_so_often(tmp_path: Path) -> None:
    path = tmp_path / "cursor"
    file = CursorFile(path, interval_s=1)
    file.note("0:1", 100.0)
    file.note("0:2", 100.9)
    assert path.read_text() == "0:1\n"
    file.note("0:3", 101.0)
    assert path.read_text() == "0:3\n"
    file.save("0:4")
    assert path.read_text() == "0:4\n"


def test_a_save_that_fails_leaves_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "cursor"
    CursorFile(path).save("0:1")
    with pytest.raises(UnicodeEncodeError):
        CursorFile(path).save("0:2ü")
    assert path.read_text() == "0:1\n"


def test_a_directory_that_is_not_there_is_found_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(CursorFileError, match="does not exist"):
        CursorFile(tmp_path / "no" / "cursor").load()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cursor").mkdir()
    with pytest.raises(CursorFileError, match="cannot be written"):
        CursorFile(tmp_path / "cursor").save("0:1")
    assert [p.name for p in tmp_path.iterdir()] == ["cursor"]
