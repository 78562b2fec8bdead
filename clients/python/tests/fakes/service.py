"""A WebSocket service on the loopback that does what a script says, one session per connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response


@dataclass(slots=True)
class Session:
    """One connection, as the script sees it."""

    connection: ServerConnection
    asked: dict[str, list[str]]
    authorization: str | None

    async def send(self, *frames: bytes | str) -> None:
        for frame in frames:
            await self.connection.send(frame, text=True)

    async def receive(self) -> str:
        message = await self.connection.recv(decode=True)
        assert isinstance(message, str)
        return message

    async def close(self, code: int, reason: str = "") -> None:
        await self.connection.close(code, reason)

    def cut(self) -> None:
        """As a crash or a pulled cable: no close frame."""
        self.connection.transport.abort()


Script = Callable[[Session], Awaitable[None]]


@dataclass(slots=True)
class FakeService:
    """Runs one script per connection, in order; a connection beyond the last script fails."""

    scripts: Sequence[Script]
    port: int = 0
    sessions: list[Session] = field(default_factory=list)
    refuse_with: list[tuple[HTTPStatus, bytes]] = field(default_factory=list)
    """Answers given to handshakes before any script runs, first come first served."""
    surprises: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/websocket"

    async def serve(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        session = Session(
            connection,
            parse_qs(urlsplit(request.path).query, keep_blank_values=True),
            request.headers.get("Authorization"),
        )
        self.sessions.append(session)
        if len(self.sessions) > len(self.scripts):
            self.surprises.append(f"connection {len(self.sessions)} is beyond the script")
            await session.close(4400, "beyond the script")
            return
        try:
            await self.scripts[len(self.sessions) - 1](session)
        except ConnectionClosed:
            pass
        except AssertionError as error:
            self.surprises.append(str(error))
            raise

    def handshake(self, _connection: ServerConnection, _request: Request) -> Response | None:
        if not self.refuse_with:
            return None
        status, body = self.refuse_with.pop(0)
        headers = Headers([("Content-Length", str(len(body))), ("Connection", "close")])
        return Response(status, status.phrase, headers, body)


@asynccontextmanager
async def fake_service(
    *scripts: Script,
    refuse_with: Sequence[tuple[HTTPStatus, bytes]] = (),
    compression: str | None = None,
) -> AsyncIterator[FakeService]:
    """Serve `scripts`; at the end, nothing may have happened that they did not foresee."""
    fake = FakeService(scripts, refuse_with=list(refuse_with))
    async with serve(
        fake.serve,
        "127.0.0.1",
        0,
        process_request=fake.handshake,
        compression=compression,
        ping_interval=None,
        close_timeout=1,
    ) as server:
        fake.port = next(iter(server.sockets)).getsockname()[1]
        yield fake
    assert fake.surprises == []
