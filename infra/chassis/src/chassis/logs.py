"""Structured logs: one JSON object a line, or aligned text for a terminal.

Services log facts about themselves, never payloads or credentials, and nothing per subscriber or
per event. `BoundedLog` keeps a flood of bad input from becoming a flood of lines.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import orjson
import structlog


def get_logger(name: str) -> Any:
    """A structured logger; cheap, may be called at import."""
    return structlog.get_logger(name)


def configure(level: str, *, as_json: bool, service: str) -> None:
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
        foreign_pre_chain=shared,
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


def _dumps(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str).decode()


class BoundedLog:
    """Lets a line of one kind through at most once per interval, and counts what it held back."""

    __slots__ = ("_clock", "_emit", "_held", "_interval_s", "_next")

    def __init__(
        self, emit: Callable[..., None], interval_s: float, clock: Callable[[], float]
    ) -> None:
        self._emit = emit
        self._interval_s = interval_s
        self._clock = clock
        self._next: dict[str, float] = {}
        self._held: dict[str, int] = {}

    def __call__(self, event: str, **facts: Any) -> None:
        """Log `event` with `facts`, unless a line of that name went out within the interval."""
        now = self._clock()
        if now < self._next.get(event, 0.0):
            self._held[event] = self._held.get(event, 0) + 1
            return
        self._next[event] = now + self._interval_s
        held = self._held.pop(event, 0)
        self._emit(event, **facts, **({"held_back": held} if held else {}))
