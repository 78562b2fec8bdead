"""aiokafka alone, with the listener's settings: ``python -m bench.load.direct_client``.

Arguments: KAFKA TOPIC EVENTS MODE. MODE ``each`` awaits the ack of every send before the next;
``all`` awaits none until the end: what no listener on aiokafka can surpass. Same events and headers
as the listener stores.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time

import orjson
from aiokafka import AIOKafkaProducer

from bench.load.events import event_template, made

_BATCH_BYTES = 256 << 10


async def _run(bootstrap: str, topic: str, events: int, each: bool) -> dict[str, float]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=_BATCH_BYTES,
    )
    await producer.start()
    make = made(event_template())
    values = [make(0, number, 1) for number in range(events)]
    headers = [
        ("content-type", b"application/cloudevents+json"),
        ("ce_type", b"message.posted"),
        ("ce_id", b"bench-0-000000000000"),
    ]
    try:
        used, begun_s = _cpu_s(), time.perf_counter()
        if each:
            for value in values:
                await producer.send_and_wait(topic, value, headers=headers)
        else:
            await asyncio.gather(*[await producer.send(topic, v, headers=headers) for v in values])
        seconds = time.perf_counter() - begun_s
        return {"seconds": seconds, "cpu_s": _cpu_s() - used, "acked": events}
    finally:
        await producer.stop()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    import uvloop

    _, kafka, name, count, mode = sys.argv
    print(orjson.dumps(uvloop.run(_run(kafka, name, int(count), mode == "each"))).decode())
