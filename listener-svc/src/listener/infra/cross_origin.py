"""CORS: which web pages' scripts may read the listener's answers (Fetch standard, section 3.2).

The same allowlist as the gate's. A request without an Origin is no script's and gets no such
headers. Invariant: an answer that differs by Origin says so (`Vary`), so that no cache mixes them.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers

from chassis.origins import OriginAllowlist

_HEADER_NAMES = re.compile(
    r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#$%&'*+\-.^_`|~]+)*"
)
_MAX_NAMES = 2000
_EXPOSED = "retry-after, www-authenticate"


class CrossOrigin:
    """Headers of answers to scripts."""

    def __init__(self, origins: OriginAllowlist, methods: str, max_age_s: int = 600) -> None:
        """`methods` as ``Allow`` has them."""
        self._origins = origins
        self._methods = methods
        self._max_age_s = max_age_s

    def allows(self, headers: Headers) -> bool:
        """Whether a page of this request's Origin may ask."""
        return self._origins.allows(headers.get("origin"), headers.get("host"))

    def of_answer(self, headers: Headers) -> dict[str, str]:
        """What an answer to this request carries."""
        origin = headers.get("origin")
        if origin is None:
            return {}
        if not self.allows(headers):
            return {"vary": "origin"}
        return {
            "access-control-allow-origin": origin,
            "access-control-expose-headers": _EXPOSED,
            "vary": "origin",
        }

    def of_preflight(self, headers: Headers) -> dict[str, str]:
        """What the answer to a preflight carries; the asked-for headers are all allowed."""
        answer = self.of_answer(headers)
        if "access-control-allow-origin" not in answer:
            return answer
        answer |= {
            "access-control-allow-methods": self._methods,
            "access-control-max-age": str(self._max_age_s),
        }
        names = headers.get("access-control-request-headers", "").strip()
        if len(names) <= _MAX_NAMES and _HEADER_NAMES.fullmatch(names):
            answer["access-control-allow-headers"] = names
        return answer
