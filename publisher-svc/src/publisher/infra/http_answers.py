"""Ordinary answers over HTTP: a problem, a page of events, a plan, and what ends an EventSource."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from contracts.frames import error_frame
from contracts.problem import MEDIA_TYPE, Problem
from publisher.app.plan_replay import Planned
from publisher.app.read_page import EventPage
from publisher.domain.http_encodings import BARE, retry_line, sse
from publisher.infra.content_coding import compress
from publisher.infra.negotiation import Media

_NO_STORE = {"cache-control": "private, no-store"}
_RETRY_AFTER_S = "1"
_WORTH_BYTES = 1024
"""Smaller pages are not compressed."""
Headers = Mapping[str, str]


def problem_answer(problem: Problem, headers: Headers) -> Response:
    """A refusal; where asking again helps it says when."""
    more = {"retry-after": _RETRY_AFTER_S} if problem.status == 503 else {}
    all_headers = {**headers, **_NO_STORE, **more}
    return Response(problem.encode(), problem.status, all_headers, MEDIA_TYPE)


def later_answer(problem: Problem, retry_ms: int, headers: Headers) -> Response:
    """To an EventSource, which would never come back after a 503: when to come, why, and the end.

    The reason is a named event that a page may listen to.
    """
    encoding = sse(BARE, generation="", partitions=0, end=None)
    body = retry_line(retry_ms) + encoding.wrap(error_frame(problem))
    more = {"cache-control": "private, no-cache", "content-type": Media.SSE.value}
    return Response(body, 200, {**headers, **more})


async def page_answer(
    page: EventPage, request: Request, headers: Headers, coding: str | None
) -> Response:
    """One page; ``Link: rel="next"`` while there is more."""
    plan = page.planned.plan
    members: dict[str, object] = {
        "cursor": page.cursor,
        "until": page.until,
        "tip": page.tip,
        "more": page.more,
        "truncated": plan.truncated,
    }
    if plan.moved_from:
        members["expired"] = dict(plan.moved_from)
    # b"{…}" without its brace goes on behind the events, which are bytes as stored
    body = [b'{"events":[', b"".join(page.items)[:-1], b"],", orjson.dumps(members)[1:], b"\n"]
    more = {"link": f'<{_next(page, request)}>; rel="next"'} if page.more else {}
    content = b"".join(body)
    if coding is not None and len(content) >= _WORTH_BYTES:
        content = await asyncio.to_thread(compress, coding, content)
        more["content-encoding"] = coding
    return Response(content, 200, {**headers, **_NO_STORE, **more}, Media.PAGE.value)


def plan_answer(
    planned: Planned | Problem, *, earliest: str | None, tip: str | None, headers: Headers
) -> Response:
    """What a request would get. The problem is a member: asking for a plan did not fail."""
    document: dict[str, object] = {"cursor": None, "until": None, "events_at_most": None}
    facts: dict[str, object] = {"earliest": earliest, "tip": tip}
    facts |= {"truncated": False, "problem": None}
    if isinstance(planned, Problem):
        facts["problem"] = planned.document()
    else:
        plan, bounds = planned.plan, planned.bounds
        ends = bounds.ends if plan.stop is None else plan.stop
        document = {
            "cursor": bounds.cursor(plan.start),
            "until": None if plan.stop is None else bounds.cursor(plan.stop),
            "events_at_most": sum(
                max(0, end - at) for at, end in zip(plan.start, ends, strict=True)
            ),
        }
        facts |= {"earliest": bounds.cursor(bounds.earliest), "truncated": plan.truncated}
        if plan.moved_from:
            facts["expired"] = dict(plan.moved_from)
    body = orjson.dumps(document | facts, option=orjson.OPT_APPEND_NEWLINE)
    return Response(body, 200, {**headers, **_NO_STORE}, "application/json")


def _next(page: EventPage, request: Request) -> str:
    """The same request from the page's cursor on, to the same end."""
    place = {"since": page.cursor} | ({} if page.until is None else {"until": page.until})
    query = request.scope["query_string"].decode("latin-1")
    kept = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name not in {"since", "until", "access_token"}
    ]
    path = request.scope.get("root_path", "") + request.scope["path"]
    return f"{path}?{urlencode([*place.items(), *kept], safe=':,@')}"
