"""The real listener as a process of its own, and the topic read back with a plain consumer."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from websockets.asyncio.client import ClientConnection, connect

USER, PASSWORD = "user", "pwd"
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
"""By the number that a batch's attributes have for them."""
AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class RunningListener:
    """Started on a free port; `close` ends it, gently if it can."""

    def __init__(self, bootstrap: str, topic: str, log: Path, **settings: object) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LISTENER_", "KAFKA_", "CONTRACTS_"))
        }
        environment |= {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "KAFKA_TOPIC": topic,
            "LISTENER_PORT": "0",
            "LISTENER_USERS": f"{USER}:{PASSWORD}",
            "LISTENER_PLAIN_PASSWORDS": "true",
            "LISTENER_AS": "message.posted",
        }
        contracts_dir = settings.pop("contracts", None)
        if contracts_dir is not None:
            environment["CONTRACTS_DIR"] = str(contracts_dir)
        environment |= {f"LISTENER_{name.upper()}": str(v) for name, v in settings.items()}
        self._log = log
        self._file: IO[bytes] = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "listener"], env=environment, stderr=self._file
        )
        self.port = self._wait_for_port()

    def _wait_for_port(self) -> int:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            for line in self._log.read_bytes().splitlines():
                if b'"listening"' in line:
                    return int(orjson.loads(line)["port"])
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError(f"the listener did not start:\n{self._log.read_text()}")

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self, query: str = "", **arguments: Any) -> connect:
        arguments.setdefault("additional_headers", {"Authorization": AUTHORIZATION})
        arguments.setdefault("open_timeout", 15)
        arguments.setdefault("max_size", None)
        return connect(f"ws://127.0.0.1:{self.port}/websocket{query}", **arguments)

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(timeout=10) as client:
            return await client.get(self.http + path)

    async def reasons(self) -> list[str]:
        """Why it is not ready; empty: it is."""
        answer = (await self.get("/readyz")).json()
        return [each["reason"] for each in answer.get("reasons", [])]

    async def wait_ready(self, timeout_s: float = 20) -> None:
        await until(self._is_ready, timeout_s)

    async def _is_ready(self) -> bool:
        return not await self.reasons()

    def log(self) -> str:
        return self._log.read_text()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def exit_status(self, timeout_s: float = 10) -> int:
        return await asyncio.to_thread(self.process.wait, timeout_s)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        self._file.close()


async def until(condition: Callable[[], Any], timeout_s: float = 10) -> None:
    """Wait for a condition, which may be a coroutine function."""
    deadline = time.monotonic() + timeout_s
    while True:
        met = condition()
        if asyncio.iscoroutine(met):
            met = await met
        if met:
            return
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {condition}"
        await asyncio.sleep(0.05)


async def read_topic(bootstrap: str, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
    """All records of the topic, partition by partition, as a plain consumer sees them."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer._client.force_metadata_update()
        await consumer._client.add_topic(topic)
        known = consumer._client.cluster.partitions_for_topic(topic) or set()
        partitions = [TopicPartition(topic, number) for number in sorted(known)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[ConsumerRecord[bytes, bytes]] = []
        for partition, end in ends.items():
            consumer.seek(partition, 0)
            while end and await consumer.position(partition) < end:
                batches = await consumer.getmany(partition, timeout_ms=1000, max_records=5000)
                records += [record for batch in batches.values() for record in batch]
        return records
    finally:
        await consumer.stop()


async def codecs_of(bootstrap: str, topic: str) -> set[str]:
    """How the first batches of the topic's first partition are compressed in the log."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client.add_topic(topic)
        leader = client.cluster.leader_for_partition(TopicPartition(topic, 0))
        wanted = [(topic, [(0, 0, 1 << 20)])]
        answer = await client.send(leader, FetchRequest(1000, 1, 1 << 20, 0, wanted))
        records = MemoryRecords(answer.topics[0][1][0][-1])
        found = set()
        while records.has_next():
            batch = records.next_batch()
            assert isinstance(batch, DefaultRecordBatch)
            found.add(CODECS[batch.compression_type])
        return found
    finally:
        await client.close()


def parsed(record: ConsumerRecord[bytes, bytes]) -> dict[str, Any]:
    """The event that a record holds."""
    assert record.value is not None, "a tombstone"
    whole: dict[str, Any] = orjson.loads(record.value)
    return whole


def event(id_: str, text: str = "x", **attributes: object) -> str:
    """A valid event as JSON."""
    whole = {"specversion": "1.0", "id": id_, "source": "/test", "type": "message.posted"}
    return orjson.dumps({**whole, "data": {"text": text}, **attributes}).decode()


class Answers:
    """Collects the answers of a connection in the background."""

    def __init__(self, connection: ClientConnection) -> None:
        self.by_ref: dict[int, dict[str, Any]] = {}
        self._connection = connection
        self._task = asyncio.create_task(self._collect())

    async def _collect(self) -> None:
        async for message in self._connection:
            answer = orjson.loads(message)
            assert answer["ref"] not in self.by_ref, "answered twice"
            self.by_ref[answer["ref"]] = answer

    async def wait(self, count: int, timeout_s: float = 15) -> None:
        await until(lambda: len(self.by_ref) >= count, timeout_s)

    async def ended(self, timeout_s: float = 10) -> int | None:
        """The close code."""
        await asyncio.wait((self._task,), timeout=timeout_s)
        assert self._task.done(), "the connection is still open"
        self._task.exception()
        return self._connection.close_code

    def outcomes(self) -> dict[str, set[str]]:
        """Outcome → ids: ``ack`` or the problem's type."""
        found: dict[str, set[str]] = {}
        for answer in self.by_ref.values():
            outcome = "ack" if answer["type"] == "ack" else answer["problem"]["type"]
            found.setdefault(outcome, set()).add(answer["id"])
        return found
