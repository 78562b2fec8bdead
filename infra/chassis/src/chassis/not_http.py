"""What is said to input that is no HTTP: it never reaches the application, so it is answered here.

In the midst of an answer nothing can be said any more, and the connection is closed. Invariant:
nothing is written between the parts of an answer. What the words are is the service's business.
"""

from __future__ import annotations

from dataclasses import dataclass

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from chassis.raw_http import RawHttpProtocol


@dataclass(frozen=True, slots=True)
class NotHttp:
    """The body of the answer, which has status 400."""

    body: bytes = b"this is not HTTP/1.1\n"
    media_type: str = "text/plain; charset=utf-8"

    def encode(self) -> bytes:
        """The whole answer; the connection ends with it."""
        head = (
            f"content-type: {self.media_type}\r\ncontent-length: {len(self.body)}\r\n"
            "connection: close\r\n\r\n"
        )
        return STATUS_LINE[400] + head.encode() + self.body


class AnsweringHttpProtocol(RawHttpProtocol):
    """Gives the service's answer in place of uvicorn's."""

    not_http = NotHttp()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words
        """Input that cannot be parsed as HTTP."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.answered  # None before the first request
        begun = cycle is not None and cycle.response_started and not cycle.response_complete
        if not begun:
            self.transport.write(self.not_http.encode())
        self.bound_the_end()
        self.transport.close()
