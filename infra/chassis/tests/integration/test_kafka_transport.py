"""A Kafka connection that dies fails its requests as Kafka's own errors do, on uvloop too."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from chassis.kafka_transport import mend_aiokafka

uvloop = pytest.importorskip("uvloop")


async def _send_after_a_reset() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = AIOKafkaConnection("127.0.0.1", port)
    try:
        # connect() would ask for versions first, which this peer does not answer
        connection._versions = {3: (0, 5)}
        reader = asyncio.StreamReader()
        transport, protocol = await asyncio.get_running_loop().create_connection(
            lambda: asyncio.StreamReaderProtocol(reader), "127.0.0.1", port
        )
        connection._reader = reader
        connection._writer = asyncio.StreamWriter(
            transport, protocol, reader, asyncio.get_running_loop()
        )
        connection._read_task = connection._create_reader_task()
        transport.abort()  # what a reset does; the reader task has not heard of it yet
        with pytest.raises(KafkaConnectionError, match=f"127.0.0.1:{port} was lost"):
            connection.send(MetadataRequest(["events"]))
        assert connection._writer is None, "it is not used again"
    finally:
        server.close()
        await asyncio.sleep(0)


def test_a_request_over_a_connection_that_has_just_died_is_a_connection_error() -> None:
    mend_aiokafka()
    mend_aiokafka()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_send_after_a_reset())
