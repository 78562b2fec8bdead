"""What the stack consists of, from the environment: pure, so that it can be read and tested.

Every service is told its settings by environment variables; those that the caller has set win over
the demo's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEMO = {
    # The walk-through of the original: user/pwd, and a typed line is a message.
    "LISTENER_USERS": "user:pwd",
    "LISTENER_PLAIN_PASSWORDS": "true",
    "LISTENER_AS": "message.posted",
    "LISTENER_LOG_FORMAT": "console",
    "PUBLISHER_LOG_FORMAT": "console",
}

_HERE = {"", "localhost", "0.0.0.0", "::"}  # noqa: S104 - recognised, not bound


@dataclass(frozen=True, slots=True)
class Service:
    """One process: its name, Python module, environment and where it answers."""

    name: str
    module: str
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Host and port where this machine reaches it."""
        host = self.environment.get(f"{self.module.upper()}_HOST", "")
        if host in _HERE:
            host = "localhost"
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The stack. `local_kafka` is False where KAFKA_BOOTSTRAP_SERVERS names a cluster."""

    data_dir: Path
    bootstrap: str
    local_kafka: bool
    kafka_port: int
    topic: str
    partitions: int
    services: tuple[Service, ...]

    @property
    def kafka_dir(self) -> Path:
        """Where the local Kafka keeps its records."""
        return self.data_dir / "kafka"

    @property
    def run_file(self) -> Path:
        """Where a running stack leaves its process id."""
        return self.data_dir / "stack.pid"


def plan_stack(environment: Mapping[str, str], root: Path) -> Plan:
    """The stack that `environment` asks for; the table in README.md lists the variables."""
    given = environment.get("KAFKA_BOOTSTRAP_SERVERS")
    kafka_port = int(environment.get("KAFKA_PORT", "19092"))
    bootstrap = given or f"127.0.0.1:{kafka_port}"
    topic = environment.get("KAFKA_TOPIC", "events")
    shared = {
        **DEMO,
        **environment,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "KAFKA_TOPIC": topic,
    }
    listener_port = int(environment.get("LISTENER_PORT", "8080"))
    first = int(environment.get("PUBLISHER_PORT", "8081"))
    count = int(environment.get("PUBLISHERS", "1"))
    listener = Service(
        "listener", "listener", listener_port, {**shared, "LISTENER_PORT": str(listener_port)}
    )
    publishers = [
        Service(
            f"publisher-{number}",
            "publisher",
            first + number - 1,
            {
                **shared,
                "PUBLISHER_PORT": str(first + number - 1),
                "PUBLISHER_INSTANCE": f"publisher-{number}",
            },
        )
        for number in range(1, count + 1)
    ]
    return Plan(
        data_dir=Path(environment.get("BROADCASTER_DATA_DIR", root / ".data")),
        bootstrap=bootstrap,
        local_kafka=given is None,
        kafka_port=kafka_port,
        topic=topic,
        partitions=int(environment.get("TOPIC_PARTITIONS", "1")),
        services=(listener, *publishers),
    )
