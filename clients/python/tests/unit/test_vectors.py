"""The wire vectors for clients: what is handed out, and what is done after each close."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest

from broadcaster.request import Request
from broadcaster.steps import Finished, Refused, Resume
from broadcaster.subscription import Received, Subscription
from contracts.vectors import vectors


def request_of(asked: dict[str, Any]) -> Request:
    types = asked.get("type")
    return Request(
        since=asked.get("since"),
        until=asked.get("until"),
        types=tuple(types.split(",")) if types else (),
        keys=tuple(asked.get("key", ())),
        on_expired=asked.get("on_expired"),
        on_ahead=asked.get("on_ahead"),
        batch=asked.get("batch"),
    )


@pytest.mark.parametrize("case", vectors("clients")["cases"], ids=lambda case: case["name"])
def test_the_client_does_as_the_vectors_say(case: dict[str, Any]) -> None:
    subscription = Subscription(request_of(case["asked"]), Random(7))
    handed: list[list[int]] = []
    step: Resume | Finished | Refused | None = None
    for connection in case["connections"]:
        subscription.opened()
        for message in connection["frames"]:
            for frame in subscription.frames_in(orjson.dumps(message)):
                got = subscription.receive(frame)
                if isinstance(got, Received):
                    handed.append([got.partition, got.offset])
        step = subscription.closed(connection["close"])
    assert handed == case["handed"]
    check(case["then"], step, subscription)


def check(
    then: dict[str, Any], step: Resume | Finished | Refused | None, subscription: Subscription
) -> None:
    match step:
        case Finished():
            assert then["do"] == "finished"
        case Refused(refusal):
            assert (then["do"], then["problem"]) == ("refused", refusal.type)
        case Resume(delay_s):
            assert then["do"] == "resume"
            assert subscription.request() == request_of(then["request"])
            low, high = then.get("after_ms", (0, 3_600_000))
            assert low <= delay_s * 1000 <= high
        case None:
            pytest.fail("the case has no connection")
