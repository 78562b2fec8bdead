"""Containment asked in this very process: without a limit, and without a process to start."""

from __future__ import annotations

from typing import Any

from contracts.compatibility.containment import Answer, decide_here


class ContainmentHere:
    """The procedure of the child process, called."""

    def ask(self, writer: Any, reader: Any, limit_s: float) -> Answer:
        """Answer at once."""
        del limit_s
        return Answer(*decide_here(writer, reader))

    def close(self) -> None:
        """There is nothing to end."""
