"""What it means that Kafka cannot be followed now, and what to do about it: for readiness."""

from __future__ import annotations

from publisher.app.following import Phase
from publisher.domain.errors import PublisherError, StuckConsumerError
from publisher.infra.kafka_connection import KafkaNotAuthorizedError, away


def trouble(error: Exception) -> tuple[Phase, str]:
    """The phase that `error` puts the follower into, and its detail."""
    why = str(error) or type(error).__name__
    if isinstance(error, StuckConsumerError | TimeoutError):
        return Phase.STUCK, f"Kafka cannot be followed now: {why}"
    meant = error if isinstance(error, PublisherError) else away(error)
    if isinstance(meant, KafkaNotAuthorizedError):
        return Phase.NOT_AUTHORIZED, (
            f"Kafka does not let this user follow the topic ({why}); grant it Describe and Read on "
            "the topic and on its group"
        )
    return Phase.NO_BROKER, (
        f"Kafka does not answer: {why}; start it, or correct KAFKA_BOOTSTRAP_SERVERS; if it is up, "
        "check KAFKA_SECURITY_PROTOCOL and KAFKA_SASL_*"
    )
