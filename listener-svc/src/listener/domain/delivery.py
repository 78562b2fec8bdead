"""What a batch's fate means for its events, and which words say so truthfully.

Two answers must never be confused: ``unavailable`` (certainly not stored) and ``outcome-unknown``
(handed over; may yet be stored). Invariant: a failure is *certain* only if the batch was never
sent, or if the broker itself refused it and it had been sent exactly once: an earlier attempt
whose answer was lost may have been stored. Knows nothing of the client library: its errors are
classified by the adapter.
"""

from __future__ import annotations

from enum import Enum, auto

from contracts.problem import Problem, ProblemType


class Refusal(Enum):
    """How a batch failed, as far as it matters here."""

    TOO_LARGE = auto()
    """The broker takes no batch or record of this size."""
    NOT_AUTHORIZED = auto()
    """The broker does not let this producer write."""
    SEQUENCE = auto()
    """Broker and producer disagree about the producer's sequence; a new producer is needed."""
    REFUSED = auto()
    """The broker refused the batch for another definite reason."""
    UNCLEAR = auto()
    """Anything else: nothing is known of what the broker did."""


class Step(Enum):
    """What to do with the events of a failed batch."""

    ANSWER = auto()
    """Tell their producers (`failure_of`)."""
    RETRY = auto()
    """Put them back: certainly not stored, and a new producer may succeed."""
    SPLIT = auto()
    """Put them back and send smaller batches."""


def next_step(refusal: Refusal, attempts: int, records: int) -> Step:
    """What to do after a batch of `records` failed at its `attempts`-th sending; 0: never sent."""
    if attempts > 1:
        return Step.ANSWER
    if attempts == 0:
        return Step.RETRY
    if refusal is Refusal.TOO_LARGE and records > 1:
        return Step.SPLIT
    return Step.RETRY if refusal is Refusal.SEQUENCE else Step.ANSWER


def failure_of(refusal: Refusal, attempts: int) -> Problem:
    """The answer to the events of a batch that failed for good at its `attempts`-th sending."""
    if attempts > 1 or refusal in (Refusal.UNCLEAR, Refusal.SEQUENCE):
        return OUTCOME_UNKNOWN
    return _CERTAIN[refusal]


OUTCOME_UNKNOWN = Problem(
    ProblemType.OUTCOME_UNKNOWN,
    "the event was handed to Kafka and no answer came in time; it may yet be stored; "
    "retry with the same id",
)
STILL_UNKNOWN = Problem(
    ProblemType.OUTCOME_UNKNOWN,
    "an earlier attempt of this event was handed to Kafka, which has not answered yet; it may yet "
    "be stored; retry with the same id",
)
WAITED_TOO_LONG = Problem(
    ProblemType.UNAVAILABLE,
    "Kafka did not take the event in time; it was not stored; send it again later",
)
FULL = Problem(
    ProblemType.UNAVAILABLE,
    "too many events wait for Kafka; this one was not stored; send it again later",
)
STOPPING = Problem(
    ProblemType.UNAVAILABLE,
    "the listener is stopping; the event was not stored; send it again, to another instance if "
    "there is one",
)
_CERTAIN = {
    Refusal.TOO_LARGE: Problem(
        ProblemType.TOO_LARGE,
        "Kafka does not take a record of this size; the event was not stored",
    ),
    Refusal.NOT_AUTHORIZED: Problem(
        ProblemType.UNAVAILABLE,
        "Kafka does not let the listener write to the topic; the event was not stored; the "
        "operator of this service must grant it",
    ),
    Refusal.REFUSED: Problem(
        ProblemType.UNAVAILABLE, "Kafka refused the event; it was not stored; send it again later"
    ),
}


def unreachable(reason: str) -> Problem:
    """The answer while there is no Kafka to hand events to; `reason` is what readiness says."""
    return Problem(
        ProblemType.UNAVAILABLE, f"{reason}; the event was not stored; send it again later"
    )
