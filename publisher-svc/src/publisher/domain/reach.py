"""How far a subscriber sees: every event, or only those whose key is its own name; and how long.

Invariant: what a bounded reach makes of a filter lets nothing through but the own key's events,
whatever was asked for. Who a subscriber is, and whether to believe it, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from publisher.domain.filter import Filter


@dataclass(frozen=True, slots=True)
class Reach:
    """Of one subscriber."""

    key: str | None = None
    """None: it may see everything."""
    valid_until_s: float | None = None
    """By the scheduler's clock; None: as long as it stays."""

    def narrowed(self, wanted: Filter) -> Filter | None:
        """`wanted` within this reach; None if it asks for what lies outside."""
        if self.key is None:
            return wanted
        own = frozenset({self.key.encode()})
        if wanted.keys and wanted.keys != own:
            return None
        return replace(wanted, keys=own)


EVERYTHING_SEEN = Reach()


@dataclass(frozen=True, slots=True)
class Reaches:
    """Of all: with `own_only` everybody sees the own key's events, and `operators` see all."""

    own_only: bool = False
    operators: frozenset[str] = frozenset()

    def of(self, principal: str, valid_until_s: float | None = None) -> Reach:
        """Of one who has proved this name, for so long."""
        everything = not self.own_only or principal in self.operators
        return Reach(None if everything else principal, valid_until_s)
