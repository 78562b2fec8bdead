"""What is said when Kafka cannot be followed."""

from __future__ import annotations

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)

from publisher.app.following import Phase
from publisher.domain.errors import StuckConsumerError
from publisher.infra.kafka_connection import KafkaAwayError, away
from publisher.infra.kafka_trouble import trouble


@pytest.mark.parametrize(
    ("error", "phase", "said"),
    [
        (KafkaConnectionError("no route"), Phase.NO_BROKER, "KAFKA_BOOTSTRAP_SERVERS"),
        (KafkaAwayError("no leader"), Phase.NO_BROKER, "no leader"),
        (OSError("refused"), Phase.NO_BROKER, "refused"),
        (TimeoutError(), Phase.STUCK, "TimeoutError"),
        (StuckConsumerError("stands", retriable=True), Phase.STUCK, "stands"),
        (TopicAuthorizationFailedError("events"), Phase.NOT_AUTHORIZED, "grant it"),
        (away(GroupAuthorizationFailedError("g")), Phase.NOT_AUTHORIZED, "its group"),
    ],
)
def test_each_trouble_has_its_phase_and_says_what_to_do(
    error: Exception, phase: Phase, said: str
) -> None:
    found, detail = trouble(error)
    assert found is phase
    assert said in detail


def test_a_missing_right_is_asked_for_again() -> None:
    assert away(TopicAuthorizationFailedError("events")).retriable
