"""The documents that describe a service, served to tools: fixed texts, or texts that may change.

Each is asked for at every request, so that one that follows what the service holds is never stale;
making it cheap is the giver's part. What the documents say is the service's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def document_routes(documents: Mapping[str, Callable[[], str]]) -> list[Route]:
    """A route for each: its path → what gives its JSON text."""
    return [Route(path, _serving(give)) for path, give in documents.items()]


def _serving(give: Callable[[], str]) -> Callable[[Request], Awaitable[Response]]:
    async def serve(_: Request) -> Response:
        # any page may read them, such as a viewer of such documents
        headers = {"cache-control": "no-cache", "access-control-allow-origin": "*"}
        return Response(give(), media_type="application/json", headers=headers)

    return serve
