"""What a subscriber asks for, as URL parameters (docs/protocol.md, section 3).

The grammar of `since` and `until` is the publisher's: nothing is judged here, so that a newer
publisher's forms work with this client. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

from broadcaster.errors import InvalidAddressError

_SINGLE = ("since", "until", "on_expired", "on_ahead", "batch")


@dataclass(frozen=True, slots=True)
class Request:
    """One subscription's parameters; `None` and empty mean that the parameter is not sent."""

    since: str | None = None
    until: str | None = None
    types: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    on_expired: str | None = None
    on_ahead: str | None = None
    batch: str | None = None

    def taking_over(self, url: str) -> Request:
        """This request, with what only `url` says of the single parameters.

        A resumption replaces `since` and `until`, so the client must know what they were.
        """
        asked = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        found = {
            name: asked[name] for name in _SINGLE if name in asked and getattr(self, name) is None
        }
        return replace(self, **found)  # type: ignore[arg-type]  # every single parameter is a str

    def address(self, url: str) -> str:
        """`url` with these parameters; its own parameters of other names stay."""
        parts = _websocket_parts(url)
        mine = self._pairs()
        named = {name for name, _ in mine}
        kept = [
            pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in named
        ]
        return _assembled(parts, kept + mine)

    def _pairs(self) -> list[tuple[str, str]]:
        pairs = [(name, value) for name in _SINGLE if (value := getattr(self, name)) is not None]
        if self.types:
            pairs.append(("type", ",".join(self.types)))
        return pairs + [("key", key) for key in self.keys]


def _websocket_parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"ws", "wss"} and parts.hostname and parts.port != 0
    except ValueError:  # a port out of range, an unclosed bracket
        usable = False
    if not usable:
        raise InvalidAddressError(
            f"{url!r} is not a WebSocket address; one looks like ws://localhost:8081/websocket"
        )
    return parts


def with_parameter(url: str, name: str, value: str) -> str:
    """`url` with one parameter set, whatever it was before."""
    parts = _websocket_parts(url)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != name]
    return _assembled(parts, [*kept, (name, value)])


def _assembled(parts: SplitResult, pairs: list[tuple[str, str]]) -> str:
    # percent-encoding a plus sign and a space is what keeps a timestamp's zone a zone
    query = "&".join(f"{quote(name)}={quote(value, safe=':,.*@')}" for name, value in pairs)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/websocket", query, ""))
