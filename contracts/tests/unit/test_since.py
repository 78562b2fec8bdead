"""The grammar of ``since`` and ``until``: every form, every refusal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.cursor import MAX_OFFSET, Cursor
from contracts.errors import InvalidCursorError
from contracts.since import Ago, Earliest, Instant, Last, Now, Offset, Point, parse_point

DAY_MS = 86_400_000
AT_TEN = 1_795_341_600_000  # 2026-11-22T10:00:00Z


def test_the_constant_is_what_its_comment_says() -> None:
    assert datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp() * 1000 == AT_TEN


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("now", Now()),
        ("earliest", Earliest()),
        ("0", Offset(0)),
        ("42", Offset(42)),
        ("0042", Offset(42)),
        (str(MAX_OFFSET), Offset(MAX_OFFSET)),
        ("0:42", Cursor((42,))),
        ("0:42,1:17", Cursor((42, 17))),
        ("0:42,1:17@3f9c21aa", Cursor((42, 17), "3f9c21aa")),
        ("last:0", Last(0)),
        ("last:100", Last(100)),
        ("-0s", Ago(0)),
        ("-15s", Ago(15_000)),
        ("-15m", Ago(900_000)),
        ("-2h", Ago(7_200_000)),
        ("-7d", Ago(7 * DAY_MS)),
        ("-999999999999999d", Ago(999_999_999_999_999 * DAY_MS)),
        ("2026-11-22T10:00:00Z", Instant(AT_TEN)),
        ("2026-11-22t10:00:00z", Instant(AT_TEN)),
        ("2026-11-22T12:00:00+02:00", Instant(AT_TEN)),
        ("2026-11-22T12:00:00 02:00", Instant(AT_TEN)),  # a + that arrived as a space
        ("2026-11-22T04:30:00-05:30", Instant(AT_TEN)),
        ("2026-11-22T10:00:00-00:00", Instant(AT_TEN)),
        ("2026-11-22T10:00:00.5Z", Instant(AT_TEN + 500)),
        ("2026-11-22T10:00:00.123Z", Instant(AT_TEN + 123)),
        ("2026-11-22T10:00:00.1230000Z", Instant(AT_TEN + 123)),
        ("2026-11-22T10:00:00.1230001Z", Instant(AT_TEN + 124)),  # at or after
        ("2026-11-22T10:00:00.9999Z", Instant(AT_TEN + 1000)),
        ("2016-12-31T23:59:60Z", Instant(1_483_228_800_000)),  # a leap second is the next one
        ("2016-12-31T18:59:60-05:00", Instant(1_483_228_800_000)),
        ("2024-02-29T00:00:00Z", Instant(1_709_164_800_000)),
        ("1970-01-01T00:00:00Z", Instant(0)),
        ("1969-12-31T23:59:59Z", Instant(0)),  # Kafka knows no earlier time
        ("0001-01-01T00:00:00+23:59", Instant(0)),
        ("9999-12-31T23:59:60-23:59", Instant(253_402_387_140_000)),
    ],
)
def test_forms(text: str, point: Point) -> None:
    assert parse_point(text) == point


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NOW",
        "Earliest",
        "latest",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "0x10",
        " 42",
        "42 ",
        "42\n",
        "4_2",
        "٤٢",  # Arabic-Indic digits
        "４２",  # full-width digits
        "²",
        str(MAX_OFFSET + 1),
        "9" * 19,
        "9" * 20,
        "9" * 5000,
        "last:",
        "last:-1",
        "last:+1",
        "last: 1",
        "last:١",
        "last:1.5",
        f"last:{MAX_OFFSET + 1}",
        "LAST:1",
        "-15",
        "-m",
        "-15M",
        "-15w",
        "-15ms",
        "-1.5h",
        "--15m",
        "15m",
        "-1h30m",
        "-" + "9" * 16 + "d",
        "-١m",
        "0:",
        ":42",
        "0:42,",
        "0:42,,1:1",
        "1:17",
        "0:1,2:1",
        "0:1,0:1",
        "0:-1",
        "0:+1",
        "0:1@",
        "0:1@xyz",
        "0:1@3F9C21AA",
        "0:1@3f9c21aa@3f9c21aa",
        "0:٤",
        f"0:{MAX_OFFSET + 1}",
        "99999999999:1",
        "2026-11-22",
        "2026-11-22T10:00:00",  # no zone: whose ten o'clock?
        "2026-11-22 10:00:00Z",
        "2026-11-22T10:00Z",
        "2026-11-22T10:00:00.Z",
        "2026-11-22T10:00:00+0200",
        "2026-11-22T10:00:00+2:00",
        "2026-11-22T10:00:00Z ",
        "2026-11-22T10:00:00ZZ",
        "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "2026-00-01T10:00:00Z",
        "2026-11-31T10:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:60:00Z",
        "2026-11-22T10:00:61Z",
        "2026-11-22T10:00:00+24:00",
        "2026-11-22T10:00:00+02:60",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-11-22T10:00:00Z",
        "12026-11-22T10:00:00Z",
    ],
)
def test_refusals(text: str) -> None:
    with pytest.raises(InvalidCursorError) as raised:
        parse_point(text)
    message = str(raised.value)
    assert message
    if len(text) > 20:
        assert text not in message, "what came is not echoed"


def test_a_refusal_says_what_was_expected() -> None:
    with pytest.raises(InvalidCursorError, match=r"earliest.*0:42,1:17.*-15m.*last:100"):
        parse_point("yesterday")


@given(st.text(max_size=40))
def test_any_text_is_a_point_or_a_refusal(text: str) -> None:
    try:
        point = parse_point(text)
    except InvalidCursorError:
        return
    if isinstance(point, Offset):
        assert 0 <= point.offset <= MAX_OFFSET


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001 - the zone comes next
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_times_are_the_instants_that_they_name(moment: datetime, zone_minutes: int) -> None:
    hours, minutes = divmod(abs(zone_minutes), 60)
    zone = f"{'-' if zone_minutes < 0 else '+'}{hours:02}:{minutes:02}"
    text = f"{moment:%Y-%m-%dT%H:%M:%S.%f}".rjust(26, "0") + zone
    exact_us = (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // (
        datetime.resolution
    ) - zone_minutes * 60_000_000
    assert parse_point(text) == Instant(max(0, -(-exact_us // 1000)))


@given(st.lists(st.integers(0, MAX_OFFSET), min_size=1, max_size=5), st.booleans())
def test_cursors_come_back_as_they_were_given(positions: list[int], named: bool) -> None:
    cursor = Cursor(tuple(positions), "0badcafe" if named else None)
    assert parse_point(str(cursor)) == cursor
