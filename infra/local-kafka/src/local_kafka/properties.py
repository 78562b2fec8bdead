"""A broker's `server.properties` and its log configuration, as text. Pure.

Invariant: what is rendered is what Java's `Properties` reads back, whatever characters a path has.
The defaults suit one small node that starts fast and forgets a dead predecessor quickly; they are
not for production.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_kafka.errors import InvalidSetting

HOST = "127.0.0.1"

SMALL_NODE: Mapping[str, str] = {
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "num.partitions": "1",
    "log.cleaner.dedupe.buffer.size": "8388608",
    # After kill -9 the controller refuses the same broker until its old session is over.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "2000",
}

LOG4J2 = """\
status = error
# Else log4j closes its log first, and Kafka's orderly stop goes unseen.
shutdownHook = disable
appender.out.type = Console
appender.out.name = OUT
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = OUT
# Each prints hundreds of lines of configuration at every start.
logger.config.name = org.apache.kafka.common.config.AbstractConfig
logger.config.level = warn
"""


@dataclass(frozen=True, slots=True)
class Node:
    """One process that is broker and controller, on the loopback interface."""

    data_dir: Path
    port: int
    controller_port: int
    node_id: int = 1
    voters: Mapping[int, int] = field(default_factory=dict)
    """Controller ports by node id, of the whole quorum; empty means this node alone."""
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "logs"


def server_properties(node: Node) -> str:
    """The node's configuration file; the node's own `properties` win over every default."""
    if "," in str(node.log_dir):
        raise InvalidSetting(
            f"The data directory {node.data_dir} has a comma in its name, which Kafka takes for "
            "the end of one path and the start of another. Choose another KAFKA_DATA_DIR."
        )
    voters = node.voters or {node.node_id: node.controller_port}
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "controller.quorum.voters": ",".join(f"{i}@{HOST}:{port}" for i, port in voters.items()),
        "listeners": f"PLAINTEXT://{node.bootstrap},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{node.bootstrap}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(node.log_dir),
        **SMALL_NODE,
        **node.properties,
    }
    return "".join(f"{key}={escape(value)}\n" for key, value in settings.items())


def escape(value: str) -> str:
    """A value as Java's `Properties.load` reads it back: backslashes, line ends, non-ASCII."""
    text = (
        value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
    if text.startswith((" ", "\f")):
        text = "\\" + text
    return "".join(char if char.isascii() else _utf16(char) for char in text)


def _utf16(char: str) -> str:
    units = char.encode("utf-16-be").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
