"""Structured logs: one JSON object a line, or aligned text for a terminal.

Services log facts about themselves, never payloads or credentials, and nothing per subscriber or
per event. `BoundedLog` keeps a flood of bad input from becoming a flood of lines.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import sys
import time
from collections.abc import Callable, Hashable
from typing import Any

import orjson
import structlog

_EVERY_S = 10.0
"""How often one complaint of uvicorn's is logged."""


def get_logger(name: str) -> Any:
    """A structured logger; cheap, may be called at import."""
    return structlog.get_logger(name)


def configure(
    level: str, *, as_json: bool, service: str, clock: Callable[[], float] = time.monotonic
) -> None:
    """Set up logging for the process, for our own lines and those of libraries."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if as_json:
        renderer = structlog.processors.JSONRenderer(serializer=_dumps)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(allow=["held_back"])],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # aiokafka reports each failed connection attempt at error level, several times a second while a
    # broker is away; the services report the state itself, once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn.error").filters[:] = [_BoundedComplaints(Bound(_EVERY_S, clock))]


def _dumps(value: Any, **_: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:  # a lone surrogate, a number of more than 64 bits, keys that are no text
        text = json.dumps(value, default=str, skipkeys=True, ensure_ascii=False)
        return text.encode(errors="replace").decode()


class Bound:
    """Lets a kind pass at most once per interval, and counts what it holds back."""

    __slots__ = ("_clock", "_held", "_interval_s", "_next")

    def __init__(self, interval_s: float, clock: Callable[[], float]) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._next: dict[Hashable, float] = {}
        self._held: dict[Hashable, int] = {}

    def passes(self, kind: Hashable) -> int | None:
        """None: not now. Else it may, and so many of its kind were held back before it."""
        now = self._clock()
        if now < self._next.get(kind, -math.inf):
            self._held[kind] = self._held.get(kind, 0) + 1
            return None
        self._next[kind] = now + self._interval_s
        return self._held.pop(kind, 0)


class BoundedLog:
    """Lets a line of one kind through at most once per interval, and counts what it held back."""

    __slots__ = ("_bound", "_emit")

    def __init__(
        self, emit: Callable[..., None], interval_s: float, clock: Callable[[], float]
    ) -> None:
        self._emit = emit
        self._bound = Bound(interval_s, clock)

    def __call__(self, event: str, **facts: Any) -> None:
        """Log `event` with `facts`, unless a line of that name went out within the interval."""
        held = self._bound.passes(event)
        if held is not None:
            self._emit(event, **facts, **({"held_back": held} if held else {}))


class _BoundedComplaints(logging.Filter):
    """The same for a library's warnings and errors: clients can provoke any number of them.

    An application that was cancelled is none of them: only a stop does that, and says so itself.
    """

    def __init__(self, bound: Bound) -> None:
        super().__init__()
        self._bound = bound

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        error = record.exc_info[0] if record.exc_info else None
        if error is asyncio.CancelledError:
            return False
        held = self._bound.passes((record.msg, error))
        if held:
            record.held_back = held
        return held is not None
