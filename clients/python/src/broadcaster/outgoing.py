"""From what a caller has (a mapping, a line of text) to the frame that is sent.

Invariant: text that is a CloudEvent already is sent as it is, but for an `id` put in front where it
has none: no number is rounded and no member reordered on the way. (The elements of an array are the
exception: they are written anew.) Validity is the listener's to judge; only what cannot be sent at
all is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from broadcaster.identity import new_id
from broadcaster.refusal import Refusal
from contracts.problem import ProblemType


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event, ready to send. Without an `id`, sending it twice may store it twice."""

    frame: bytes
    id: str | None


def prepare(
    event: Mapping[str, Any] | str | bytes,
    *,
    type_: str | None = None,
    make_id: Callable[[], str] = new_id,
) -> Iterator[Outgoing | Refusal]:
    """The frames of `event`: one, or one per element of an array.

    What has no ``specversion`` is no event: it becomes the data of `type_`, by the listener's rule
    (an object as it is, anything else as ``{"text": …}``). Without `type_` it is sent as it is, for
    the listener's own default, and then cannot be retried safely.
    """
    text = _text(event)
    if isinstance(text, Refusal):
        yield text
        return
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if isinstance(value, list):
        for element in value:
            yield _prepare_one(orjson.dumps(element), element, type_, make_id)
    else:
        yield _prepare_one(text, value, type_, make_id)


def _prepare_one(
    text: bytes, value: object, type_: str | None, make_id: Callable[[], str]
) -> Outgoing:
    if isinstance(value, dict) and "specversion" in value:
        known = value.get("id")
        if "id" in value:
            return Outgoing(text, known if isinstance(known, str) and known else None)
        made = make_id()
        return Outgoing(b'{"id":"%b",' % made.encode() + text.lstrip()[1:], made)
    if type_ is None:
        return Outgoing(text, None)
    made = make_id()
    data = text if isinstance(value, dict) else orjson.dumps({"text": text.decode()})
    head = orjson.dumps({"specversion": "1.0", "id": made, "type": type_})
    return Outgoing(head[:-1] + b',"data":' + data + b"}", made)


def _text(event: Mapping[str, Any] | str | bytes) -> bytes | Refusal:
    try:
        if isinstance(event, Mapping):
            return orjson.dumps(dict(event))
        if isinstance(event, str):
            return event.encode()
        event.decode()
    except (TypeError, UnicodeError) as error:
        kind = ProblemType.INVALID_JSON.value
        return Refusal(
            kind.name, kind.title, f"it cannot be sent as UTF-8 text: {error}", kind.status
        )
    return event
