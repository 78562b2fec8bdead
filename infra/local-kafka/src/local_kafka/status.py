"""What can be said about the broker of a data directory, as one value that prints and serialises.

Invariant: asks only, changes nothing; a broker that runs but does not answer (starting, paused) is
reported as just that.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_kafka import KAFKA_VERSION
from local_kafka.errors import KafkaRefused
from local_kafka.process import recorded_process
from local_kafka.properties import HOST
from local_kafka.storage import DataDirectory
from local_kafka.topics import PartitionRange, partition_ranges
from local_kafka.waiting import run_apart


@dataclass(frozen=True, slots=True)
class Status:
    """`topics` is None where there was no one to ask, or no answer."""

    data_dir: Path
    pid: int | None = None
    bootstrap: str | None = None
    topics: tuple[PartitionRange, ...] | None = None

    @property
    def running(self) -> bool:
        return self.pid is not None

    def as_json(self) -> dict[str, Any]:
        """For scripts: keys are stable."""
        topics: dict[str, list[dict[str, int]]] = {}
        for found in self.topics or ():
            entry = {"partition": found.partition, "start": found.start, "end": found.end}
            topics.setdefault(found.topic, []).append(entry)
        return {
            "running": self.running,
            "answers": self.topics is not None,
            "pid": self.pid,
            "bootstrap": self.bootstrap,
            "data_dir": str(self.data_dir),
            "version": KAFKA_VERSION,
            "topics": topics,
        }


def status_of(data_dir: Path) -> Status:
    """Look at the pid file, the process, and ask the broker itself."""
    directory = DataDirectory(data_dir.resolve())
    found = recorded_process(directory.pid_file, directory.properties)
    if found is None:
        return Status(directory.root)
    record, process = found
    bootstrap = f"{HOST}:{record.port}"
    try:
        topics = tuple(run_apart(partition_ranges(bootstrap)))
    except KafkaRefused:
        return Status(directory.root, process.pid, bootstrap)
    return Status(directory.root, process.pid, bootstrap, topics)
