"""A request's body: inflated, bounded, and not waited for without end.

Invariants: no more is held than the bound of a whole body, or of a stream than one slice; a body
that was cut short by the client is never taken for a whole one. What is in it is not known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from contracts.problem import Problem, ProblemType
from listener.infra.body_budget import Reservation
from listener.infra.inflation import ENCODINGS, Inflater, InflationError


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bounds, all settings."""

    max_bytes: int
    """Of a whole body, inflated."""
    max_inflation: int
    """How many times larger a stream may become than it was sent, beyond `max_bytes`."""
    stall_s: float
    """How long a whole body may take, and a stream may pause."""


class BodyError(Exception):
    """The body cannot be taken; `problem` is the answer."""

    code = "body"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.retriable = problem.retriable


class Body:
    """One request's."""

    def __init__(
        self, receive: Receive, headers: Headers, limits: BodyLimits, memory: Reservation
    ) -> None:
        """Nothing is read yet. `memory` is grown here, and released by whoever made it.

        Raises:
            BodyError: its encoding is not taken, or it says itself that it is too large.
        """
        self._receive = receive
        self._limits = limits
        self._memory = memory
        # given twice means both (RFC 9110 section 5.3), and two are not taken
        encoding = ",".join(headers.getlist("content-encoding")).strip().lower() or "identity"
        if encoding != "identity" and encoding not in ENCODINGS:
            raise BodyError(_UNKNOWN_ENCODING)
        self._inflater = Inflater(encoding) if encoding in ENCODINGS else None
        self._declared = headers.get("content-length", "")

    async def whole(self) -> bytes:
        """All of it.

        Raises:
            BodyError: too large, too slow, not of its encoding.
            ClientDisconnect: the client left before its end.
        """
        limit = self._limits.max_bytes
        if self._declared.isdecimal() and int(self._declared) > limit:
            raise BodyError(self._too_large())
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.stall_s):
                async for piece in self._pieces():
                    if len(body) + len(piece) > limit:
                        raise BodyError(self._too_large())
                    self.hold(len(body) + len(piece))
                    body += piece
        except TimeoutError:
            raise BodyError(self._too_slow()) from None
        return bytes(body)

    def hold(self, size_bytes: int) -> None:
        """So much of the body is in memory now.

        Raises:
            BodyError: together with all others it is too much.
        """
        if not self._memory.resize(size_bytes):
            self._memory.release()  # in this step: bodies that grow beside it may now fit
            raise BodyError(
                Problem(
                    ProblemType.UNAVAILABLE,
                    f"the bodies of all requests together take {self._memory.max_bytes} bytes, no "
                    "more is taken now; what has no answer was not stored; send it again later",
                )
            )

    async def stream(self) -> AsyncIterator[bytes]:
        """Piece by piece, without a bound of the sum.

        Raises:
            BodyError: too slow, not of its encoding, or inflated beyond measure.
            ClientDisconnect: the client left before its end.
        """
        pieces = self._pieces()
        while True:
            try:
                async with asyncio.timeout(self._limits.stall_s):
                    piece = await anext(pieces)
            except TimeoutError:
                raise BodyError(self._too_slow()) from None
            except StopAsyncIteration:
                return
            yield piece

    async def _pieces(self) -> AsyncIterator[bytes]:
        sent = inflated = 0
        more = True
        while more:
            message: Message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            data = message.get("body", b"")
            more = message.get("more_body", False)
            if self._inflater is None:
                if data:
                    yield data
                continue
            sent += len(data)
            try:
                for piece in self._inflater.feed(data):
                    inflated += len(piece)
                    self._check_inflation(sent, inflated)
                    yield piece
            except InflationError as error:
                raise BodyError(Problem(ProblemType.INVALID_REQUEST, f"{error}")) from error
        try:
            if self._inflater is not None:
                self._inflater.finish()
        except InflationError as error:
            raise BodyError(Problem(ProblemType.INVALID_REQUEST, f"{error}")) from error

    def _check_inflation(self, sent: int, inflated: int) -> None:
        limits = self._limits
        if inflated > limits.max_bytes and inflated > limits.max_inflation * sent:
            raise BodyError(
                Problem(
                    ProblemType.TOO_LARGE,
                    f"the body inflates to more than {limits.max_inflation} times its size; send "
                    "it in another way",
                    {"limit_ratio": limits.max_inflation},
                )
            )

    def _too_large(self) -> Problem:
        limit = self._limits.max_bytes
        return Problem(
            ProblemType.TOO_LARGE,
            f"a body has {limit} bytes at most, inflated; nothing of it was stored; send less at "
            "once, or stream it as application/x-ndjson",
            {"limit_bytes": limit},
        )

    def _too_slow(self) -> Problem:
        return Problem(
            ProblemType.REQUEST_TIMEOUT,
            f"the body did not come within {self._limits.stall_s:g} s; send it again",
        )


_UNKNOWN_ENCODING = Problem(
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    "this Content-Encoding is not taken; gzip and deflate are, one of them, or none",
    {"accepted_encodings": sorted(ENCODINGS)},
)
