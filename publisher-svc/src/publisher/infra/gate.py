"""Who may subscribe, and to what: Origin, then credentials, the same for every transport.

Invariant: nothing about the log is told, and nothing costly begun, before this has let somebody in.
The probes, metrics and documents do not ask here.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from chassis.basic_auth import CHALLENGE, BasicAuth
from chassis.origins import OriginAllowlist
from contracts.problem import Problem, ProblemType
from publisher.domain.reach import EVERYTHING_SEEN, Reach, Reaches


@dataclass(frozen=True, slots=True)
class Visitor:
    """One that has been let in."""

    reach: Reach = EVERYTHING_SEEN


class Gate:
    """See the module."""

    def __init__(self, origins: OriginAllowlist, auth: BasicAuth | None, reaches: Reaches) -> None:
        """`auth` None: everybody is let in, and sees everything."""
        if auth is None and reaches.own_only:
            raise ValueError("nobody has an own key where nobody says a name")
        self._origins = origins
        self._auth = auth
        self._reaches = reaches

    @property
    def asks(self) -> bool:
        """Answers depend on who asks."""
        return self._auth is not None

    @property
    def challenge(self) -> dict[str, str]:
        """The header beside a 401."""
        return {"www-authenticate": CHALLENGE} if self.asks else {}

    async def visitor_of(self, connection: HTTPConnection) -> Visitor | Problem:
        """Who asks, or why that one may not."""
        headers = connection.headers
        if not self._origins.allows(headers.get("origin"), headers.get("host")):
            return _FOREIGN_ORIGIN
        if self._auth is None:
            return _ANYBODY
        principal = await self._auth.authenticate(headers.get("authorization"))
        return _UNAUTHENTICATED if principal is None else Visitor(self._reaches.of(principal))

    def close(self) -> None:
        """No more are coming."""
        if self._auth is not None:
            self._auth.close()


_ANYBODY = Visitor()
_FOREIGN_ORIGIN = Problem(
    ProblemType.FORBIDDEN,
    "this page's origin may not subscribe; add it to PUBLISHER_ALLOWED_ORIGINS",
)
_UNAUTHENTICATED = Problem(
    ProblemType.UNAUTHENTICATED, "send HTTP Basic credentials of a user known here"
)
