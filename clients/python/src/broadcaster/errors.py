"""What this package raises: one base, with `code` and `retriable` on the class.

Everything that a working system may do (a nack, a cut connection, an expired cursor met while
resuming) is a value or is handled; what is raised here ends the stream or the batch.
"""

from __future__ import annotations

from broadcaster.refusal import Refusal


class BroadcasterError(Exception):
    """The base of what this package raises; `code` stays the same between versions."""

    code = "broadcaster"
    retriable = False


class UnreachableError(BroadcasterError):
    """No service answered, or it answered with trouble for longer than the caller's patience."""

    code = "unreachable"
    retriable = True

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"nothing usable answers at {url}: {reason}")
        self.url = url
        self.reason = reason


class RefusedError(BroadcasterError):
    """The service refused the request; the same request will be refused again."""

    code = "refused"

    def __init__(self, refusal: Refusal, *, cursor: str | None = None) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.cursor = cursor
        """Where the subscriber stood, so that nothing is lost by being refused."""


class ProtocolError(BroadcasterError):
    """The service sent what its protocol does not allow; going on could lose events silently."""

    code = "protocol"


class InvalidAddressError(BroadcasterError):
    """A URL that is not a WebSocket address."""

    code = "invalid-address"


class CursorFileError(BroadcasterError):
    """A cursor file that cannot be read, written or understood; the message names it."""

    code = "cursor-file"


class InputError(BroadcasterError):
    """A file of events that cannot be read; the message names it."""

    code = "input"
