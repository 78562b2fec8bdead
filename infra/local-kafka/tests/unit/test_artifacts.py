"""The pinned jars: one Kafka version, no two versions of anything."""

from collections import Counter

from local_kafka import KAFKA_VERSION
from local_kafka.artifacts import Pin, lock_text, parse_lock


def test_every_jar_of_kafka_has_the_one_version() -> None:
    kafka = [
        pin for pin in parse_lock(lock_text()) if pin.coordinate.startswith("org.apache.kafka:")
    ]

    assert {pin.artifact for pin in kafka} >= {"kafka_2.13", "kafka-clients", "kafka-server"}
    assert {pin.version for pin in kafka} == {KAFKA_VERSION}


def test_no_artifact_is_pinned_twice() -> None:
    counts = Counter(pin.coordinate.rsplit(":", 1)[0] for pin in parse_lock(lock_text()))

    assert [name for name, count in counts.items() if count > 1] == []


def test_the_binding_of_the_log_fits_the_logging_interface() -> None:
    versions = {pin.artifact: pin.version for pin in parse_lock(lock_text())}

    assert versions["slf4j-api"].startswith("1.")
    assert "log4j-slf4j-impl" in versions
    assert versions["log4j-slf4j-impl"] == versions["log4j-core"] == versions["log4j-api"]


def test_comments_and_blank_lines_are_no_pins() -> None:
    assert parse_lock("# why\n\ng:a:1 00ff\n") == (Pin("g:a:1", "00ff"),)
