"""Faults of the log itself: holes, moving bounds, more partitions, another topic, a lost end."""

from __future__ import annotations

import asyncio
import contextlib
import uuid

from aiokafka.errors import KafkaError

from chaos import mischief
from chaos.fault import fault
from chaos.load import event
from chaos.scene import Scene
from local_kafka.topics import partition_ranges
from local_kafka.trimming import Before, trim
from support.growth import add_partitions
from support.records import producing, write

# -- holes -----------------------------------------------------------------------------------------


@fault(partitions=2)
async def transactions_interleaved(scene: Scene) -> None:
    """Transactions are committed and aborted among the events, and one is left open for 5 s."""
    stage, chance = scene.stage, scene.chance
    producer = mischief.transactional(stage.bootstrap, f"tx-{uuid.uuid4().hex}")
    await producer.start()
    try:
        for number in range(24):
            await producer.begin_transaction()
            for each in range(chance.randrange(1, 6)):
                name = f"{'aborted' if number % 2 else 'committed'}-{number * 10 + each}"
                await producer.send(stage.topic, event(name, "tx"), partition=each % 2)
            if number % 2:
                await producer.abort_transaction()
            else:
                await producer.commit_transaction()
            await asyncio.sleep(0.15)
    finally:
        await producer.stop()
    await _left_open(scene)
    scene.healed()


async def _left_open(scene: Scene) -> None:
    """A transactional producer vanishes; Kafka aborts its transaction after 4 s."""
    stage = scene.stage
    name = f"open-{uuid.uuid4().hex}"
    producer = mischief.transactional(stage.bootstrap, name, timeout_ms=4000)
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(stage.topic, event("open-1", "tx"), partition=0)
    await producer.client.close()
    with contextlib.suppress(KafkaError, TimeoutError):
        await asyncio.wait_for(producer.stop(), 5)


@fault()
async def foreign_records_interleaved(scene: Scene) -> None:
    """Tombstones, texts, bytes, pretty-printed JSON and 1 MB records come among the events."""
    stage = scene.stage
    async with producing(stage.bootstrap) as producer:
        for _ in range(6):
            for partition in range(3):
                await write(producer, stage.topic, mischief.FOREIGN, partition=partition)
            await asyncio.sleep(0.3)


COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "500",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "200",
}


@fault(config=COMPACTED, partitions=2, scene={"all_keyed": True, "forgets": True})
async def compaction(scene: Scene) -> None:
    """A few keys are written again and again on a compacted topic: almost all of it is holes."""
    stage = scene.stage
    async with producing(stage.bootstrap) as producer:
        for number in range(2000):
            key = b"often-%d" % (number % 3)
            value = None if number % 50 == 49 else event(f"often-{number}", "x")
            await producer.send(stage.topic, value, key=key, partition=number % 2)
            if number % 100 == 99:
                await producer.flush()
                for each in scene.of("replaying"):  # replays meet what the cleaner is at
                    each.cut()
                await asyncio.sleep(0.3)


# -- moving bounds ---------------------------------------------------------------------------------


@fault(partitions=2, scene={"tolerated": {"cursor-expired"}, "size_bytes": 6000, "crowd": 0.5})
async def records_deleted(scene: Scene) -> None:
    """DeleteRecords overtakes subscribers that read nothing, and others in the midst of replays."""
    slow = scene.of("slow")
    for each in slow:
        each.kept_slow = True
    await asyncio.sleep(8)
    ends = await scene.snapshot()
    for each in scene.of("replaying", "filtered"):
        each.cut()
    for partition, end in ends.items():
        await trim(scene.stage.bootstrap, scene.stage.topic, Before(end - 20), partition)
    for each in slow:
        each.kept_slow = False
    scene.healed()
    await scene.recover()
    told = [each for each in slow if each.told]
    assert told, "no slow subscriber was overtaken: the fault did nothing"


@fault(partitions=2, scene={"tolerated": {"cursor-expired"}, "through_doors": True})
async def retention_overtakes_resume(scene: Scene) -> None:
    """Subscribers are away while retention removes what they had not read."""
    (door,) = scene.stage.doors
    door.refuse()
    door.cut()
    await scene.more(2)
    await asyncio.gather(*[load.pause() for load in scene.loads])
    await scene.snapshot()
    await mischief.expire_all(scene.stage.bootstrap, scene.stage.topic)
    for load in scene.loads:
        load.go_on()
    await door.start()
    scene.healed()
    await scene.recover()
    scene.most_were_told()


@fault(partitions=1)
async def partitions_added(scene: Scene) -> None:
    """The topic grows from one partition to three, and later to four, while all run."""
    for total in (3, 4):
        await add_partitions(scene.stage.bootstrap, scene.stage.topic, total)
        await scene.used(total - 1)


@fault(partitions=2, scene={"through_doors": True})
async def partitions_added_while_away(scene: Scene) -> None:
    """The topic grows between the cut and the resume of all subscribers."""
    (door,) = scene.stage.doors
    door.refuse()
    door.cut()
    await add_partitions(scene.stage.bootstrap, scene.stage.topic, 4)
    await scene.used(3)
    await door.start()


@fault(publishers=2, partitions=2, scene={"tolerated": {"cursor-foreign"}})
async def topic_recreated(scene: Scene) -> None:
    """The topic is deleted and created again under running services and resuming subscribers."""
    await scene.seal()
    scene.gone.add(await scene.stage.generation())
    for each in scene.of("replaying"):
        each.cut()
    await mischief.recreate(scene.stage.bootstrap, scene.stage.topic, 2)
    scene.start_loads()
    scene.healed()
    await scene.recover()
    scene.most_were_told()


@fault(partitions=2, scene={"tolerated": {"cursor-ahead"}})
async def log_lost_its_end(scene: Scene) -> None:
    """The broker comes back without the newest half of its log: who had more is told."""
    await scene.seal()
    await _lose_the_ends(scene)
    scene.start_loads()
    scene.healed()
    await scene.recover()
    scene.most_were_told()


async def _lose_the_ends(scene: Scene) -> None:
    """Of a sealed scene's log: the broker stops, loses them, and comes back."""
    stage = scene.stage
    await asyncio.to_thread(stage.broker.stop)
    for partition in range(2):
        mischief.lose_the_end(stage.broker.node.log_dir, stage.topic, partition)
    await asyncio.to_thread(stage.broker.start)
    found = await partition_ranges(stage.bootstrap, stage.topic)
    await scene.lost_beyond({each.partition: each.end for each in found})


@fault(partitions=2, scene={"tolerated": {"cursor-ahead"}})
async def log_lost_its_end_and_grew(scene: Scene) -> None:
    """The same while the publisher is cut off; when it looks again, the log is longer than ever."""
    stage = scene.stage
    assert stage.to_publishers is not None
    for each in scene.of("resuming"):  # a cursor taken before says nothing of the loss
        each.calm = True
    await scene.seal()
    ranges = await partition_ranges(stage.bootstrap, stage.topic)
    before = {each.partition: each.end for each in ranges}
    stage.to_publishers.refuse()
    stage.to_publishers.cut()
    await _lose_the_ends(scene)
    scene.start_loads()
    await scene.grown_past(before)
    await stage.to_publishers.start()
    scene.healed()
    await scene.recover()
    scene.most_were_told()


@fault(partitions=2, scene={"tolerated": {"cursor-expired"}})
async def retention_under_load(scene: Scene) -> None:
    """Retention takes what is older than seconds, all the time, while slow subscribers dawdle."""
    stage = scene.stage
    short = {"retention.ms": "4000", "segment.ms": "500"}
    await mischief.configure(stage.bootstrap, stage.topic, short)
    slow = scene.of("slow")
    for each in slow:
        each.kept_slow = True
    for _ in range(10):
        await scene.snapshot()  # more often than anything can vanish
        await scene.more(1)
        for each in scene.of("replaying"):
            each.cut()
    ranges = await partition_ranges(stage.bootstrap, stage.topic)
    assert all(each.start > 0 for each in ranges), "retention took nothing: the fault did nothing"
    await scene.snapshot()
    await mischief.configure(stage.bootstrap, stage.topic, {})
    for each in slow:
        each.kept_slow = False
