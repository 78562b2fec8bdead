"""WebSocket close codes, and what each asks of the client (docs/protocol.md, "Close codes").

Codes are typed values whose class says who may reconnect and how, so that a client needs one table
and no special cases. 1xxx codes are RFC 6455's; 4xxx are this protocol's own.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class Reconnect(Enum):
    """What a client does after a close."""

    NEVER = "never"
    """The stream is complete."""
    PLANNED = "planned"
    """Resume from the cursor after ``retry_after_ms``, else after a random 0–5 s."""
    BACK_OFF = "back-off"
    """Resume from the cursor with exponential back-off and full jitter."""
    NOT_UNCHANGED = "not-unchanged"
    """The request itself was refused: the same request will be refused again."""


class CloseCode(IntEnum):
    """Every code that a client of a publisher may see."""

    NORMAL = 1000
    GOING_AWAY = 1001
    ABNORMAL = 1006
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    MOVED = 4001
    STALLED = 4008
    RATE_EXCEEDED = 4029
    BAD_REQUEST = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    CURSOR_AHEAD = 4409
    CURSOR_EXPIRED = 4410
    CURSOR_FOREIGN = 4411


_RECONNECT: dict[Reconnect, frozenset[CloseCode]] = {
    Reconnect.NEVER: frozenset({CloseCode.NORMAL}),
    Reconnect.PLANNED: frozenset(
        {CloseCode.MOVED, CloseCode.SERVICE_RESTART, CloseCode.GOING_AWAY}
    ),
    Reconnect.BACK_OFF: frozenset(
        {
            CloseCode.ABNORMAL,
            CloseCode.INTERNAL_ERROR,
            CloseCode.TRY_AGAIN_LATER,
            CloseCode.STALLED,
            CloseCode.RATE_EXCEEDED,
        }
    ),
    Reconnect.NOT_UNCHANGED: frozenset(
        {
            CloseCode.POLICY_VIOLATION,
            CloseCode.TOO_BIG,
            CloseCode.BAD_REQUEST,
            CloseCode.UNAUTHENTICATED,
            CloseCode.FORBIDDEN,
            CloseCode.CURSOR_AHEAD,
            CloseCode.CURSOR_EXPIRED,
            CloseCode.CURSOR_FOREIGN,
        }
    ),
}
_BY_CODE = {int(code): verdict for verdict, codes in _RECONNECT.items() for code in codes}


def reconnect_after(code: int) -> Reconnect:
    """What the table says of `code`.

    A code that it does not list is trouble below 4000 (a proxy, a crash) and a refusal in the
    4400–4499 range, as HTTP's own ranges suggest; anything else is trouble.
    """
    known = _BY_CODE.get(code)
    if known is not None:
        return known
    return Reconnect.NOT_UNCHANGED if 4400 <= code < 4500 else Reconnect.BACK_OFF
