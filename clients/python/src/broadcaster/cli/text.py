"""What people read: an event as a line, a problem with what to do about it. Pure.

Invariant: nothing that came over the wire reaches a terminal unescaped; an event cannot move the
cursor, change colours or set a title.
"""

from __future__ import annotations

import orjson
from rich.text import Text

from broadcaster.refusal import Refusal
from broadcaster.subscription import Received

_ADVICE = {
    "cursor-expired": "Start at what is left: --on-expired earliest (or --since earliest).",
    "cursor-ahead": "Start live instead: --on-ahead tip. Or look whether this is the right topic.",
    "cursor-foreign": (
        "The topic was recreated, so this cursor means nothing in it. "
        "Start anew: --since earliest, with another or no cursor file."
    ),
    "invalid-cursor": "`broadcaster tail --help` shows what --since and --until take.",
    "invalid-request": "`broadcaster tail --help` shows what may be asked.",
    "unauthenticated": (
        "Give --user and --password, or set BROADCASTER_USER and BROADCASTER_PASSWORD; "
        "where a publisher takes tokens, one that is valid: --token, or BROADCASTER_TOKEN."
    ),
    "forbidden": (
        "Look at the address (it ends in /websocket) and at --key, or use other credentials."
    ),
    "not-found": "Look at the address: it ends in /websocket.",
    "unknown-type": "The listener's /contracts lists the types that there are.",
}


def printable(text: str) -> str:
    """`text` with every character that a terminal could obey made visible."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def advice(refusal: Refusal) -> str:
    """What to do about it; empty when there is nothing better to say than its detail."""
    return _ADVICE.get(refusal.type, "")


def event_line(received: Received) -> Text:
    """One event for a person: place, time, type, key and data."""
    event = received.event
    line = Text()
    line.append(f"{received.partition}:{received.offset}", "dim")
    line.append(f"  {_attribute(event.get('time'))}", "dim")
    line.append(f"  {_attribute(event.get('type'))}", "bold cyan")
    if (key := event.get("partitionkey")) is not None:
        line.append(f"  {_attribute(key)}", "yellow")
    if "data" in event:
        line.append(f"  {_data(event['data'])}")
    elif "data_base64" in event:
        line.append(f"  base64 {_attribute(event['data_base64'])}")
    return line


def nack_lines(place: str, refusal: Refusal) -> list[str]:
    """A refused event: where it stood in the input, why, and every violation with its pointer."""
    head = f"{place}: {refusal.title} ({refusal.type})"
    if refusal.detail:
        head += f": {refusal.detail}"
    lines = [head]
    for violation in refusal.violations:
        pointer = violation.pointer or "(the whole)"
        lines.append(f"    {pointer}  {violation.keyword}  {violation.detail}")
    return [printable(line) for line in lines]


def _attribute(value: object) -> str:
    return "-" if value is None else printable(str(value))


def _data(value: object) -> str:
    return printable(orjson.dumps(value).decode())
