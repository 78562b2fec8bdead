"""Which web pages may connect: the check of the Origin header.

Browsers send Origin and let any page open a WebSocket anywhere, so a server that trusts its network
or a browser's stored credentials must check it. Programs that are no browser send none and pass.
What cannot be read as an origin is nobody's: only ``*`` or the very same text lets it in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[^\s\[\]:/?#@,\\]+)(?::([0-9]{1,5}))?", re.I)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class OriginAllowlist:
    """Allowed origins: ``https://app.example``, ``*`` for any, always the own host's.

    Case, a default port and a trailing slash make no difference.
    """

    allowed: tuple[str, ...]

    def allows(self, origin: str | None, host: str | None) -> bool:
        """Whether a request with this Origin and Host may go on. No Origin: not a browser."""
        if origin is None or "*" in self.allowed or origin in self.allowed:
            return True
        page = _normal(origin)
        if page is None:
            return False
        if any(_normal(each.rstrip("/")) == page for each in self.allowed):
            return True
        return host is not None and _normal(f"{page.partition(':')[0]}://{host}") == page


def _normal(origin: str) -> str | None:
    """Scheme, host and port in one form (RFC 6454 section 4); None for what is no web origin."""
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        return None
    scheme, host, port = found[1].lower(), found[2].lower(), found[3]
    return f"{scheme}://{host}:{port or _DEFAULT_PORTS[scheme]}"
