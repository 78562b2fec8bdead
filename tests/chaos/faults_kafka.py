"""Faults of the broker's process: killed, paused, restarted; of a leader and a controller."""

from __future__ import annotations

import asyncio

from chaos.fault import fault
from chaos.quorum import active_controller
from chaos.scene import Scene
from local_kafka.admin import administration


@fault()
async def broker_killed_for_5_s(scene: Scene) -> None:
    """Kafka is killed with -9 and comes back after 5 s."""
    await asyncio.to_thread(scene.stage.broker.kill)
    await asyncio.sleep(5)
    await asyncio.to_thread(scene.stage.broker.start)
    scene.healed()


@fault()
async def broker_killed_three_times(scene: Scene) -> None:
    """Kafka is killed as soon as it is back, three times."""
    for _ in range(3):
        await asyncio.to_thread(scene.stage.broker.kill)
        await asyncio.to_thread(scene.stage.broker.start)
        await asyncio.sleep(1)
    scene.healed()


@fault()
async def broker_restarted(scene: Scene) -> None:
    """Kafka is stopped by SIGTERM and started again."""
    await asyncio.to_thread(scene.stage.broker.stop)
    await asyncio.to_thread(scene.stage.broker.start)
    scene.healed()


@fault()
async def broker_paused_for_3_s(scene: Scene) -> None:
    """SIGSTOP, shorter than a delivery may take."""
    await _paused(scene, 3)


@fault()
async def broker_paused_for_14_s(scene: Scene) -> None:
    """SIGSTOP, longer than a delivery may take (8 s here): outcomes become unknown."""
    await _paused(scene, 14)
    unknown = set().union(*[each.told.unknown for each in scene.loads])
    unavailable = set().union(*[each.told.unavailable for each in scene.loads])
    assert unknown, "nothing was unknown after a pause longer than a delivery may take"
    assert unavailable, "nothing was unavailable after a pause longer than the queue's time"


async def _paused(scene: Scene, seconds: float) -> None:
    scene.stage.broker.pause()
    await asyncio.sleep(seconds)
    scene.stage.broker.resume()
    scene.healed()


# -- three brokers ---------------------------------------------------------------------------------


async def _leader_of(scene: Scene, partition: int) -> int:
    async with administration(scene.stage.bootstrap) as admin:
        (answer,) = await admin.describe_topics([scene.stage.topic])
        (found,) = [p for p in answer["partitions"] if p["partition"] == partition]
        return int(found["leader"])


async def _controller_of(scene: Scene) -> int:
    """The active controller: of KRaft's brokers, the one that the metadata quorum names."""
    async with administration(scene.stage.bootstrap) as admin:
        return await active_controller(admin)


async def _killed_and_back(scene: Scene, node_id: int, what: str) -> None:
    node = scene.stage.nodes[node_id - 1]
    await asyncio.to_thread(node.kill)
    before = scene.acked()
    scene.healed()  # with one of three gone all must go on
    scene.noted(f"without the {what}", await scene.recover())
    assert scene.acked() > before
    await asyncio.to_thread(node.start)
    await scene.more(1)
    scene.healed()


@fault(cluster=True, publishers=2, timeout_s=200)
async def leader_killed(scene: Scene) -> None:
    """The leader of partition 0 of three brokers is killed, and comes back."""
    await _killed_and_back(scene, await _leader_of(scene, 0), "leader")


@fault(cluster=True, publishers=2, timeout_s=200)
async def leader_then_controller_killed(scene: Scene) -> None:
    """The leader of partition 0 is killed; when it is back, the active controller."""
    await _killed_and_back(scene, await _leader_of(scene, 0), "leader")
    await _killed_and_back(scene, await _controller_of(scene), "controller")


@fault(cluster=True, timeout_s=200)
async def group_coordinator_killed(scene: Scene) -> None:
    """The broker that coordinates the publisher's group is killed, and comes back."""
    group = f"test.{scene.stage.topic}"[:90] + ".p1"
    async with administration(scene.stage.bootstrap) as admin:
        node_id = int(await admin.find_coordinator(group))
    await _killed_and_back(scene, node_id, "coordinator")
