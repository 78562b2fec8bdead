"""Lines and mappings become frames."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import RFC_4122, UUID

import orjson
import pytest

from broadcaster.identity import new_id, uuid7
from broadcaster.outgoing import Outgoing, prepare
from broadcaster.refusal import Refusal


def one(event: Any, type_: str | None = None) -> Outgoing:
    (ready,) = prepare(event, type_=type_, make_id=lambda: "made")
    assert isinstance(ready, Outgoing)
    return ready


def test_an_event_with_an_id_is_sent_as_it_is() -> None:
    line = '{"specversion":"1.0", "id":"7","data":{"n":123456789012345678901234567890,"f":1.0}}'
    assert one(line) == Outgoing(line.encode(), "7")


def test_an_event_without_id_gets_one_and_is_otherwise_untouched() -> None:
    line = b' {"specversion":"1.0","data":{"n":123456789012345678901234567890}}'
    ready = one(line)
    assert ready.id == "made"
    assert ready.frame == b'{"id":"made",' + line[2:]


def test_type_does_not_touch_events() -> None:
    line = b'{"specversion":"1.0","id":"7","type":"a"}'
    assert one(line, "b").frame == line


@pytest.mark.parametrize("bad", [7, "", None])
def test_an_id_that_is_none_is_left_to_the_listener_and_not_trusted(bad: object) -> None:
    line = orjson.dumps({"specversion": "1.0", "id": bad})
    assert one(line) == Outgoing(line, None)


@pytest.mark.parametrize(
    ("line", "data"),
    [
        ('{"a":1}', {"a": 1}),
        ("hello", {"text": "hello"}),
        ("42", {"text": "42"}),
        ('"quoted"', {"text": '"quoted"'}),
        ("null", {"text": "null"}),
        ("{broken", {"text": "{broken"}),
        ("grüß 🙂", {"text": "grüß 🙂"}),
    ],
)
def test_anything_else_becomes_data_of_the_type(line: str, data: object) -> None:
    ready = one(line, "message.posted")
    assert ready.id == "made"
    assert orjson.loads(ready.frame) == {
        "specversion": "1.0",
        "id": "made",
        "type": "message.posted",
        "data": data,
    }


def test_data_is_not_rewritten() -> None:
    assert (
        b'"data":{"n":123456789012345678901234567890}}'
        in one('{"n":123456789012345678901234567890}', "a").frame
    )


def test_without_a_type_it_is_sent_as_it_is_and_not_repeatable() -> None:
    assert one("hello") == Outgoing(b"hello", None)


def test_an_array_is_its_elements() -> None:
    ready = list(prepare('[{"specversion":"1.0","id":"1"},{"a":1}]', type_="t"))
    assert [r.id is not None for r in ready if isinstance(r, Outgoing)] == [True, True]
    assert list(prepare("[]")) == []


def test_a_mapping_is_an_event_too() -> None:
    assert one({"specversion": "1.0", "id": "1"}).frame == b'{"specversion":"1.0","id":"1"}'


@pytest.mark.parametrize("bad", [b"\xff\xfe", "\ud800", {"x": object()}, {1: 2}])
def test_what_is_not_utf_8_text_is_refused_here(bad: Any) -> None:
    (refusal,) = prepare(bad)
    assert isinstance(refusal, Refusal)
    assert refusal.type == "invalid-json"


def test_ids_are_uuid_v7() -> None:
    made = UUID(new_id())
    assert (made.version, made.variant) == (7, RFC_4122)
    age_s = datetime.now(UTC).timestamp() - (made.int >> 80) / 1000
    assert -1 < age_s < 60


def test_the_rfc_s_own_example() -> None:
    # RFC 9562, appendix A.6
    rand = 0xCC3 << 62 | 0x18C4DC0C0C07398F
    assert str(uuid7(0x017F22E279B0, rand)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_ids_sort_by_time() -> None:
    assert str(uuid7(1, 2**74 - 1)) < str(uuid7(2, 0))
