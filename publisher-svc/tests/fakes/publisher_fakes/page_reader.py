"""`PageReader` whose loads wait until the test lets them go."""

from __future__ import annotations

import asyncio

from publisher.app.ports import Loaded
from publisher.domain.log import Miss
from publisher_fakes.broker_log import FakeBrokerLog


class FakePageReader:
    """Reads from the fake broker; `held` futures say when, with what log start or what error."""

    def __init__(self, broker: FakeBrokerLog, *, hold: bool = False) -> None:
        self._broker = broker
        self._hold = hold
        self.at: tuple[int, int] | None = None
        self.misses: list[Miss] = []
        self.gate: asyncio.Future[None] | None = None
        self.errors: list[BaseException] = []
        self.busy = False

    async def load(self, miss: Miss) -> Loaded:
        """See `publisher.app.ports.PageReader`."""
        assert not self.busy, "one load at a time"
        self.busy = True
        try:
            self.misses.append(miss)
            if self._hold:
                self.gate = asyncio.get_running_loop().create_future()
                await self.gate
            if self.errors:
                raise self.errors.pop(0)
            start = self._broker[miss.partition].start
            stop = miss.stop if start < miss.stop else miss.start
            return Loaded(self._broker.page(miss.partition, miss.start, stop), start)
        finally:
            self.busy = False

    def release(self) -> None:
        """Let the load under way go on."""
        assert self.gate is not None, "nothing is being loaded"
        self.gate.set_result(None)
        self.gate = None
