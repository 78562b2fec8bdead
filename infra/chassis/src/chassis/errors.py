"""The one base of what this package raises."""

from __future__ import annotations


class ChassisError(Exception):
    """Something around the service, not in it, stands in the way; the message says what to do."""

    code = "chassis"
    retriable = False


class PortInUseError(ChassisError):
    """The address to listen on is taken or cannot be bound."""

    code = "port-in-use"


class RawWriteRefusedError(ChassisError):
    """A raw write before the WebSocket was accepted or after it began to close: our own bug."""

    code = "raw-write-refused"


class TooManyBehindError(ChassisError):
    """A client sends request after request and does not wait for answers; it is dropped."""

    code = "too-many-behind"


class SendRingUnavailableError(ChassisError):
    """Many sends cannot be made in one system call here; they are made one by one."""

    code = "send-ring-unavailable"
