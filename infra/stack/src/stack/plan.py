"""What the stack consists of, from the environment: pure, so that it can be read and tested.

Every service is told its settings by environment variables; those that the caller has set win over
the demo's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stack.errors import WrongSettingError

DEMO = {
    # The walk-through of the original: user/pwd, and a typed line is a message.
    "LISTENER_USERS": "user:pwd",
    "LISTENER_PLAIN_PASSWORDS": "true",
    "LISTENER_AS": "message.posted",
    "LISTENER_LOG_FORMAT": "console",
    "PUBLISHER_LOG_FORMAT": "console",
}

DEAD_LETTERS = "dead-letters"
"""The name of the publisher on the topic of dead letters."""

_DEAD_LETTER_RETENTION_MS = 7 * 24 * 3600 * 1000

_HIGHEST_PORT = 65535

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
class Topic:
    """One topic that must be there; the settings are for when it is created."""

    name: str
    partitions: int
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The stack. `local_kafka` is False where KAFKA_BOOTSTRAP_SERVERS names a cluster."""

    data_dir: Path
    bootstrap: str
    local_kafka: bool
    kafka_port: int
    topic: str
    topics: tuple[Topic, ...]
    services: tuple[Service, ...]

    @property
    def publishers(self) -> list[Service]:
        """Of events, in the order of their ports."""
        return [each for each in self.services[1:] if each.name != DEAD_LETTERS]

    @property
    def dead_letters(self) -> Service | None:
        """The publisher of dead letters, where they are kept."""
        return next((each for each in self.services if each.name == DEAD_LETTERS), None)

    @property
    def kafka_dir(self) -> Path:
        """Where the local Kafka keeps its records."""
        return self.data_dir / "kafka"

    @property
    def run_file(self) -> Path:
        """Where a running stack leaves its process id."""
        return self.data_dir / "stack.pid"


def plan_stack(environment: Mapping[str, str], root: Path) -> Plan:
    """The stack that `environment` asks for; the table in README.md lists the variables.

    Raises:
        WrongSettingError: a number that cannot be; names the variable.
    """
    given = environment.get("KAFKA_BOOTSTRAP_SERVERS")
    kafka_port = _number(environment, "KAFKA_PORT", 19092, _HIGHEST_PORT)
    bootstrap = given or f"127.0.0.1:{kafka_port}"
    topic = environment.get("KAFKA_TOPIC", "events")
    shared = {
        **DEMO,
        **environment,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "KAFKA_TOPIC": topic,
    }
    events = _of_events(shared)
    listener_port = _number(environment, "LISTENER_PORT", 8080, _HIGHEST_PORT)
    first = _number(environment, "PUBLISHER_PORT", 8081, _HIGHEST_PORT)
    count = _number(environment, "PUBLISHERS", 1, _HIGHEST_PORT + 1 - first)
    listener = Service(
        "listener", "listener", listener_port, {**shared, "LISTENER_PORT": str(listener_port)}
    )
    publishers = [
        _publisher(f"publisher-{number}", first + number - 1, events)
        for number in range(1, count + 1)
    ]
    topics = [Topic(topic, _number(environment, "TOPIC_PARTITIONS", 1))]
    dead_letters = environment.get("LISTENER_DEAD_LETTER_TOPIC")
    if dead_letters and dead_letters != topic:  # else the listener says what is wrong with that
        retention = f"retention.ms={_DEAD_LETTER_RETENTION_MS}"
        topics.append(Topic(dead_letters, 1, (retention,)))
        own = {**shared, "KAFKA_TOPIC": dead_letters, **_walled(shared)}
        publishers.append(_publisher(DEAD_LETTERS, first + count, own))
    return Plan(
        data_dir=Path(environment.get("BROADCASTER_DATA_DIR", root / ".data")),
        bootstrap=bootstrap,
        local_kafka=given is None,
        kafka_port=kafka_port,
        topic=topic,
        topics=tuple(topics),
        services=(listener, *publishers),
    )


def _number(
    environment: Mapping[str, str], name: str, default: int, most: int | None = None
) -> int:
    """A whole number from 1 on, written in digits."""
    text = environment.get(name, str(default)).strip()
    if text.isascii() and text.isdigit() and int(text) >= 1 and (most is None or int(text) <= most):
        return int(text)
    up_to = "" if most is None else f" to {most}"
    raise WrongSettingError(
        f"{name}: write a whole number from 1{up_to}, or unset it ({default}); nothing was started."
    )


def _walled(shared: Mapping[str, str]) -> dict[str, str]:
    """Dead letters hold payloads: each user sees its own, and nobody from another machine any.

    Where the listener asks nobody for a name, all of them are everybody's.
    """
    here = {"PUBLISHER_HOST": "localhost"}
    if shared.get("LISTENER_AUTH") == "none":
        return here
    schemes = "basic,bearer" if "bearer" in shared.get("PUBLISHER_AUTH", "") else "basic"
    return {**here, "PUBLISHER_AUTH": schemes, "PUBLISHER_KEYS": "own", **_users(shared)}


def _of_events(shared: Mapping[str, str]) -> dict[str, str]:
    """The events' publishers: as the caller says, with the listener's users if it names none."""
    events = dict(shared)
    if "basic" in events.get("PUBLISHER_AUTH", ""):
        events |= _users(shared)
    if events.get("PUBLISHER_KEYS") != "own":
        events.pop("PUBLISHER_OPERATORS", None)  # they are the dead letters' then
    return events


def _users(shared: Mapping[str, str]) -> dict[str, str]:
    """Who may subscribe: those that the caller names, else those who may produce."""
    if shared.get("PUBLISHER_USERS"):
        return {}
    return {
        "PUBLISHER_USERS": shared["LISTENER_USERS"],
        "PUBLISHER_PLAIN_PASSWORDS": shared["LISTENER_PLAIN_PASSWORDS"],
    }


def _publisher(name: str, port: int, environment: Mapping[str, str]) -> Service:
    own = {"PUBLISHER_PORT": str(port), "PUBLISHER_INSTANCE": name}
    return Service(name, "publisher", port, {**environment, **own})
