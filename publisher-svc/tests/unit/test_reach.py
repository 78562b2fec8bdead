"""Own keys: whatever is asked, nothing of anybody else's, in replay and live, in every form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage
from publisher_fakes.variety import BATCH, DEFLATED

from contracts.problem import Problem, ProblemType
from publisher.domain.encoding import WEBSOCKET
from publisher.domain.parameters import StreamParameters, parse_parameters
from publisher.domain.reach import EVERYTHING_SEEN, Reach, Reaches

NAMES = ["ann", "bob", "Ann", "an", "ann ", "", "zoë", "\N{LATIN SMALL LETTER A}nn", "ann,bob", "*"]
PAIRS = st.lists(
    st.one_of(
        st.tuples(st.just("key"), st.sampled_from([*NAMES, "%", "ann&key=bob"]) | st.text()),
        st.tuples(st.just("type"), st.sampled_from(["a", "b", "a,b", "a.*", "*", ""])),
        st.tuples(st.just("since"), st.sampled_from(["earliest", "now", "0:1", "last:3"])),
        st.sampled_from([("on_expired", "earliest"), ("batch", "true"), ("access_token", "x")]),
        st.tuples(st.text(), st.text()),
    ),
    max_size=6,
)


@given(st.sampled_from(NAMES) | st.text(st.characters(exclude_categories=["Cs"])), PAIRS)
def test_whatever_is_asked_only_the_own_key_is_wanted(
    name: str, pairs: list[tuple[str, str]]
) -> None:
    answer = parse_parameters(pairs, Reach(name), most_events=10, batches=True)
    if isinstance(answer, StreamParameters):
        assert answer.wanted.keys == {name.encode()}
        assert not answer.wanted.takes_all
    free = parse_parameters(pairs, EVERYTHING_SEEN, most_events=10, batches=True)
    if isinstance(free, Problem):
        assert answer == free, "what is not understood is told as to everybody"
    elif isinstance(answer, StreamParameters):
        assert answer.wanted.types == free.wanted.types
        assert answer.wanted.prefixes == free.wanted.prefixes
        assert free.wanted.keys <= {name.encode()}


@pytest.mark.parametrize(
    ("keys", "refused"),
    [((), False), (("ann",), False), (("ann", "ann"), False), (("bob",), True)]
    + [((other,), True) for other in ("Ann", "ann ", "an", "anna")]
    + [(("ann", "bob"), True)],
)
def test_the_own_key_may_be_named_and_no_other(keys: tuple[str, ...], refused: bool) -> None:
    answer = parse_parameters([("key", key) for key in keys], Reach("ann"))
    if refused:
        assert isinstance(answer, Problem)
        assert answer.type is ProblemType.FORBIDDEN
        assert "leave out key" in answer.detail
        assert "ann" not in answer.detail
    else:
        assert isinstance(answer, StreamParameters)


def test_operators_see_everything_and_so_does_everybody_without_the_wall() -> None:
    walled = Reaches(own_only=True, operators=frozenset({"ops"}))
    assert [walled.of(name).key for name in ("ann", "ops", "Ops")] == ["ann", None, "Ops"]
    assert Reaches().of("ann") == EVERYTHING_SEEN
    assert walled.of("ann", 7.0) == Reach("ann", 7.0)
    assert walled.of("ops", 7.0) == Reach(None, 7.0)


KEYS = [b"ann", b"bob", b"Ann", b"an", b"ann\x00", b"", None, "zoë".encode(), b"\xff"]


@given(st.data())
def test_in_replay_and_live_each_gets_the_own_events_and_all_of_them(data: st.DataObject) -> None:
    stage = Stage(0)
    stored: list[bytes | None] = []

    def publish(count: int) -> None:
        for key in data.draw(st.lists(st.sampled_from(KEYS), min_size=count, max_size=count)):
            stage.publish(key=key)
            stored.append(key)

    def join(name: str) -> tuple[str, int, FakeSink]:
        pairs = data.draw(st.sampled_from([[], [("key", name)]]))
        parameters = parse_parameters(pairs, Reach(name))
        assert isinstance(parameters, StreamParameters)
        start = data.draw(st.integers(0, len(stored)))
        sink = FakeSink(high=data.draw(st.sampled_from([150, 1 << 20])))
        encoding = data.draw(st.sampled_from([WEBSOCKET, BATCH, DEFLATED]))
        stage.join(start, wanted=parameters.wanted, sink=sink, encoding=encoding)
        return name, start, sink

    publish(data.draw(st.integers(0, 12)))
    joined = [join(name) for name in ("ann", "bob", "zoë", "nobody")]
    stage.settle()
    publish(data.draw(st.integers(0, 12)))
    joined += [join("ann")]
    stage.settle()
    for name, start, sink in joined:
        while sink.buffered_bytes:
            sink.drain()
            stage.settle()
        own = [(0, at) for at, key in enumerate(stored) if key == name.encode() and at >= start]
        assert sink.events() == own, name
