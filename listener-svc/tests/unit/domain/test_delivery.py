"""`unavailable` and `outcome-unknown` are never confused."""

from __future__ import annotations

import pytest

from contracts.problem import ProblemType
from listener.domain.delivery import Refusal, Step, failure_of, next_step, unreachable


@pytest.mark.parametrize("refusal", list(Refusal))
def test_a_batch_never_sent_is_certain_and_goes_back(refusal: Refusal) -> None:
    assert next_step(refusal, attempts=0, records=3) is Step.RETRY


@pytest.mark.parametrize("refusal", list(Refusal))
def test_after_a_second_sending_nothing_is_certain(refusal: Refusal) -> None:
    assert next_step(refusal, attempts=2, records=3) is Step.ANSWER
    assert failure_of(refusal, attempts=2).type is ProblemType.OUTCOME_UNKNOWN


def test_a_batch_too_large_is_split_but_a_record_is_answered() -> None:
    assert next_step(Refusal.TOO_LARGE, attempts=1, records=2) is Step.SPLIT
    assert next_step(Refusal.TOO_LARGE, attempts=1, records=1) is Step.ANSWER
    assert failure_of(Refusal.TOO_LARGE, attempts=1).type is ProblemType.TOO_LARGE


def test_a_sequence_refused_at_the_first_sending_is_sent_again_by_a_new_producer() -> None:
    assert next_step(Refusal.SEQUENCE, attempts=1, records=1) is Step.RETRY


@pytest.mark.parametrize(
    ("refusal", "type_"),
    [
        (Refusal.NOT_AUTHORIZED, ProblemType.UNAVAILABLE),
        (Refusal.REFUSED, ProblemType.UNAVAILABLE),
        (Refusal.UNCLEAR, ProblemType.OUTCOME_UNKNOWN),
        (Refusal.SEQUENCE, ProblemType.OUTCOME_UNKNOWN),
    ],
)
def test_the_answer_after_one_sending(refusal: Refusal, type_: ProblemType) -> None:
    assert failure_of(refusal, attempts=1).type is type_


def test_unreachable_says_why_and_that_it_was_not_stored() -> None:
    problem = unreachable("Kafka is away")
    assert problem.type is ProblemType.UNAVAILABLE
    assert problem.detail.startswith("Kafka is away; the event was not stored")
