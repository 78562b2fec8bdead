"""Which web pages may read the answers (the Fetch standard's CORS), by the allowlist of origins.

A page of another origin that is not on the list is refused by the gate, as on the WebSocket; here
it only cannot read why. No cookies are used, so none are allowed; pages send credentials themselves
(`Authorization`).
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from chassis.origins import OriginAllowlist

_ALLOWED_HEADERS = "Accept, Authorization, Cache-Control, Last-Event-ID"
_EXPOSED_HEADERS = "Link, Retry-After, WWW-Authenticate"


class Cors:
    """See the module."""

    def __init__(self, origins: OriginAllowlist) -> None:
        self._origins = origins

    def headers(self, request: Request) -> dict[str, str]:
        """What makes an answer readable for the page that asked."""
        origin = request.headers.get("origin")
        if origin is None or not self._origins.allows(origin, request.headers.get("host")):
            return {}
        return {
            "access-control-allow-origin": origin,
            "access-control-expose-headers": _EXPOSED_HEADERS,
        }

    async def preflight(self, request: Request) -> Response:
        """The answer to OPTIONS: what a page may send."""
        headers = {"allow": "GET, HEAD, OPTIONS", "vary": "Origin"} | self.headers(request)
        if "access-control-allow-origin" in headers:
            headers |= {
                "access-control-allow-methods": "GET, HEAD",
                "access-control-allow-headers": _ALLOWED_HEADERS,
                "access-control-max-age": "600",
            }
        return Response(status_code=204, headers=headers)
