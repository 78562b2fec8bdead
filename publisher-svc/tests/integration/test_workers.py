"""Workers: several instances on one port, kept running, stopped together, never left behind."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import psutil
import pytest

from local_kafka.groups import Group, consumer_groups
from local_kafka.ports import free_ports, is_free
from local_kafka.pytest_plugin import TopicFactory
from local_kafka.waiting import run_apart
from support.fixtures import StartPublisher
from support.publisher import Publisher, eventually
from support.records import events, store
from support.stream import Stream, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(90)]


def _workers(publisher: Publisher) -> dict[int, psutil.Process]:
    """The worker processes by number."""
    found = publisher.process.children()
    return {int(each.environ()["PUBLISHER_WORKER"]): each for each in found}


def _ports_in_a_row(count: int) -> int:
    """The first of so many free ones."""
    while True:
        (first,) = free_ports(1)
        if all(is_free(first + each) for each in range(count)):
            return first


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _started(
    make_publisher: StartPublisher, topic: str, *, count: int = 2
) -> tuple[Publisher, int]:
    """A publisher with so many workers, all of them ready, and the first worker's own port."""
    first = _ports_in_a_row(count)
    publisher = make_publisher(topic, instance="many", workers=count, worker_port=first)
    publisher.launch()
    publisher.wait_that(
        lambda: all(_is_ready(first + each) for each in range(count)),
        "all workers ready",
        timeout_s=30,
    )
    return publisher, first


@asynccontextmanager
async def _on_both(publisher: Publisher) -> AsyncIterator[tuple[list[Stream], list[str]]]:
    """Subscribers until each of two workers has one, and who serves each of them."""
    async with AsyncExitStack() as stack:
        streams: list[Stream] = []
        names: list[str] = []
        while len(set(names)) < 2 or len(names) < 6:
            assert len(streams) < 60, f"all of {len(streams)} went to one worker"
            stream = await stack.enter_async_context(subscribed(publisher.websocket_url))
            names.append((await stream.hello())["instance"])
            await stream.until("live")
            streams.append(stream)
        yield streams, names


def _alive(processes: Sequence[psutil.Process]) -> bool:
    return any(
        each.is_running() and each.status() != psutil.STATUS_ZOMBIE
        for each in processes
        if psutil.pid_exists(each.pid)
    )


async def test_workers_share_a_port_each_with_its_group_and_stop_together(
    kafka_bootstrap: str, kafka_topic: TopicFactory, make_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher, _ = _started(make_publisher, topic)

    async with _on_both(publisher) as (streams, names):
        await store(kafka_bootstrap, topic, events(5))
        got = [await stream.places(5) for stream in streams]
        groups = {
            group.name
            for group in await asyncio.to_thread(_groups, kafka_bootstrap, publisher.group)
        }
        publisher.terminate()
        ends = [await stream.rest() for stream in streams]
        status = await asyncio.to_thread(publisher.wait, 10)

    assert set(names) == {"many.1", "many.2"}
    assert got == [[(0, offset) for offset in range(5)]] * len(streams)
    assert {f"{publisher.group}.1", f"{publisher.group}.2"} <= groups
    assert [(each.code, each.frames[-1]["type"]) for each in ends] == [(4001, "moved")] * len(ends)
    assert status == 0
    assert publisher.complaints() == []


def _groups(bootstrap: str, prefix: str) -> list[Group]:
    return list(run_apart(consumer_groups(bootstrap, prefix)))


async def test_a_worker_that_dies_is_started_again_and_the_others_go_on(
    kafka_bootstrap: str, kafka_topic: TopicFactory, make_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher, first = _started(make_publisher, topic)

    async with _on_both(publisher) as (streams, names):
        _workers(publisher)[1].kill()
        cut = [s for s, name in zip(streams, names, strict=True) if name == "many.1"]
        kept = [s for s, name in zip(streams, names, strict=True) if name == "many.2"]
        codes = [(await stream.rest()).code for stream in cut]
        await store(kafka_bootstrap, topic, events(5))
        got = [await stream.places(5) for stream in kept]
        publisher.wait_that(lambda: _is_ready(first), "the worker is back", timeout_s=30)

    assert set(codes) == {1006}
    assert got == [[(0, offset) for offset in range(5)]] * len(kept)
    (line,) = publisher.log_lines("a worker ended; starting it again")
    assert (line["worker"], line["status"]) == (1, -signal.SIGKILL)
    assert publisher.stop() == 0


def test_no_worker_is_left_behind_when_the_starter_is_killed(
    kafka_topic: TopicFactory, make_publisher: StartPublisher
) -> None:
    publisher, _ = _started(make_publisher, kafka_topic())
    workers = list(_workers(publisher).values())
    assert len(workers) == 2
    publisher.kill()
    eventually(lambda: not _alive(workers), "the workers ended", timeout_s=12)


def test_each_worker_can_be_looked_at(
    kafka_topic: TopicFactory, make_publisher: StartPublisher
) -> None:
    publisher, first = _started(make_publisher, kafka_topic())
    names = [
        httpx.get(f"http://127.0.0.1:{first + each}/status", trust_env=False).json()["instance"]
        for each in range(2)
    ]
    assert names == ["many.1", "many.2"]
    assert publisher.stop() == 0


def test_a_port_that_another_publisher_shares_is_refused_in_one_line(
    kafka_topic: TopicFactory, make_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher, _ = _started(make_publisher, topic)
    second = make_publisher(topic, instance="other", workers=2)
    second.environment["PUBLISHER_PORT"] = str(publisher.port)
    second.launch()
    assert second.wait() == 1
    (line,) = second.log_path.read_text().splitlines()[-1:]
    assert f"port {publisher.port} on 127.0.0.1 is in use" in line
    assert "PUBLISHER_PORT" in line
    assert len(_workers(publisher)) == 2


def test_wrong_settings_end_all_of_it(
    kafka_topic: TopicFactory, make_publisher: StartPublisher
) -> None:
    publisher = make_publisher(kafka_topic(), workers="many")
    publisher.launch()
    assert publisher.wait() == 2
    assert "PUBLISHER_WORKERS" in publisher.last_words()
