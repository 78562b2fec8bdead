"""Other servers that broadcast, measured where they are found; nothing is installed.

An adapter is a module with `NAME`, `PROGRAM` (looked for on the PATH) and `serve`, an async context
manager that gives a `Peer`. Its events carry no offset of its own: the numbers within them are
verified. What a peer does not do (replay, cursors) is not asked of it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from bench.load.events import event_template
from bench.servers.server import Server

EVENT = event_template()


@dataclass(frozen=True, slots=True)
class Peer:
    """A running one: how a subscriber asks, and what tells it that it is subscribed."""

    server: Server
    request: bytes
    greeting: bytes


def found(program: str) -> str | None:
    """Where it is, if it is."""
    return shutil.which(program)
