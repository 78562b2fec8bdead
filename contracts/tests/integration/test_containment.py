from __future__ import annotations

import time

from contracts.compatibility.containment import Answer, Containment


def test_a_yes_and_a_no_with_the_difference() -> None:
    containment = Containment()
    try:
        assert containment.ask({"type": "integer"}, {"type": "number"}, 10.0) == Answer("yes")
        answer = containment.ask({"type": ["null", "string"]}, {"type": "string"}, 10.0)
        assert answer.contained == "no"
        assert isinstance(answer.difference, dict)
    finally:
        containment.close()


def test_a_schema_that_it_cannot_take_is_unknown_and_the_next_is_answered() -> None:
    containment = Containment()
    try:
        assert containment.ask({"type": 5}, {}, 10.0) == Answer("unknown")
        assert containment.ask({}, {}, 10.0) == Answer("yes")
    finally:
        containment.close()


def test_beyond_the_time_limit_it_is_unknown_and_a_new_process_answers_the_next() -> None:
    containment = Containment()
    try:
        began = time.monotonic()
        # the child cannot even start in this time
        assert containment.ask({}, {}, 0.001) == Answer("unknown")
        assert time.monotonic() - began < 5.0
        assert containment.ask({}, {}, 10.0) == Answer("yes")
    finally:
        containment.close()


def test_documents_that_are_too_large_are_not_asked_about() -> None:
    assert Containment().ask({"const": "a" * 5_000_000}, {}, 10.0) == Answer("unknown")
