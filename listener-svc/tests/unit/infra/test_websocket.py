"""Producers' connections at the ASGI interface."""

from __future__ import annotations

import asyncio

import pytest
from listener_fakes.client import FakeClient
from listener_fakes.running import AUTHORIZATION, event
from listener_fakes.websocket_service import WebSocketService as Service
from listener_fakes.websocket_service import settle


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture(params=["raw", "asgi"])
def client(request: pytest.FixtureRequest) -> FakeClient:
    return FakeClient(raw=request.param == "raw", authorization=AUTHORIZATION)


async def test_acks_come_when_events_are_stored(service: Service, client: FakeClient) -> None:
    run = client.run(service.websocket)
    client.text(event("a"))
    client.text("no")
    await settle()
    assert [answer["type"] for answer in client.answers] == ["nack"]
    service.log.store()
    await settle()
    assert [answer["type"] for answer in client.answers] == ["nack", "ack"]
    assert service.websocket.connections == 1
    client.leave()
    await run
    assert service.websocket.connections == 0


async def test_one_connection_too_many_is_refused_and_its_place_can_be_had_later(
    service: Service, client: FakeClient
) -> None:
    first = FakeClient(authorization=AUTHORIZATION)
    runs = [first.run(service.websocket), client.run(service.websocket)]
    await settle()
    program = FakeClient(authorization=AUTHORIZATION)
    await program.run(service.websocket)
    assert program.sent[0]["status"] == 503
    assert (b"retry-after", b"1") in program.sent[0]["headers"]
    browser = FakeClient(authorization=AUTHORIZATION, origin="http://localhost")
    await browser.run(service.websocket)
    assert browser.close_code == 1013
    assert browser.answers[0]["problem"]["type"] == "too-many-connections"
    assert service.tally.refused_connections == 2
    first.leave()
    await runs[0]
    late = FakeClient(authorization=AUTHORIZATION)
    runs[0] = late.run(service.websocket)
    await settle()
    assert service.websocket.connections == 2
    for each, run in ((late, runs[0]), (client, runs[1])):
        each.leave()
        await run


async def test_answers_of_one_turn_leave_in_one_write(service: Service) -> None:
    client = FakeClient(authorization=AUTHORIZATION)
    run = client.run(service.websocket)
    for number in range(3):
        client.text(event(str(number)))
    await settle()
    service.log.store()
    await settle()
    assert len(client.answers) == 3
    assert client.raw.writes == 1
    client.leave()
    await run


async def test_beyond_the_window_nothing_is_read_and_nothing_dropped(
    service: Service, client: FakeClient
) -> None:
    run = client.run(service.websocket)
    for number in range(10):
        client.text(event(str(number)))
    await settle()
    assert service.websocket.in_flight == 3
    read = client.read
    client.text(event("10"))
    await settle()
    assert client.read == read
    for _ in range(4):
        service.log.store()
        await settle()
    assert client.read == read + (1 if client.raw.on_messages else 8)
    assert [answer["ref"] for answer in client.answers] == list(range(11))
    client.leave()
    await run


async def test_beyond_its_bytes_in_flight_nothing_is_read(
    service: Service, client: FakeClient
) -> None:
    run = client.run(service.websocket)
    for number in range(4):
        client.text(event(str(number), "x" * 500))
    await settle()
    assert service.websocket.in_flight == 2
    service.log.store(1)
    await settle()
    assert service.websocket.in_flight == 2
    for _ in range(3):
        service.log.store()
        await settle()
    assert [answer["ref"] for answer in client.answers] == list(range(4))
    client.leave()
    await run


async def test_nothing_is_read_while_the_client_does_not_read(service: Service) -> None:
    client = FakeClient(authorization=AUTHORIZATION)
    run = client.run(service.websocket)
    await settle()
    client.raw.paused = True
    client.text("no")
    client.text("no")
    await settle()
    assert client.answers == []
    assert client.raw.reading_paused
    client.raw.resume()
    await settle()
    assert len(client.answers) == 2
    client.raw.paused = True
    client.text("no")
    client.text("no")
    await settle()
    client.leave()
    await asyncio.wait_for(run, 1)


async def test_nothing_is_read_while_the_log_has_no_room(service: Service) -> None:
    client = FakeClient(authorization=AUTHORIZATION)
    room = asyncio.Event()
    service.log.has_room = False

    async def wait_for_room() -> None:
        await room.wait()
        service.log.has_room = True

    service.log.wait_for_room = wait_for_room  # type: ignore[method-assign]
    run = client.run(service.websocket)
    client.text(event("a"))
    await settle()
    assert service.websocket.in_flight == 0
    room.set()
    await settle()
    assert service.websocket.in_flight == 1
    client.leave()
    await run


async def test_one_read_of_many_messages_does_not_keep_others_from_their_turn(
    service: Service,
) -> None:
    client = FakeClient(authorization=AUTHORIZATION)
    run = client.run(service.websocket)
    await settle()
    assert client.raw.on_messages is not None
    client.raw.on_messages(["no"] * 1200)
    refused = service.tally.transports["websocket"].failures
    assert 0 < sum(refused.values()) < 1200
    assert client.raw.reading_paused
    await settle()
    assert [answer["ref"] for answer in client.answers] == list(range(1200))
    assert not client.raw.reading_paused
    client.leave()
    await run


async def test_what_was_read_is_taken_though_the_client_closed_right_behind_it(
    service: Service,
) -> None:
    client = FakeClient(authorization=AUTHORIZATION)
    run = client.run(service.websocket)
    await settle()
    assert client.raw.on_messages is not None
    client.raw.on_messages([event(str(number)) for number in range(5)])
    client.raw.paused = True  # for good: it reads no answers
    client.leave()
    await settle()
    assert service.websocket.in_flight == 3
    service.log.store()
    await settle()
    await asyncio.wait_for(run, 1)
    service.log.store()
    ids = [dict(record.headers)["ce_id"] for record in service.log.records]
    assert ids == [b"0", b"1", b"2", b"3", b"4"]
    assert service.tally.unheard == 5


async def test_a_client_that_left_what_was_read_does_not_hold_the_drain(service: Service) -> None:
    client = FakeClient(authorization=AUTHORIZATION)
    run = client.run(service.websocket)
    await settle()
    assert client.raw.on_messages is not None
    client.raw.on_messages([event(str(number)) for number in range(5)])
    client.leave()
    await settle()
    await asyncio.wait_for(service.websocket.drain(), 1)
    await run
    assert service.tally.unheard == 3


async def test_what_was_received_before_messages_came_raw_is_taken_first(service: Service) -> None:
    client = FakeClient(authorization=AUTHORIZATION)
    client.early(event("a"))
    client.text(event("b"))
    run = client.run(service.websocket)
    await settle()
    service.log.store()
    await settle()
    assert [answer["id"] for answer in client.answers] == ["a", "b"]
    client.leave()
    await run


async def test_a_bug_ends_the_connection_and_is_not_swallowed(
    service: Service, client: FakeClient
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("a bug")

    service.log.append = broken  # type: ignore[method-assign, assignment]
    run = client.run(service.websocket)
    await settle()
    client.text(event("a"))
    with pytest.raises(LookupError):
        await asyncio.wait_for(run, 1)
    assert service.websocket.connections == 0


async def test_a_binary_frame_is_nacked_and_the_connection_goes_on(
    service: Service, client: FakeClient
) -> None:
    run = client.run(service.websocket)
    client.binary(b"\x00")
    client.text(event("a"))
    await settle()
    service.log.store()
    await settle()
    assert client.answers[0]["problem"]["type"] == "unsupported-media-type"
    assert (client.answers[1]["type"], client.answers[1]["ref"]) == ("ack", 1)
    client.leave()
    await run


@pytest.mark.parametrize("text", ["x" * 1001, "ü" * 600])
async def test_a_frame_too_large_is_nacked_then_closed_when_all_is_answered(
    service: Service, client: FakeClient, text: str
) -> None:
    run = client.run(service.websocket)
    client.text(event("a"))
    client.text(text)
    client.text(event("never read"))
    await settle()
    assert client.answers[0]["problem"]["type"] == "too-large"
    assert client.close_code is None
    service.log.store()
    await asyncio.wait_for(run, 1)
    assert client.answers[1]["type"] == "ack"
    assert client.close_code == 1009
    assert len(service.log.records) == 1


async def test_draining_answers_what_was_taken_then_closes_with_1012(
    service: Service, client: FakeClient
) -> None:
    run = client.run(service.websocket)
    client.text(event("a"))
    await settle()
    draining = asyncio.ensure_future(service.websocket.drain())
    await settle()
    client.text(event("too late"))
    await settle()
    assert client.close_code is None
    service.log.store()
    await asyncio.wait_for(draining, 1)
    await run
    assert [answer["type"] for answer in client.answers] == ["ack"]
    assert client.close_code == 1012
    newcomer = FakeClient(authorization=AUTHORIZATION)
    await newcomer.run(service.websocket)
    assert newcomer.close_code == 1012


async def test_draining_stops_the_reading_in_the_same_step(
    service: Service, client: FakeClient
) -> None:
    """The log takes no more right after it: a frame read in between would be refused."""
    run = client.run(service.websocket)
    client.text(event("a"))
    await settle()
    client.text(event("on its way"))
    draining = asyncio.ensure_future(service.websocket.drain())
    await settle()
    service.log.store()
    await asyncio.wait_for(draining, 1)
    await run
    assert [answer["type"] for answer in client.answers] == ["ack"]


async def test_a_client_that_leaves_does_not_hold_the_drain(service: Service) -> None:
    client = FakeClient(authorization=AUTHORIZATION)
    run = client.run(service.websocket)
    client.text(event("a"))
    await settle()
    draining = asyncio.ensure_future(service.websocket.drain())
    await settle()
    client.leave()
    await asyncio.wait_for(draining, 1)
    await run
    service.log.store()
    await settle()
    assert client.answers == []
    assert service.tally.unheard == 1


async def test_a_program_without_credentials_gets_401(service: Service) -> None:
    client = FakeClient()
    await client.run(service.websocket)
    start = client.sent[0]
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert b"www-authenticate" in dict(start["headers"])
    assert b"unauthenticated" in client.sent[1]["body"]
    assert service.tally.refused_connections == 1


async def test_a_page_is_told_in_a_frame(service: Service) -> None:
    same = FakeClient(origin="http://localhost")
    await same.run(service.websocket)
    assert same.answers[0]["problem"]["type"] == "unauthenticated"
    assert same.close_code == 4401
    foreign = FakeClient(origin="https://evil.example", authorization=AUTHORIZATION)
    await foreign.run(service.websocket)
    assert foreign.answers[0]["problem"]["type"] == "forbidden"
    assert foreign.close_code == 4403


async def test_an_unknown_parameter_is_told_and_closed(service: Service) -> None:
    client = FakeClient(query="az=x", authorization=AUTHORIZATION)
    await client.run(service.websocket)
    assert client.answers[0]["type"] == "error"
    assert client.close_code == 4400


async def test_as_names_the_type_of_plain_data(service: Service) -> None:
    client = FakeClient(query="as=message.posted", authorization=AUTHORIZATION)
    run = client.run(service.websocket)
    client.text("hello")
    await settle()
    service.log.store()
    assert b'"text":"hello"' in service.log.records[0].value
    client.leave()
    await run
