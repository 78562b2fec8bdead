"""The Kafka topic between the services: what the listener stores and publishers follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.asyncapi.messages import Messages, dead_letters
from contracts.asyncapi.pieces import channel, operation
from contracts.services import LISTENER, PUBLISHER

_BINDING = "0.5.0"


def add(whole: dict[str, Any], messages: Messages, services: Sequence[str]) -> None:
    """Add the server, the channel, and what each of `services` does there."""
    stored = messages.stored()
    whole["components"]["messages"].update(stored)
    whole["servers"]["kafka"] = {
        "host": "localhost:19092",
        "protocol": "kafka",
        "description": "Apache Kafka: what is retained there can be replayed.",
    }
    whole["channels"]["records"] = channel(
        "{topic}",
        ["kafka"],
        stored,
        "A record is one event, compact, on one line; timestamps are the broker's.",
        parameters={"topic": {"description": "KAFKA_TOPIC", "default": "events"}},
        bindings={
            "kafka": {
                "topicConfiguration": {"cleanup.policy": ["delete"]},
                "bindingVersion": _BINDING,
            }
        },
    )
    if LISTENER in services:
        whole["operations"]["store"] = operation(
            "send", "records", stored, "Idempotent, acks=all: an ack means that it is stored."
        )
        _add_dead_letters(whole)
    if PUBLISHER in services:
        group = {"type": "string", "description": "<prefix>.<instance>: each instance has its own."}
        whole["operations"]["follow"] = operation(
            "receive",
            "records",
            stored,
            "Every instance follows every partition.",
            bindings={"kafka": {"groupId": group, "bindingVersion": _BINDING}},
        )


def _add_dead_letters(whole: dict[str, Any]) -> None:
    """A topic of their own, which the listener keeps where it is told to."""
    letters = dead_letters()
    whole["components"]["messages"].update(letters)
    whole["channels"]["deadLetters"] = channel(
        "{deadLetterTopic}",
        ["kafka"],
        letters,
        "Refused events with the reason; the record's key is who sent them. A publisher on this "
        "topic shows them.",
        parameters={"deadLetterTopic": {"description": "LISTENER_DEAD_LETTER_TOPIC; none: off"}},
    )
    whole["operations"]["keepDeadLetter"] = operation(
        "send", "deadLetters", letters, "What is refused is kept, where a topic is set for it."
    )
