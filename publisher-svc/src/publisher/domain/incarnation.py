"""An incarnation of an instance: its name, and when this process of it started.

Of two processes with one name the earlier serves and the later leaves; both must come to the same
verdict from what Kafka's group shows of them, so the start is part of the consumer's client id.
Starts are taken from the machines' clocks: where these differ, one of the two still leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PREFIX = "broadcaster-publisher-"
_TEXT = re.compile(rf"{_PREFIX}(.+)\.([0-9]{{13}})\.([0-9a-f]{{8}})", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Incarnation:
    """See the module. Ordered by the start; `token` decides where two are equal."""

    started_ms: int
    token: str
    instance: str

    def __str__(self) -> str:
        return f"{_PREFIX}{self.instance}.{self.started_ms:013d}.{self.token}"

    def elders(self, client_ids: Iterable[str]) -> list[str]:
        """Those that started before this one; what is no incarnation of this name is not told."""
        return [text for text in client_ids if (found := self._peer(text)) and found < self]

    def rivals(self, client_ids: Iterable[str]) -> list[str]:
        """Those that one must not join: all but later ones of the same name and oneself."""
        return [text for text in client_ids if not ((found := self._peer(text)) and found >= self)]

    def _peer(self, text: str) -> Incarnation | None:
        match = _TEXT.fullmatch(text)
        if match is None or match[1] != self.instance:
            return None
        return Incarnation(int(match[2]), match[3], match[1])
