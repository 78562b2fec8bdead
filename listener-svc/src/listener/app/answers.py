"""The answers to events, as JSON: ``ack`` and ``nack`` (docs/protocol.md, section 2).

Built here alone, for every transport, so that their shape cannot drift. An ack is formatted by
hand: one is made for every event.
"""

from __future__ import annotations

import orjson

from contracts.problem import Problem


def ack(ref: int, id_json: bytes, partition: int, offset: int) -> bytes:
    """The event is durable at this offset; `id_json` is its id as JSON."""
    return b'{"type":"ack","ref":%d,"id":%b,"partition":%d,"offset":%d}' % (
        ref,
        id_json,
        partition,
        offset,
    )


def ack_again(ref: int, id_json: bytes, partition: int, offset: int) -> bytes:
    """The event was durable at this offset already: an earlier attempt's."""
    return b'%b,"duplicate":true}' % ack(ref, id_json, partition, offset)[:-1]


def nack(ref: int, id_: str | None, problem: Problem) -> bytes:
    """The event is refused, or its outcome is not known; the problem says which."""
    return orjson.dumps(
        {"type": "nack", "ref": ref, "id": id_, "problem": problem.document()},
    )
