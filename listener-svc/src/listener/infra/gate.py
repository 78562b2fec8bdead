"""Who may produce: the check of Origin and credentials, the same for every transport."""

from __future__ import annotations

from starlette.datastructures import Headers

from chassis.basic_auth import BasicAuth, Busy
from chassis.origins import OriginAllowlist
from contracts.problem import Problem, ProblemType

ANONYMOUS = "anonymous"
"""The principal where authentication is off."""


class Gate:
    """Tells the principal, or why there is none."""

    def __init__(self, auth: BasicAuth | None, origins: OriginAllowlist) -> None:
        """`auth` None: everybody is let in as `ANONYMOUS`."""
        self._auth = auth
        self._origins = origins

    async def principal_of(self, headers: Headers) -> str | Problem:
        """The principal of a request with these headers."""
        if not self._origins.allows(headers.get("origin"), headers.get("host")):
            return FOREIGN_ORIGIN
        if self._auth is None:
            return ANONYMOUS
        principal = await self._auth.authenticate(headers.get("authorization"))
        if isinstance(principal, Busy):
            return BUSY
        return UNAUTHENTICATED if principal is None else principal


FOREIGN_ORIGIN = Problem(
    ProblemType.FORBIDDEN,
    "pages of this origin may not send events here; the operator lists origins in "
    "LISTENER_ALLOWED_ORIGINS",
)
UNAUTHENTICATED = Problem(
    ProblemType.UNAUTHENTICATED, "send HTTP Basic credentials of a user known here"
)
BUSY = Problem(ProblemType.UNAVAILABLE, Busy.BUSY.value)
