"""Who may subscribe, to what and for how long: Origin, then credentials, on every transport.

Invariant: nothing about the log is told, and nothing costly begun, before this has let somebody in.
The probes, metrics and documents do not ask here.
"""

from __future__ import annotations

import asyncio

from starlette.requests import HTTPConnection

from chassis.basic_auth import CHALLENGE as BASIC_CHALLENGE
from chassis.basic_auth import BasicAuth, Busy
from chassis.origins import OriginAllowlist
from contracts.problem import Problem, ProblemType
from publisher.domain.reach import EVERYTHING_SEEN, Reach, Reaches
from publisher.infra.bearer_auth import BearerAuth, TokenFault
from publisher.infra.credentials import BASIC, BEARER, Credentials, credentials_of

_CHALLENGES = {BASIC: BASIC_CHALLENGE, BEARER: 'Bearer realm="broadcaster"'}
_WAYS = {
    BASIC: "HTTP Basic credentials of a user known here",
    BEARER: "a bearer token that is valid here (the header Authorization, the parameter "
    "access_token, or the subprotocol bearer.<token>)",
}


class Gate:
    """See the module."""

    def __init__(
        self,
        origins: OriginAllowlist,
        reaches: Reaches,
        *,
        basic: BasicAuth | None = None,
        bearer: BearerAuth | None = None,
    ) -> None:
        """Any of the schemes will do. With none everybody is let in, and sees everything."""
        offered = {BASIC: basic, BEARER: bearer}
        self._schemes = [name for name, auth in offered.items() if auth is not None]
        if reaches.own_only and not self._schemes:
            raise ValueError("nobody has an own key where nobody says a name")
        self._origins = origins
        self._reaches = reaches
        self._basic = basic
        self._bearer = bearer
        ways = " or ".join(_WAYS[name] for name in self._schemes)
        self._unknown = Problem(ProblemType.UNAUTHENTICATED, f"send {ways}")

    @property
    def asks(self) -> bool:
        """Answers depend on who asks."""
        return bool(self._schemes)

    @property
    def challenge(self) -> dict[str, str]:
        """The header beside a 401."""
        challenges = ", ".join(_CHALLENGES[name] for name in self._schemes)
        return {"www-authenticate": challenges} if challenges else {}

    async def reach_of(self, connection: HTTPConnection) -> Reach | Problem:
        """How far this one sees, or why it may not come in."""
        headers = connection.headers
        if not self._origins.allows(headers.get("origin"), headers.get("host")):
            return _FOREIGN_ORIGIN
        if not self._schemes:
            return EVERYTHING_SEEN
        given = credentials_of(connection, self._schemes)
        if len(given) > 1:
            return _SEVERAL
        return await self._proven(given[0]) if given else self._unknown

    async def _proven(self, given: Credentials) -> Reach | Problem:
        if self._basic is not None and given.scheme == BASIC:
            principal = await self._basic.authenticate(given.text)
            if isinstance(principal, Busy):
                return _BUSY
            return self._unknown if principal is None else self._reaches.of(principal)
        assert self._bearer is not None  # noqa: S101 - there is no third scheme
        proof = self._bearer.proven(given.text)
        if isinstance(proof, TokenFault):
            return _EXPIRED if proof is TokenFault.EXPIRED else self._unknown
        now_s = asyncio.get_running_loop().time()
        return self._reaches.of(proof.principal, now_s + proof.left_s)

    def close(self) -> None:
        """No more are coming."""
        if self._basic is not None:
            self._basic.close()


_FOREIGN_ORIGIN = Problem(
    ProblemType.FORBIDDEN,
    "this page's origin may not subscribe; add it to PUBLISHER_ALLOWED_ORIGINS",
)
_SEVERAL = Problem(
    ProblemType.UNAUTHENTICATED, "credentials were sent more than once; send them in one way, once"
)
_EXPIRED = Problem(ProblemType.UNAUTHENTICATED, "the token has expired; get a new one")
_BUSY = Problem(ProblemType.UNAVAILABLE, Busy.BUSY.value)
