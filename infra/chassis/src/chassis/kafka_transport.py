"""aiokafka on uvloop: a request over a connection that has just died fails as Kafka's errors do.

On uvloop, writing to a transport that is closed raises RuntimeError; asyncio's drops the bytes.
aiokafka expects OSError at most, so a reset between its last look and its next request would end
whatever background task of its own was sending: the producer's sender, the consumer's fetcher.

Replaces two methods of aiokafka's connection, hence the exact pin of its version.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_MENDED = "_broadcaster_mended"


def mend_aiokafka() -> None:
    """Do so for all connections of this process; may be repeated."""
    for name in ("send", "_send_sasl_token"):
        method = getattr(AIOKafkaConnection, name)
        if not hasattr(method, _MENDED):
            setattr(AIOKafkaConnection, name, _refusing(method))


def _refusing(send: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(send)
    def send_if_open(self: Any, *args: Any, **kwargs: Any) -> Any:
        writer = self._writer
        if writer is not None and writer.transport.is_closing():
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"the connection to {self._host}:{self._port} was lost")
        return send(self, *args, **kwargs)

    setattr(send_if_open, _MENDED, True)
    return send_if_open
