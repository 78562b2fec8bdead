"""Faults of the services' processes: killed, stopped, paused, started twice."""

from __future__ import annotations

import asyncio

from chaos.fault import fault
from chaos.scene import Scene
from support.services import PublisherProcess


@fault()
async def listener_killed(scene: Scene) -> None:
    """The listener is killed with -9 while events are unacked, and started again."""
    await asyncio.to_thread(scene.stage.broker.pause)  # so that there are unacked ones
    await asyncio.sleep(0.5)
    scene.stage.listener.kill()
    scene.stage.broker.resume()
    await asyncio.to_thread(scene.stage.listener.start)
    scene.healed()
    assert set().union(*[each.told.unknown for each in scene.loads]), "nothing was unacked"


@fault()
async def listener_stopped(scene: Scene) -> None:
    """The listener is stopped by SIGTERM under load, and started again."""
    status = await asyncio.to_thread(scene.stage.listener.stop)
    assert status == 0, f"the listener ended with {status}"
    await asyncio.to_thread(scene.stage.listener.start)
    scene.healed()


@fault(publishers=2, scene={"rate": 1000.0, "crowd": 1.12})
async def publisher_killed(scene: Scene) -> None:
    """One of two publishers is killed with -9 at 1,000 events/s; all hundred go to the other."""
    first = scene.stage.publishers[0]
    await _all_on_the_first(scene)
    first.kill()
    scene.healed()
    scene.noted("on the other", await scene.recover())
    await asyncio.to_thread(first.start)


@fault(publishers=2)
async def publisher_stopped(scene: Scene) -> None:
    """One of two publishers is stopped by SIGTERM: it drains to the other."""
    first = scene.stage.publishers[0]
    await _all_on_the_first(scene)
    status = await asyncio.to_thread(first.stop)
    scene.healed()
    assert status == 0, f"the publisher ended with {status}"
    moved = sum(4001 in each.codes for each in scene.subscribers)
    assert moved > len(scene.subscribers) // 2, f"only {moved} were told to move"
    await scene.recover()
    await asyncio.to_thread(first.start)


@fault(publishers=2)
async def publisher_paused(scene: Scene) -> None:
    """One of two publishers is paused for 5 s: its subscribers leave it for the other."""
    first = scene.stage.publishers[0]
    first.pause()
    await asyncio.sleep(5)
    first.resume()
    scene.healed()


@fault()
async def only_publisher_killed(scene: Scene) -> None:
    """The only publisher is killed and comes back under its name: all resume when it serves."""
    (publisher,) = scene.stage.publishers
    publisher.kill()
    await asyncio.to_thread(publisher.start)
    scene.healed()


@fault()
async def twin_started(scene: Scene) -> None:
    """A second publisher of the same name comes: it is refused, the first one goes on."""
    (first,) = scene.stage.publishers
    before = await asyncio.to_thread(first.status)
    twin = PublisherProcess(
        first.environment["KAFKA_BOOTSTRAP_SERVERS"],
        scene.stage.topic,
        first.log_path.parent / "twin",
        "p1",
        session_ms=3000,
    )
    twin.log_path.parent.mkdir()
    try:
        twin.launch()
        status = await asyncio.to_thread(twin.wait, 20)
        assert status == 1, f"the twin ended with {status}"
        assert '"code":"twin-instance"' in twin.logs().replace(" ", ""), twin.last_words()
    finally:
        twin.close()
    scene.healed()
    after = await asyncio.to_thread(first.status)
    assert after["ready"]
    assert after["consumer_restarts"] == before["consumer_restarts"]


async def _all_on_the_first(scene: Scene) -> None:
    """Until all are connected there (but those bounded ones that are between two streams)."""
    both = scene.stage.urls
    for each in scene.subscribers:
        each.calm = True
        each.urls = both[:1]
        each.cut()
    goal = len(scene.subscribers) - len(scene.of("bounded"))
    for _ in range(200):
        status = await asyncio.to_thread(scene.stage.publishers[0].status)
        if status["subscribers"]["total"] >= goal:
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError(f"not all {goal} subscribers came to one instance")
    for each in scene.subscribers:
        each.urls, each.home = both, 0
