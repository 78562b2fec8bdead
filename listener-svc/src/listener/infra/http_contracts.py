"""``GET /contracts``: which contracts this instance judges by, and each one's JSON Schema.

The paths are those that ``dataschema`` ends in. Public, as schemas hold nothing secret, and cheap
to ask again (entity tags, RFC 9110 section 13). Read-only. What the pages say is the part of
`contract_pages`.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.accepted import accepted
from contracts.problem import MEDIA_TYPE as PROBLEM_MEDIA_TYPE
from contracts.problem import Problem, ProblemType
from listener.infra.contract_pages import STYLE_HASH, Page, etag_of
from listener.infra.contract_set import ContractShelf

_POLICY = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; frame-ancestors 'none'"


def contract_routes(shelf: ContractShelf, *, max_age_s: int) -> list[Route]:
    """The list, and one document per contract; caches may keep a schema for `max_age_s`."""

    async def serve(request: Request) -> Response:
        path = request.path_params.get("path", "")
        page = shelf.current.pages.get(path)
        if page is None:
            return Response(_UNKNOWN.encode(), _UNKNOWN.status, media_type=PROBLEM_MEDIA_TYPE)
        return _answer(page, request, max_age_s if path else 0)

    return [Route("/contracts", serve), Route("/contracts/{path:path}", serve)]


def _answer(page: Page, request: Request, max_age_s: int) -> Response:
    html = page.html if _prefers_html(request.headers.get("accept", "")) else None
    etag = page.etag if html is None else etag_of(html)
    headers = {
        "etag": etag,
        "cache-control": f"public, max-age={max_age_s}" if max_age_s else "no-cache",
        "vary": "accept",
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
    }
    if _has(request.headers.get("if-none-match", ""), etag):
        return Response(None, 304, headers)
    if html is None:
        return Response(page.body, 200, headers, page.media_type)
    return Response(html, 200, headers | {"content-security-policy": _POLICY}, "text/html")


def _has(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def _prefers_html(accept: str) -> bool:
    """Whether HTML is asked for by name, and no form of JSON rather."""
    weights = {"html": 0.0, "json": 0.0}
    for name, weight in accepted(accept):
        kind = name.rpartition("/")[2].rpartition("+")[2]
        if kind in weights:
            weights[kind] = max(weights[kind], weight)
    return weights["html"] > weights["json"]


_UNKNOWN = Problem(
    ProblemType.NOT_FOUND, "there is no such contract; GET /contracts lists those there are"
)
