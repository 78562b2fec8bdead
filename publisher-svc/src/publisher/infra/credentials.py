"""The credentials that a request brings, wherever it brings them.

A program sends ``Authorization``. A page cannot send that with an EventSource or a WebSocket, so a
token may also be the parameter ``access_token`` (RFC 6750, section 2.3) or, of a WebSocket, an
offered subprotocol ``bearer.<token>``. Nothing is verified here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import HTTPConnection

BASIC, BEARER = "basic", "bearer"
PROTOCOL_PREFIX = f"{BEARER}."


class Credentials(NamedTuple):
    """One of them: the scheme, and what is sent with it."""

    scheme: str
    text: str


def credentials_of(connection: HTTPConnection, schemes: Collection[str]) -> list[Credentials]:
    """All that are of these schemes; others are for somebody else, a proxy for instance."""
    found = []
    for header in connection.headers.getlist("authorization"):
        scheme, _, text = header.partition(" ")
        if scheme.lower() in schemes:
            whole = scheme.lower() == BASIC
            found.append(Credentials(scheme.lower(), header if whole else text.strip()))
    if BEARER in schemes:
        query = connection.scope["query_string"].decode("latin-1")
        pairs = parse_qsl(query, keep_blank_values=True)
        found += [Credentials(BEARER, value) for name, value in pairs if name == "access_token"]
        found += [
            Credentials(BEARER, offered.removeprefix(PROTOCOL_PREFIX))
            for offered in connection.scope.get("subprotocols", ())
            if offered.startswith(PROTOCOL_PREFIX)
        ]
    return found
