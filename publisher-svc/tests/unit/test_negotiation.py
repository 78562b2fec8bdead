"""Which form a request gets."""

from __future__ import annotations

import pytest

from publisher.infra.negotiation import Media, negotiate

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "paged", "media"),
    [
        (None, False, Media.NDJSON),
        ("", False, Media.NDJSON),
        ("*/*", False, Media.NDJSON),
        ("*/*", True, Media.PAGE),
        (CHROME, False, Media.PAGE),
        ("text/event-stream", False, Media.SSE),
        ("text/event-stream", True, Media.SSE),
        ("Text/Event-Stream", False, Media.SSE),
        ("text/*", False, Media.SSE),
        ("text/event-stream, */*", False, Media.SSE),
        ("*/*, text/event-stream", False, Media.SSE),
        ("application/json", False, Media.PAGE),
        ("application/json; charset=utf-8", False, Media.PAGE),
        ("application/*", False, Media.NDJSON),
        ("application/*", True, Media.PAGE),
        ("application/x-ndjson", False, Media.NDJSON),
        ("application/json;q=0.5, application/x-ndjson;q=0.6", False, Media.NDJSON),
        ("application/json;q=0.5, text/event-stream;q=0.4", False, Media.PAGE),
        ("*/*, application/x-ndjson;q=0", False, Media.PAGE),
        ("*/*;q=0.1, application/json;q=0.01", False, Media.NDJSON),
        ("image/png", False, None),
        ("application/x-ndjson;q=0", False, None),
        ("application/x-ndjson;q=nonsense", False, None),
        ("image/png, ;;, ,", False, None),
    ],
)
def test_what_is_accepted_decides(accept: str | None, paged: bool, media: Media | None) -> None:
    assert negotiate(accept, paged=paged) is media
