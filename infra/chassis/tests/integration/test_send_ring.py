"""The send ring against real sockets and the real kernel: what is taken, and what is not."""

from __future__ import annotations

import errno
import os
import resource
import socket
import sys
import threading
from array import array
from collections.abc import Iterator

import pytest

from chassis.errors import SendRingUnavailableError
from chassis.send_ring import ENTRIES, SendRing
from support.rings import ring_or_skip

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def ring() -> Iterator[SendRing]:
    one = ring_or_skip(SendRing)
    yield one
    one.close()


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    made = [socket.socketpair() for _ in range(40)]
    for here, _ in made:
        here.setblocking(False)
    yield made
    for pair in made:
        for each in pair:
            each.close()


def descriptors(pairs: list[Pair]) -> array[int]:
    return array("i", [here.fileno() for here, _ in pairs])


def taken_by(pair: Pair) -> bytes:
    pair[1].setblocking(False)
    got = bytearray()
    try:
        while part := pair[1].recv(1 << 20):
            got += part
    except BlockingIOError:
        pass
    return bytes(got)


def test_each_gets_all_in_order_however_often_the_ring_goes_round(
    ring: SendRing, pairs: list[Pair]
) -> None:
    sockets = descriptors(pairs)
    for number in range(5 * ENTRIES // len(pairs)):
        assert ring.send(sockets, b"<%d>" % number) == {}
        assert {taken_by(pair) for pair in pairs} == {b"<%d>" % number}


def test_more_than_the_ring_holds_takes_several_calls(ring: SendRing, pairs: list[Pair]) -> None:
    times = ENTRIES // len(pairs) + 5
    assert ring.send(descriptors(pairs) * times, b"x") == {}
    assert {taken_by(pair) for pair in pairs} == {b"x" * times}


def test_one_result_for_each_that_falls_short_and_no_other(
    ring: SendRing, pairs: list[Pair]
) -> None:
    full, gone = pairs[3], pairs[7]
    filled = 0
    while ring.send(array("i", [full[0].fileno()]), b"f" * 1000) == {}:
        filled += 1
    gone[1].close()
    sockets = descriptors(pairs)
    sockets[11] = -1
    assert ring.send(sockets, b"block") == {
        3: -errno.EAGAIN,
        7: -errno.EPIPE,
        11: -errno.EBADF,
    }
    others = [pair for at, pair in enumerate(pairs) if at not in (3, 7, 11)]
    assert {taken_by(pair) for pair in others} == {b"block"}
    assert b"block" not in taken_by(full)


def test_what_a_socket_takes_of_a_large_block_is_told(ring: SendRing) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        here = socket.create_connection(listener.getsockname())
        there, _ = listener.accept()
    with here, there:
        here.setblocking(False)
        block = os.urandom(16 << 20)
        took = ring.send(array("i", [here.fileno()]), block)[0]
        assert 0 < took < len(block)
        here.close()
        got = bytearray()
        while part := there.recv(1 << 20):
            got += part
        assert bytes(got) == block[:took]


def test_a_refused_ring_sends_nothing_and_is_closed(
    ring: SendRing, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: int) -> int:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(ring, "_call", refused)
    short = ring.send(descriptors(pairs), b"x")
    assert short == dict.fromkeys(range(len(pairs)), -errno.ECANCELED)
    assert not ring.is_open
    assert {taken_by(pair) for pair in pairs} == {b""}
    assert ring.send(descriptors(pairs), b"x") == short


def test_what_the_kernel_took_before_it_refused_is_known(
    ring: SendRing, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    really, calls = ring._call, 0

    def some(number: int, descriptor: int, _: int, __: int, flags: int) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            return really(number, descriptor, 5, 5, flags)
        raise OSError(errno.ENOMEM, "no")

    monkeypatch.setattr(ring, "_call", some)
    assert ring.send(descriptors(pairs), b"x") == dict.fromkeys(
        range(5, len(pairs)), -errno.ECANCELED
    )
    assert [taken_by(pair) for pair in pairs] == [b"x"] * 5 + [b""] * (len(pairs) - 5)


def test_an_interrupted_call_is_made_again(
    ring: SendRing, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    really, calls = ring._call, 0

    def now_and_then(number: int, *arguments: int) -> int:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise InterruptedError(errno.EINTR, "a signal")
        return really(number, *arguments)

    monkeypatch.setattr(ring, "_call", now_and_then)
    assert ring.send(descriptors(pairs), b"x") == {}
    assert {taken_by(pair) for pair in pairs} == {b"x"}


def test_no_other_thread_has_its_turn_meanwhile(ring: SendRing, pairs: list[Pair]) -> None:
    """One that is busy would keep the interpreter for its whole interval."""
    begin, turns, sockets = threading.Event(), list[str](), descriptors(pairs)

    def other() -> None:
        begin.wait()
        turns.append("other")

    thread = threading.Thread(target=other)
    thread.start()
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(60.0)
    try:
        begin.set()
        for _ in range(100):
            ring.send(sockets, b"x")
        turns.append("sent")
    finally:
        sys.setswitchinterval(interval_s)
    thread.join()
    assert turns == ["sent", "other"]


@pytest.mark.usefixtures("ring")
def test_where_there_is_none_it_says_why_and_leaves_nothing_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        with pytest.raises(SendRingUnavailableError, match="Too many open files"):
            SendRing()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.usefixtures("ring")
def test_closing_gives_everything_back() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        other = SendRing()
        other.close()
        other.close()
        assert other.send(array("i", [0]), b"x") == {0: -errno.ECANCELED}
    assert len(os.listdir("/proc/self/fd")) == before
