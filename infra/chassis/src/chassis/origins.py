"""Which web pages may connect: the check of the Origin header.

Browsers send Origin and let any page open a WebSocket anywhere, so a server that trusts its network
or a browser's stored credentials must check it. Programs that are no browser send none and pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class OriginAllowlist:
    """Allowed origins: exact (``https://app.example``), ``*`` for any, always the own host."""

    allowed: tuple[str, ...]

    def allows(self, origin: str | None, host: str | None) -> bool:
        """Whether a request with this Origin and Host may go on. No Origin: not a browser."""
        if origin is None or "*" in self.allowed or origin in self.allowed:
            return True
        return host is not None and urlsplit(origin).netloc.lower() == host.lower()
