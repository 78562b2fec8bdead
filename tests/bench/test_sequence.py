"""The verdict on events, in Python: it must be able to fail. test_clients.py asks the same of C."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.load.events import event_template, frame_template, made
from bench.load.latency import bucket_of, middle_us, quantile_ms
from bench.load.plan import Plan, Stall, Subscriber, parse_plan
from bench.load.sequence import Breaks, Event, Pattern, Sequence, Share

FRAME = frame_template(event_template())


def taken(numbers: list[int], start: int = 0, stop: int = 5, share: Share | None = None) -> Breaks:
    breaks = Breaks()
    sequence = Sequence((start,), (stop,), share or Share(), breaks)
    for number in numbers:
        sequence.take(Event(0, number, 0))
    breaks.tell(f"left {sequence.left}")
    return breaks


def test_an_event_has_its_size_and_is_read_back() -> None:
    event = made(event_template())(3, 42, 7)
    assert len(event) == 300
    frame = made(FRAME)(3, 42, 7)
    assert frame.startswith(b'{"type":"event","partition":3,"offset":42,"event":{')
    assert Pattern(FRAME).match(frame) == Event(3, 42, 7)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"offset":42', b'"offset":43'),  # another event's bytes
        (b'"partition":3', b'"partition":2'),
        (b"000000000042", b"000000000041"),
        (b"xxx", b"xyx"),
        (b'"}}}', b'"}}'),
        (b'"}}}', b'"}}}}'),
    ],
)
def test_other_bytes_are_no_event(old: bytes, new: bytes) -> None:
    assert Pattern(FRAME).match(made(FRAME)(3, 42, 7).replace(old, new, 1)) is None


def test_a_kind_must_fit_its_number() -> None:
    template = event_template(b"bench.t%K")
    event = made(template)(0, 51, 0)
    assert b'"type":"bench.t01"' in event
    assert Pattern(template).match(event) == Event(0, 51, 0)
    assert Pattern(template).match(event.replace(b"t01", b"t02")) is None


def test_everything_in_order_is_clean() -> None:
    assert taken([0, 1, 2, 3, 4]) == Breaks(samples=["left 0"])


@pytest.mark.parametrize(
    ("numbers", "gaps", "repeats", "left"),
    [
        ([0, 1, 3, 4], 1, 0, 0),
        ([1, 2, 3, 4], 1, 0, 0),  # the very first is missing: counting alone would not show where
        ([0, 1, 1, 2, 3, 4], 0, 1, 0),
        ([0, 2, 1, 3, 4], 1, 1, 0),
        ([0, 1, 2, 3], 0, 0, 1),
        ([0, 1, 2, 3, 4, 4], 0, 1, 0),  # after the end, too
    ],
)
def test_breaks_are_counted(numbers: list[int], gaps: int, repeats: int, left: int) -> None:
    breaks = taken(numbers)
    assert (breaks.gaps, breaks.repeats, breaks.wrong) == (gaps, repeats, 0)
    assert breaks.samples[-1] == f"left {left}"


def test_an_event_before_the_requested_position_is_a_repeat() -> None:
    assert taken([2, 3, 4], start=3).repeats == 1


def test_a_filter_takes_its_share_and_nothing_else() -> None:
    share = Share(step=5, phase=4, width=2)  # 4 and 5, 9 and 10, …
    assert [n for n in range(12) if share.due(n) == n] == [0, 4, 5, 9, 10]
    assert taken([0, 4, 5, 9, 10], stop=12, share=share) == Breaks(samples=["left 0"])
    assert taken([0, 4, 9, 10], stop=12, share=share).gaps == 1
    assert taken([0, 1, 4, 5], stop=12, share=share).wrong == 1


def test_an_event_of_a_partition_that_there_is_not_is_wrong() -> None:
    breaks = Breaks()
    Sequence((0,), (5,), Share(), breaks).take(Event(1, 0, 0))
    assert breaks.wrong == 1


def test_a_plan_is_read_back() -> None:
    plan = Plan(
        port=8081,
        template=FRAME,
        subscribers=(
            Subscriber((5,), (9,), b"GET /\r\n", 1, 40, Stall(10, 2000), Share(50, 3, 25)),
            Subscriber((0, 1), (7, 8)),
        ),
        greeting=b"PONG",
        hold=True,
        sampled=frozenset({0, 1}),
        deadline_s=12,
    )
    assert parse_plan(plan.text().splitlines()[:-1]) == plan


@pytest.mark.parametrize("us", [0, 1, 127, 128, 200, 255, 256, 5_000, 123_456, 9_999_999])
def test_a_latency_is_kept_within_two_percent(us: int) -> None:
    assert middle_us(bucket_of(us)) == pytest.approx(us, rel=0.02)


def test_quantiles() -> None:
    histogram = Counter({bucket_of(1_000): 98, bucket_of(50_000): 2})
    assert quantile_ms(histogram, 0.5) == pytest.approx(1, rel=0.02)
    assert quantile_ms(histogram, 0.99) == pytest.approx(50, rel=0.02)
    assert quantile_ms(Counter(), 0.5) == 0
