"""A real broker: records survive kill -9, one JVM per directory, ports, lifetimes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from local_kafka.broker import Broker
from local_kafka.cluster import Cluster
from local_kafka.errors import AlreadyRunning, NotRunning, PortInUse, StartFailed
from local_kafka.ports import free_ports
from local_kafka.process import PidRecord, wait_gone, write_record
from local_kafka.topics import PartitionRange, create_topic, partition_ranges

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(90)]


async def produce(bootstrap: str, topic: str, count: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        acks = [await producer.send(topic, b"%d" % n) for n in range(count)]
        await asyncio.gather(*acks)
    finally:
        await producer.stop()


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek(TopicPartition(topic, 0), 0)
        async with asyncio.timeout(30):
            return [(await consumer.getone()).value or b"" for _ in range(count)]
    finally:
        await consumer.stop()


def test_acked_records_survive_kill_9(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "kafka é", *free_ports(2))
    broker.start()
    try:
        asyncio.run(create_topic(broker.bootstrap, "t", 1))
        asyncio.run(produce(broker.bootstrap, "t", 500))
        first = broker.pid
        broker.kill()
        assert broker.pid is None

        broker.start()

        assert broker.pid not in (None, first)
        values = asyncio.run(consume(broker.bootstrap, "t", 500))
        assert values == [b"%d" % n for n in range(500)]
        assert broker.stop()
    finally:
        broker.kill()


def test_one_jvm_per_directory_and_a_paused_one_still_counts(tmp_path: Path) -> None:
    with Broker(tmp_path / "kafka", *free_ports(2)) as broker:
        other = Broker(tmp_path / "kafka", *free_ports(2))
        assert other.pid == broker.pid
        with pytest.raises(AlreadyRunning, match=str(broker.pid)):
            other.start()
        broker.pause()
        assert psutil.Process(broker.pid).status() == psutil.STATUS_STOPPED
        assert other.pid == broker.pid
        broker.resume()
        assert asyncio.run(partition_ranges(broker.bootstrap)) == []
        broker.pause()
        assert broker.stop(), "a paused broker must hear SIGTERM"
        with pytest.raises(NotRunning):
            broker.pause()


def test_a_pid_file_of_a_stranger_does_not_keep_the_broker_from_starting(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "kafka", *free_ports(2))
    broker.directory.claim()
    write_record(broker.directory.pid_file, PidRecord(os.getpid(), broker.node.port))

    with broker:
        assert broker.pid not in (None, os.getpid())


def test_a_taken_port_is_named_together_with_the_setting(tmp_path: Path) -> None:
    port, controller_port = free_ports(2)
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(PortInUse, match=rf"{port} is in use.*KAFKA_PORT"):
            Broker(tmp_path / "a", port, controller_port).start()
        with pytest.raises(PortInUse, match=rf"{port} .*controller"):
            Broker(tmp_path / "b", controller_port, port).start()


def test_a_broker_that_ends_at_once_says_why(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "kafka", *free_ports(2), properties={"num.io.threads": "none"})

    with pytest.raises(StartFailed, match=r"num\.io\.threads"):
        broker.start()

    assert broker.pid is None


def test_the_jvm_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    port, controller_port = free_ports(2)
    program = (
        "import sys, threading; from pathlib import Path; from local_kafka.broker import Broker;"
        "b = Broker(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]));"
        # from a thread that ends at once: the JVM's life must hang on the process, not on it
        "t = threading.Thread(target=b.start); t.start(); t.join(); print(b.pid, flush=True);"
        "sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "k"), str(port), str(controller_port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        jvm = psutil.Process(int(owner.stdout.readline()))
        assert jvm.is_running()
        owner.send_signal(signal.SIGKILL)
        assert wait_gone(jvm, 10)


def test_a_cluster_loses_a_node_and_no_acked_record(tmp_path: Path) -> None:
    with Cluster(tmp_path) as cluster:
        asyncio.run(create_topic(cluster.bootstrap, "t", 1))
        asyncio.run(produce(cluster.bootstrap, "t", 50))
        for node in cluster.nodes:
            node.kill()
            rest = ",".join(n.bootstrap for n in cluster.nodes if n is not node)
            assert len(asyncio.run(consume(rest, "t", 50))) == 50
            node.start()
        assert asyncio.run(partition_ranges(cluster.bootstrap)) == [PartitionRange("t", 0, 0, 50)]
