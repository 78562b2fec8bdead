"""What is said to input that is no HTTP, at a real server."""

from __future__ import annotations

import asyncio

import pytest
from chassis_fakes.served import Served
from starlette.types import Receive, Scope, Send

from chassis.not_http import AnsweringHttpProtocol, NotHttp


class Protocol(AnsweringHttpProtocol):
    """With words of a service's own."""

    not_http = NotHttp(b'{"said":"so"}', "application/problem+json")


async def answer_at_once_and_read_on(scope: Scope, receive: Receive, send: Send) -> None:
    """Begins its answer before it has read the body."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 207, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


async def say(served: Served, text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(text)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


@pytest.mark.parametrize("text", [b"GET / HTP\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"{}\r\n\r\n"])
async def test_what_is_no_http_gets_the_services_answer(text: bytes) -> None:
    served = Served(answer_at_once_and_read_on, http=Protocol)
    answer = await say(served, text)
    await served.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert body == b'{"said":"so"}'


async def test_an_answer_that_has_begun_is_cut_and_nothing_is_written_into_it() -> None:
    served = Served(answer_at_once_and_read_on, http=Protocol)
    request = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = await say(served, request + b"zz\r\n")
    # the bad chunk came together with the request, so whichever is first is all there is
    assert answer.count(b"HTTP/1.1") == 1
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request)
    begun = await reader.readuntil(b"begun")
    writer.write(b"no chunk\r\n")
    rest = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await served.close()
    assert begun.startswith(b"HTTP/1.1 207 ")
    assert rest == b"\r\n"
