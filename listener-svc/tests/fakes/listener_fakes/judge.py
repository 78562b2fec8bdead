"""`EventJudge`: accepts everything but events of one type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.judge import Accepted, Rejected
from contracts.problem import Problem, ProblemType

VIOLATION = Problem(
    ProblemType.CONTRACT_VIOLATION,
    "wrong",
    {"errors": [{"pointer": "/data", "keyword": "type", "detail": "must be a string"}]},
)


class FakeJudge:
    """Rejects events of type ``bad``."""

    def __init__(self) -> None:
        self.judged: list[dict[str, Any]] = []

    def judge(self, event: Mapping[str, Any]) -> Accepted | Rejected:
        self.judged.append(dict(event))
        if event["type"] == "bad":
            return Rejected(VIOLATION)
        return Accepted(str(event["type"]), 1)
