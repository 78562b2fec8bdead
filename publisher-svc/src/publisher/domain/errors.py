"""The one base of what the publisher raises."""

from __future__ import annotations


class PublisherError(Exception):
    """``code`` names the failure in words that stay; ``retriable``: whether trying again helps."""

    code = "publisher"
    retriable = False


class InvariantError(PublisherError):
    """A promise of our own is broken: going on could mean a silent gap, so we do not."""

    code = "invariant"


class StuckConsumerError(PublisherError):
    """The live consumer gets nothing although there is something to get."""

    code = "stuck-consumer"

    def __init__(self, message: str, *, retriable: bool) -> None:
        super().__init__(message)
        self.retriable = retriable
