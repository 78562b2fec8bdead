"""Reading files and documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from broadcaster.errors import InputError
from broadcaster.lines import Line, check_readable, read_lines


async def lines(path: Path) -> list[Line]:
    return [line async for line in read_lines(str(path))]


async def test_a_file_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"a\nb\r\nc")
    assert await lines(path) == [Line(1, b"a"), Line(2, b"b"), Line(3, b"c")]


async def test_many_chunks(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"".join(b"%06d\n" % number for number in range(100_000)))
    read = await lines(path)
    assert len(read) == 100_000
    assert read[77_777] == Line(77_778, b"077777")


async def test_a_json_document_is_one_line_however_it_is_laid_out(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text('{\n  "a": 1\n}\n')
    assert await lines(path) == [Line(1, b'{\n  "a": 1\n}')]


async def test_lines_in_a_json_file_are_lines(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text('{"a":1}\n{"a":2}\n')
    assert [line.text for line in await lines(path)] == [b'{"a":1}', b'{"a":2}']


async def test_a_broken_document_is_not_published_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text('{\n  "a": 1,\n}\n')
    with pytest.raises(InputError, match="neither a JSON document nor lines of JSON"):
        await lines(path)


async def test_leaving_early(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"x" * 1000 + b"\n" + b"y\n" * 500_000)
    reading = read_lines(str(path))
    assert (await anext(reading)).number == 1
    await reading.aclose()


def test_what_cannot_be_read_is_found_before(tmp_path: Path) -> None:
    check_readable(["-"])
    with pytest.raises(InputError, match="No such file"):
        check_readable([str(tmp_path / "nowhere")])
    with pytest.raises(InputError, match="is a directory"):
        check_readable([str(tmp_path)])
