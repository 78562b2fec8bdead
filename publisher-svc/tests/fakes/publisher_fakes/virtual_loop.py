"""An event loop whose clock is moved by its timers and by whoever says how long its work took.

Nothing waits: a scene of seconds runs in milliseconds, the same each time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any


class _NothingToSelect(selectors.BaseSelector):
    def __init__(self) -> None:
        self.loop: VirtualLoop | None = None
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, 0, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nothing will ever happen any more"
        assert self.loop is not None
        self.loop.now_s += max(0.0, timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module. Add to `now_s` what a piece of work takes."""

    def __init__(self) -> None:
        selector = _NothingToSelect()
        self.now_s = 1000.0
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        """The virtual clock."""
        return self.now_s
