"""Faults of the links: between the services and Kafka, and between subscribers and publisher."""

from __future__ import annotations

import asyncio

from chaos.fault import fault
from chaos.scene import Scene
from support.proxy import Proxy


def _to_listener(scene: Scene) -> Proxy:
    assert scene.stage.to_listener is not None
    return scene.stage.to_listener


def _to_publishers(scene: Scene) -> Proxy:
    assert scene.stage.to_publishers is not None
    return scene.stage.to_publishers


async def _away(proxy: Proxy, seconds: float) -> None:
    """Nobody there: links are reset and new ones refused."""
    proxy.refuse()
    assert proxy.cut() > 0, "nothing went through the proxy"
    await asyncio.sleep(seconds)
    await proxy.start()


@fault()
async def listener_cut_from_kafka(scene: Scene) -> None:
    """The listener's connections to Kafka are reset, five times."""
    for _ in range(5):
        assert _to_listener(scene).cut() > 0
        await asyncio.sleep(0.7)


@fault()
async def listener_without_kafka_for_6_s(scene: Scene) -> None:
    """The listener alone cannot reach Kafka for 6 s."""
    await _away(_to_listener(scene), 6)


@fault()
async def publisher_cut_from_kafka(scene: Scene) -> None:
    """The publisher's connections to Kafka are reset, five times."""
    for _ in range(5):
        assert _to_publishers(scene).cut() > 0
        await asyncio.sleep(0.7)


@fault()
async def publisher_without_kafka_for_6_s(scene: Scene) -> None:
    """The publisher alone cannot reach Kafka for 6 s."""
    await _away(_to_publishers(scene), 6)


@fault()
async def links_to_kafka_delayed(scene: Scene) -> None:
    """200 ms each way, for both services, for 6 s."""
    for proxy in (_to_listener(scene), _to_publishers(scene)):
        proxy.delay_s = 0.2
    await asyncio.sleep(6)
    for proxy in (_to_listener(scene), _to_publishers(scene)):
        proxy.heal()


@fault()
async def links_to_kafka_throttled(scene: Scene) -> None:
    """A tenth of what the load needs, for 5 s."""
    for proxy in (_to_listener(scene), _to_publishers(scene)):
        proxy.bytes_per_s = 25_000
    await asyncio.sleep(5)
    for proxy in (_to_listener(scene), _to_publishers(scene)):
        proxy.heal()


@fault()
async def listener_in_a_black_hole(scene: Scene) -> None:
    """No byte between listener and Kafka for 12 s, and no reset; then the old links are dead."""
    _to_listener(scene).swallow()
    await asyncio.sleep(12)
    _to_listener(scene).cut()
    _to_listener(scene).heal()


@fault()
async def publisher_in_a_black_hole(scene: Scene) -> None:
    """No byte between publisher and Kafka for 12 s, and no reset; then they go on."""
    _to_publishers(scene).swallow()
    await asyncio.sleep(12)
    _to_publishers(scene).heal()


# -- subscribers -----------------------------------------------------------------------------------


@fault(scene={"through_doors": True})
async def subscribers_cut_repeatedly(scene: Scene) -> None:
    """All subscribers' connections are reset, eight times, whatever they are doing."""
    (door,) = scene.stage.doors
    for _ in range(8):
        door.cut()
        await asyncio.sleep(0.6)


@fault(scene={"through_doors": True})
async def subscribers_half_closed(scene: Scene) -> None:
    """Subscribers see FIN while the publisher goes on writing, three times."""
    (door,) = scene.stage.doors
    for _ in range(3):
        assert door.half_close() > 0
        await asyncio.sleep(1)


@fault(scene={"through_doors": True})
async def subscribers_in_a_black_hole(scene: Scene) -> None:
    """Subscribers hear nothing for 7 s; they leave by themselves."""
    (door,) = scene.stage.doors
    door.swallow()
    await asyncio.sleep(7)
    door.cut()
    door.heal()


@fault(scene={"through_doors": True})
async def subscribers_links_throttled(scene: Scene) -> None:
    """Every subscriber's link carries less than the events for 6 s: all fall behind."""
    (door,) = scene.stage.doors
    door.bytes_per_s = 60_000
    await asyncio.sleep(6)
    door.heal()


@fault()
async def slow_subscribers(scene: Scene) -> None:
    """Slow ones read nothing for 8 s: nobody else waits, and they get everything afterwards."""
    slow = scene.of("slow")
    for each in slow:
        each.kept_slow = True
    await asyncio.sleep(8)
    for each in slow:
        each.kept_slow = False
