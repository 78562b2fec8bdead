"""SSE through the lanes: after every write ``lastEventId`` is the cursor after what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage, finish

from contracts.cursor import parse_cursor
from publisher.app.catch_up_lane import Turns
from publisher.app.subscription import Lane
from publisher.domain.encoding import CLOUDEVENTS, WEBSOCKET, Encoding
from publisher.domain.filter import Filter
from publisher.domain.http_encodings import BARE, sse
from publisher.domain.page import Page
from publisher.domain.resume import Resume, parse_event_id
from support.sse import SseReader

GENERATION = "0badcafe"


class Browser:
    """What an EventSource has got: it may be cut after any byte, and then resumes from its id."""

    def __init__(self, start: tuple[int, ...]) -> None:
        self.reader = SseReader()
        self.got: list[tuple[int, int]] = []
        self.at = list(start)

    def take(self, sink: FakeSink) -> None:
        """The writes since the last look; after each the id is exact."""
        writes, sink.writes = sink.writes, []
        for write in writes:
            for event in self.reader.feed(write):
                if event.type == "message":
                    place = (event.frame["partition"], event.frame["offset"])
                    assert place[1] >= self.at[place[0]]
                    self.at[place[0]] = place[1] + 1
                    self.got.append(place)
            assert self.resume() == self.at, "the id after a write is the cursor after it"

    def resume(self) -> list[int]:
        """Where it would go on."""
        resume = parse_event_id(self.reader.last_event_id)
        assert isinstance(resume, Resume)
        return list(resume.cursor.positions)


def form(partitions: int, end: str | None = None) -> Encoding:
    return sse(BARE, GENERATION, partitions, end)


@pytest.mark.parametrize("partitions", [1, 3])
@given(script=st.lists(st.integers(0, 2), max_size=30), read_bytes=st.sampled_from([1, 300, 9000]))
def test_ids_are_exact_in_replay_and_live(
    partitions: int, script: list[int], read_bytes: int
) -> None:
    stage = Stage(*[4] * partitions, turns=Turns(read_bytes=read_bytes))
    subscription, sink = stage.join(*[0] * partitions, encoding=form(partitions))
    stage.hub.heartbeat(subscription)
    browser = Browser((0,) * partitions)
    for chosen in script:
        stage.settle()
        browser.take(sink)
        stage.publish(chosen % partitions)
        browser.take(sink)
    stage.settle()
    browser.take(sink)
    for partition in range(partitions):
        offsets = [offset for at, offset in browser.got if at == partition]
        assert offsets == list(range(stage.log.tips[partition]))
    assert subscription.lane is Lane.LIVE


def test_a_bounded_streams_ids_carry_its_end_in_every_write() -> None:
    stage = Stage(5, turns=Turns(read_bytes=1))
    _, sink = stage.join(0, stop=(3,), encoding=form(1, "0:3@0badcafe"))
    stage.settle()
    reader = SseReader()
    seen = []
    for write in sink.writes:
        reader.feed(write)
        seen.append(reader.last_event_id)
    assert seen == [f"0:{at}@0badcafe/0:3@0badcafe" for at in (1, 2, 3, 3)]
    last = parse_event_id(seen[-1])
    assert isinstance(last, Resume)
    assert last.is_complete
    assert sink.closed is not None


def test_subscribers_of_equal_streams_share_one_block_and_filters_get_their_own() -> None:
    stage = Stage(2, 2)
    sinks = [stage.join(encoding=form(2))[1] for _ in range(3)]
    _, filtered = stage.join(encoding=form(2), wanted=Filter(types=frozenset({"b"})))
    _, socket = stage.join()
    for sink in (*sinks, filtered, socket):
        sink.writes.clear()
    stage.publish(1, "a")
    assert len({id(sink.writes[-1]) for sink in sinks}) == 1, "one block, not equal ones"
    assert sinks[0].writes[-1].endswith(b"\n\nevent: cursor\nid: 0:2,1:3@0badcafe\n\n")
    assert filtered.writes == [], "nothing for it, and so no id either"
    assert socket.writes[-1].startswith(b"\x81")


def test_a_second_partition_changes_ids_before_anything_of_it_is_written() -> None:
    stage = Stage(3)
    live, live_sink = stage.join(encoding=form(1))
    behind, behind_sink = stage.join(0, encoding=form(1), sink=FakeSink(high=1))
    stage.settle()
    stage.publish()
    assert live_sink.writes[-1].startswith(b"id: 0:4@0badcafe\n")

    stage.broker.partitions.append(type(stage.broker.partitions[0])())
    stage.broker[1].append()
    stage.hub.add_partition(floor=0, tip=1)
    stage.settle()
    stage.publish(0)
    for sink in (live_sink, behind_sink):
        sink.high = 1 << 20
        sink.drain()
    stage.settle()

    for subscription, sink in ((live, live_sink), (behind, behind_sink)):
        reader = SseReader()
        for write in sink.writes:
            reader.feed(write)
        assert parse_cursor(reader.last_event_id).positions == (5, 1)
        assert subscription.lane is Lane.LIVE
        assert subscription.encoding == form(2)
        assert b"\nid: 0:5@" not in b"".join(sink.writes), "an id that would repeat partition 1"


def test_a_second_partition_in_the_midst_of_a_round() -> None:
    stage = Stage(3)
    sinks = [stage.join(encoding=form(1))[1] for _ in range(70)]
    stage.broker[0].append()
    steps = stage.round(suspended=True)
    stage.broker.partitions.append(type(stage.broker.partitions[0])())
    stage.hub.add_partition(floor=0, tip=0)
    finish(steps)
    stage.settle()
    stage.publish(1)
    stage.settle()
    for sink in sinks:
        browser = Browser((3, 0))
        for write in sink.writes:
            for event in browser.reader.feed(write):
                if event.type == "message":
                    browser.got.append((event.frame["partition"], event.frame["offset"]))
        assert browser.got == [(0, 3), (1, 0)]
        assert browser.resume() == [4, 1]


def test_views_in_another_form_count_in_the_memory() -> None:
    stage = Stage(0)
    stage.join(encoding=form(1))
    before = stage.log.tail_bytes
    stage.publish()
    plain = Stage(0)
    plain.join()
    plain.publish()
    assert stage.log.tail_bytes - before > plain.log.tail_bytes


def test_bare_cloudevents_get_events_and_nothing_else() -> None:
    stage = Stage(2)
    subscription, sink = stage.join(0, encoding=CLOUDEVENTS)
    stage.settle()
    stage.publish()
    stage.hub.heartbeat(subscription)
    stage.sweep._beat({subscription})
    stage.hub.move(subscription, 100)
    texts = b"".join(sink.writes).split(b"\x81")[1:]
    assert [text[1:] for text in texts] == [
        b'{"id":"0.%d","type":"a"}' % offset for offset in range(3)
    ]
    assert sink.closed is not None


def test_a_view_is_made_once_per_form() -> None:
    stage = Stage(1)
    page: Page = stage.broker.page(0, 0, 1)
    bounded, other = form(1, "0:1@x"), form(2)
    assert page.view(Filter(), bounded) is page.view(Filter(), other)
    assert page.view(Filter(), form(1)) is not page.view(Filter(), other)
    assert page.view(Filter(), WEBSOCKET) is page
