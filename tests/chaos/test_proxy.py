"""The proxy does what it says: a fault that does nothing would pass every test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.proxy import Proxy

pytestmark = [pytest.mark.system]


@pytest.fixture
async def echo() -> AsyncIterator[Proxy]:
    """A proxy before a server that sends back what it gets."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    proxy = await Proxy(server.sockets[0].getsockname()[1]).start()
    yield proxy
    await proxy.close()
    server.close()
    await server.wait_closed()


async def _round_trip(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes
) -> float:
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    writer.write(data)
    assert await asyncio.wait_for(reader.readexactly(len(data)), 5) == data
    return loop.time() - begun_s


async def test_bytes_come_through_unchanged_whatever_their_number(echo: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    await _round_trip(reader, writer, bytes(range(256)) * 2000)
    writer.close()


async def test_a_delay_delays_each_way(echo: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    echo.delay_s = 0.1
    assert await _round_trip(reader, writer, b"x") >= 0.2
    echo.heal()
    assert await _round_trip(reader, writer, b"x") < 0.2
    writer.close()


async def test_a_throttle_slows(echo: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    echo.bytes_per_s = 100_000
    await _round_trip(reader, writer, b"x" * 20_000)
    assert await _round_trip(reader, writer, b"x" * 20_000) >= 0.2
    writer.close()


async def test_a_cut_is_a_reset(echo: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    await _round_trip(reader, writer, b"x")
    assert echo.cut() == 1
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(1), 5)
    writer.close()


async def test_a_half_close_ends_one_direction_alone(echo: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    await _round_trip(reader, writer, b"x")
    assert echo.half_close() == 1
    assert await asyncio.wait_for(reader.read(), 5) == b""
    for _ in range(3):
        writer.write(b"still heard")
        await writer.drain()
        await asyncio.sleep(0.05)  # for the answers, which must not end the link
    assert len(echo.links) == 1
    writer.close()


async def test_a_black_hole_swallows_and_what_was_held_back_comes_when_it_heals(
    echo: Proxy,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo.port)
    await _round_trip(reader, writer, b"x")
    echo.swallow()
    writer.write(b"held")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.2)
    echo.heal()
    assert await asyncio.wait_for(reader.readexactly(4), 5) == b"held"
    writer.close()


async def test_refusing_is_as_if_nobody_were_there(echo: Proxy) -> None:
    port = echo.port
    echo.refuse()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    await echo.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await _round_trip(reader, writer, b"x")
    writer.close()
