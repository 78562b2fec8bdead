"""`TopicOffsets` on the fake broker's log; can be away, and lets a test act while it is asked."""

from __future__ import annotations

from collections.abc import Callable

from publisher.app.ports import LogEnds
from publisher.domain.errors import PublisherError
from publisher.domain.plan import OffsetsByTime
from publisher_fakes.broker_log import FakeBrokerLog


class BrokerAwayError(PublisherError):
    """The broker does not answer."""

    code = "kafka-away"
    retriable = True


class FakeTopicOffsets:
    """See the module."""

    def __init__(self, broker: FakeBrokerLog) -> None:
        self._broker = broker
        self.away = False
        self.asked: list[str] = []
        self.meanwhile: Callable[[str], None] = lambda _question: None

    async def log_ends(self, partitions: int) -> LogEnds:
        """See `publisher.app.ports.TopicOffsets`."""
        known = self._broker.partitions[:partitions]
        answer = LogEnds(tuple([p.start for p in known]), tuple([p.end for p in known]))
        self._ask("bounds")
        return answer

    async def offsets_for_times(self, partitions: int, times_ms: tuple[int, ...]) -> OffsetsByTime:
        """See `publisher.app.ports.TopicOffsets`."""
        known = self._broker.partitions[:partitions]
        answer = {
            ms: tuple(
                [
                    next(
                        (
                            at
                            for at in sorted(p.records)
                            if at >= p.start and p.records[at].timestamp_ms >= ms
                        ),
                        None,
                    )
                    for p in known
                ]
            )
            for ms in times_ms
        }
        self._ask("times")
        return answer

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        self.meanwhile(question)
        if self.away:
            raise BrokerAwayError("no broker answers")
