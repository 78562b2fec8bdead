"""Is the process of a pid file still the broker that the file was written for?"""

import os
from pathlib import Path

import pytest

from local_kafka.process import PidRecord, is_broker_of, recorded_process, write_record

PROPERTIES = Path("/data/kafka/server.properties")


def test_a_record_reads_back_as_it_was_written() -> None:
    record = PidRecord(4711, 19092)

    assert PidRecord.loads(record.dumps()) == record


@pytest.mark.parametrize("text", ["", "4711", "{}", '{"pid": "x", "port": 1}', '{"pid": 47'])
def test_a_file_that_is_no_record_names_no_process(text: str) -> None:
    assert PidRecord.loads(text) is None


@pytest.mark.parametrize(
    ("command", "ours"),
    [
        (["java", "-cp", "x", "kafka.Kafka", str(PROPERTIES)], True),
        (["java", "-cp", "x", "kafka.Kafka", "/other/server.properties"], False),
        (["vim", str(PROPERTIES)], False),
        ([], False),
    ],
)
def test_only_a_kafka_with_our_configuration_is_ours(command: list[str], ours: bool) -> None:
    assert is_broker_of(command, PROPERTIES) is ours


def test_a_reused_process_id_is_not_taken_for_the_broker(tmp_path: Path) -> None:
    write_record(tmp_path / "broker.pid", PidRecord(os.getpid(), 19092))

    assert recorded_process(tmp_path / "broker.pid", PROPERTIES) is None


def test_no_pid_file_means_no_process(tmp_path: Path) -> None:
    assert recorded_process(tmp_path / "broker.pid", PROPERTIES) is None
