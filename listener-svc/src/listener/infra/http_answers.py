"""The HTTP answers to events: status, headers and body for outcomes.

Invariants: 201 only when every event is stored; whatever may succeed later says when to try
(`Retry-After`); every refusal of a whole request is ``application/problem+json``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from starlette.responses import Response

from chassis.basic_auth import CHALLENGE
from contracts.problem import MEDIA_TYPE as PROBLEM_MEDIA_TYPE
from contracts.problem import Problem, ProblemType
from listener.app.admission import Refused
from listener.app.answers import ack, ack_again, nack
from listener.app.ingest_events import Stored

_RETRY_LATER = {408, 429, 503}


class Answers:
    """Makes answers; `retry_after_s` is what clients are told to wait."""

    def __init__(self, retry_after_s: int) -> None:
        self._retry_after = str(retry_after_s)

    def refusal(self, problem: Problem, id_: str | None = None) -> Response:
        """The request, or its one event, is refused."""
        document = problem.document() | ({"id": id_} if id_ is not None else {})
        headers = self._retry(problem.status in _RETRY_LATER)
        if "retry_after_s" in problem.members:
            headers["retry-after"] = str(problem.members["retry_after_s"])
        if problem.type is ProblemType.UNAUTHENTICATED:
            headers["www-authenticate"] = CHALLENGE
        if "accepted_encodings" in problem.members:
            headers["accept-encoding"] = ", ".join(problem.members["accepted_encodings"])
        elif "accepted" in problem.members:
            headers["accept-post"] = ", ".join(problem.members["accepted"])
        return Response(orjson.dumps(document), problem.status, headers, PROBLEM_MEDIA_TYPE)

    def of_one(self, outcome: Stored | Refused) -> Response:
        """To a request with one event."""
        if isinstance(outcome, Refused):
            return self.refusal(outcome.problem, outcome.id)
        return Response(_result(0, outcome), 201, media_type="application/json")

    def of_batch(self, outcomes: Sequence[Stored | Refused]) -> Response:
        """To a batch: 201 all stored, 207 some, else a problem; an empty one is 200."""
        refused = [each.problem for each in outcomes if isinstance(each, Refused)]
        results = b",".join([_result(index, each) for index, each in enumerate(outcomes)])
        counts = {"accepted": len(outcomes) - len(refused), "rejected": len(refused)}
        if not outcomes:
            return _json(counts, results, 200, {})
        if not refused:
            return _json(counts, results, 201, {})
        retriable = sum(problem.retriable for problem in refused)
        if len(refused) < len(outcomes) or 0 < retriable < len(refused):
            return _json(counts, results, 207, self._retry(bool(retriable)))
        problem = _of_all(refused)
        headers = self._retry(bool(retriable))
        document = problem.document() | counts
        return _json(document, results, problem.status, headers, PROBLEM_MEDIA_TYPE)

    def _retry(self, later: bool) -> dict[str, str]:
        return {"retry-after": self._retry_after} if later else {}


def _of_all(refused: Sequence[Problem]) -> Problem:
    """One problem for a batch of which nothing is known to be stored, all for like reasons."""
    if not refused[0].retriable:
        return Problem(
            ProblemType.NONE_ACCEPTED,
            f"none of the {len(refused)} events was accepted; results says why of each; correct "
            "them and send them again",
        )
    unknown = [each for each in refused if each.type is ProblemType.OUTCOME_UNKNOWN]
    return (unknown or refused)[0]


def _json(
    members: Mapping[str, object],
    results: bytes,
    status: int,
    headers: dict[str, str],
    media_type: str = "application/json",
) -> Response:
    body = b'%b,"results":[%b]}' % (orjson.dumps(members)[:-1], results)
    return Response(body, status, headers, media_type)


def _result(index: int, outcome: Stored | Refused) -> bytes:
    if isinstance(outcome, Refused):
        return nack(index, outcome.id, outcome.problem)
    form = ack_again if outcome.duplicate else ack
    return form(index, orjson.dumps(outcome.id), outcome.partition, outcome.offset)
