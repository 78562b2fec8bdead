"""Which form of the broadcast a request gets: the Accept header against what there is.

RFC 9110 section 12.5.1: of the ranges that match an offer the most specific one's weight counts.
Where a client accepts several alike it gets the stream of lines, for ``/events`` is a stream and
lines are what a terminal can read; a page when it asks for a ``limit``, which only pages have, or
when it accepts HTML, which only a person's browser does.
"""

from __future__ import annotations

from enum import Enum

from chassis.accepted import accepted


class Media(Enum):
    """What there is."""

    NDJSON = "application/x-ndjson"
    PAGE = "application/json"
    SSE = "text/event-stream"


def negotiate(accept: str | None, *, paged: bool) -> Media | None:
    """The form to answer in; None: none that is accepted. `paged`: a ``limit`` was asked for."""
    ranges = accepted(accept or "*/*") or [("*/*", 1.0)]
    wants_page = paged or any(name == "text/html" for name, _ in ranges)
    order = [Media.PAGE, Media.NDJSON, Media.SSE] if wants_page else list(Media)
    weighed = [(_weight(media, ranges), media) for media in order]
    (weight, _), best = max(weighed, key=lambda each: each[0])  # the first of equals
    return best if weight > 0 else None


def _weight(media: Media, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """Weight and specificity of the best match."""
    kind = media.value.partition("/")[0]
    for specificity, name in ((2, media.value), (1, f"{kind}/*"), (0, "*/*")):
        weights = [weight for each, weight in ranges if each == name]
        if weights:
            return max(weights), specificity
    return 0.0, 0
