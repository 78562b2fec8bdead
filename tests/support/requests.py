"""Requests and what they get, the same over every transport.

Topic `one` holds 10…29, its second half from 20 on; topic `three` 0…9, 0…11 and nothing. ``GEN``
stands for the generation, ``SECOND`` for the time of the second half's first event.
"""

from __future__ import annotations

from urllib.parse import quote

from support.served import Served

LIVE_ONLY = 30
BEYOND = 2**63 - 1


def encoded(template: str, served: Served) -> str:
    """Fill in the generation and the second half's time, then encode as a client would."""
    if not template:
        return ""
    pairs = [pair.partition("=") for pair in template.split("&")]
    filled = [
        (name, value.replace("GEN", served.generation).replace("SECOND", served.second_half))
        for name, _, value in pairs
    ]
    return "&".join(f"{name}={quote(value)}" for name, value in filled)


STARTS: list[tuple[str, int, bool]] = [
    ("", LIVE_ONLY, False),
    ("since=now", LIVE_ONLY, False),
    ("since=earliest", 10, False),
    ("since=15", 15, False),
    ("since=0015", 15, False),
    ("since=10", 10, False),
    ("since=30", LIVE_ONLY, False),
    ("since=0:15", 15, False),
    ("since=0:15@GEN", 15, False),
    ("since=SECOND", 20, False),
    ("since=2001-01-01T00:00:00Z", 10, True),
    ("since=2001-01-01T00:00:00.5+02:00", 10, True),
    ("since=2099-01-01T00:00:00Z", LIVE_ONLY, False),
    ("since=-1h", 10, True),
    ("since=-60m", 10, True),
    ("since=-3600s", 10, True),
    ("since=-1d", 10, True),
    ("since=-0s", LIVE_ONLY, False),
    ("since=last:5", 25, False),
    ("since=last:20", 10, False),
    ("since=last:21", 10, True),
    ("since=last:0", LIVE_ONLY, False),
    (f"since=last:{BEYOND}", 10, True),
    ("since=15&on_expired=earliest&on_ahead=tip", 15, False),
    ("access_token=x&since=15", 15, False),
]
"""Query, first offset, truncated."""

BAD_POINTS = [
    "", "x", "-5", "1.5", "٤٢", "9223372036854775808", "99999999999999999999", "NOW", "Earliest",
    "2026-11-22T10:00:00", "2026-11-22", "2026-13-01T00:00:00Z", "2026-11-22T25:00:00Z",
    "2026-11-22T10:00:00+24:00", "-15x", "-m", "last:", "last:-1", "last", "1:0", "0:1,2:3", "0:",
    "0:1@zz", "0:1@", "0:1@3F9C21AA", "0:1,", "0:1;1:2", "0:9223372036854775808", "0:1,0:1",
    "earliest ", " 5",
]  # fmt: skip
"""No places in a log."""

REFUSED: list[tuple[str, int, str, int, dict[str, str]]] = [
    ("since=31", 4409, "cursor-ahead", 409, {"end": "0:30@GEN"}),
    (f"since={BEYOND}", 4409, "cursor-ahead", 409, {"end": "0:30@GEN"}),
    (f"since=0:{BEYOND}@GEN", 4409, "cursor-ahead", 409, {"end": "0:30@GEN"}),
    ("since=9", 4410, "cursor-expired", 410, {"earliest": "0:10@GEN"}),
    ("since=0", 4410, "cursor-expired", 410, {"earliest": "0:10@GEN"}),
    ("since=0:0@GEN&until=now", 4410, "cursor-expired", 410, {"earliest": "0:10@GEN"}),
    ("since=0:15@00000000", 4411, "cursor-foreign", 409, {"generation": "GEN"}),
    ("since=15&until=0:20@00000000", 4411, "cursor-foreign", 409, {"generation": "GEN"}),
    ("since=0:15,1:3", 4400, "invalid-cursor", 400, {}),
    ("until=0:15,1:3", 4400, "invalid-cursor", 400, {}),
    ("since=earliest&until=31", 4400, "invalid-cursor", 400, {}),
    ("since=earliest&until=2099-01-01T00:00:00Z", 4400, "invalid-cursor", 400, {}),
    ("since=20&until=15", 4400, "invalid-cursor", 400, {}),
    ("since=earliest&until=5", 4400, "invalid-cursor", 400, {}),
    ("since=SECOND&until=-1h", 4400, "invalid-cursor", 400, {}),
    ("until=15", 4400, "invalid-cursor", 400, {}),
    ("sinse=5", 4400, "invalid-request", 400, {}),
    ("since=15&since=15", 4400, "invalid-request", 400, {}),
    ("type=a&type=b", 4400, "invalid-request", 400, {}),
    ("until=now&until=now", 4400, "invalid-request", 400, {}),
    ("Since=15", 4400, "invalid-request", 400, {}),
    ("on_expired=tip", 4400, "invalid-request", 400, {}),
    ("on_ahead=earliest", 4400, "invalid-request", 400, {}),
    ("on_ahead=", 4400, "invalid-request", 400, {}),
    ("type=", 4400, "invalid-request", 400, {}),
    ("type=a,,b", 4400, "invalid-request", 400, {}),
    ("type=*", 4400, "invalid-request", 400, {}),
    ("type=order*", 4400, "invalid-request", 400, {}),
    ("type=*.order", 4400, "invalid-request", 400, {}),
    ("key=", 4400, "invalid-request", 400, {}),
]
"""Query, close code, problem, status, further members."""

BOUNDED: list[tuple[str, int, int]] = [
    ("since=earliest&until=now", 10, 30),
    ("since=earliest&until=20", 10, 20),
    ("since=earliest&until=0:20@GEN", 10, 20),
    ("since=earliest&until=SECOND", 10, 20),
    ("since=earliest&until=last:5", 10, 25),
    ("since=earliest&until=last:0", 10, 30),
    ("since=earliest&until=last:1000", 10, 10),
    ("since=earliest&until=earliest", 10, 10),
    ("since=earliest&until=-1h", 10, 10),
    ("since=earliest&until=-0s", 10, 30),
    ("since=12&until=13", 12, 13),
    ("since=12&until=12", 12, 12),
    ("since=30&until=now", 30, 30),
    ("since=now&until=now", 30, 30),
    ("until=now", 30, 30),
    ("since=last:10&until=last:5", 20, 25),
    ("since=5&on_expired=earliest&until=12", 10, 12),
]
"""Query, first offset, end."""

PARTITIONED: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = [
    ("since=earliest&until=now", (0, 0, 0), (10, 12, 0)),
    ("since=0:4,1:7,2:0&until=now", (4, 7, 0), (10, 12, 0)),
    ("since=0:4,1:7,2:0@GEN&until=now", (4, 7, 0), (10, 12, 0)),
    ("since=0:4&until=now", (4, 0, 0), (10, 12, 0)),
    ("since=0:4,1:7&until=now", (4, 7, 0), (10, 12, 0)),
    ("since=SECOND&until=now", (5, 6, 0), (10, 12, 0)),
    ("since=earliest&until=SECOND", (0, 0, 0), (5, 6, 0)),
    ("since=last:3&until=now", (7, 9, 0), (10, 12, 0)),
    ("since=last:11&until=now", (0, 1, 0), (10, 12, 0)),
    ("since=-1h&until=now", (0, 0, 0), (10, 12, 0)),
    ("since=earliest&until=0:4,1:7,2:0", (0, 0, 0), (4, 7, 0)),
    ("since=earliest&until=0:4", (0, 0, 0), (4, 12, 0)),
    ("since=0:10,1:12,2:0&until=now", (10, 12, 0), (10, 12, 0)),
]
"""Query, start, end; on the topic with three partitions."""
