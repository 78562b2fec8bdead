"""Apache Kafka's own image as a testcontainer; testcontainers has one for another image only.

A broker must advertise the port under which it is published, which is known only once the
container runs: so it starts idle, is given a script with that port, and then starts Kafka. Other
containers of the same network reach it as ``kafka:19092``. One node, nothing survives it.
"""

from __future__ import annotations

import time
from typing import Any, Self

from testcontainers.core.container import DockerContainer

from local_kafka.waiting import wait_for_answer

IMAGE = "apache/kafka:4.3.1"
ALIAS = "kafka"
INTERNAL = f"{ALIAS}:19092"
"""Where containers of the same network reach it."""

_PORT = 9092
_NODE_ID = 1
_SCRIPT = "/tmp/start.sh"  # noqa: S108 - inside the container
_LAST_LINE = "exec /etc/kafka/docker/run"
# The last line is looked for, not the file: a file is there before it is whole.
_IDLE = f"until grep -qsx '{_LAST_LINE}' {_SCRIPT}; do sleep 0.1; done; exec bash {_SCRIPT}"
_SETTINGS = {
    "KAFKA_NODE_ID": str(_NODE_ID),
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_LISTENERS": f"EXTERNAL://:{_PORT},INTERNAL://:19092,CONTROLLER://:9093",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": (
        "EXTERNAL:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
    ),
    "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": f"{_NODE_ID}@localhost:9093",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
}


class KafkaContainer(DockerContainer):
    """One broker; `start` returns when it answers, and removes it when it does not."""

    def __init__(self, *, start_timeout_s: float = 60, **options: Any) -> None:
        super().__init__(IMAGE, **options)
        self._start_timeout_s = start_timeout_s
        self.with_exposed_ports(_PORT)
        self.with_envs(**_SETTINGS)
        self.with_kwargs(entrypoint=["bash", "-c", _IDLE])

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients outside containers."""
        return f"{self.get_container_host_ip()}:{self.get_exposed_port(_PORT)}"

    def start(self) -> Self:
        """Raises AssertionError, with Kafka's last words, if it does not answer in time."""
        super().start()
        try:
            self.copy_into_container(self._script().encode(), _SCRIPT)
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def _script(self) -> str:
        # Without a network of its own nobody resolves the alias, not even the broker itself.
        internal = INTERNAL if self._network else INTERNAL.replace(ALIAS, "localhost")
        advertised = f"EXTERNAL://{self.bootstrap},INTERNAL://{internal}"
        return f"export KAFKA_ADVERTISED_LISTENERS={advertised}\n{_LAST_LINE}\n"

    def _wait(self) -> None:
        started_s = time.monotonic()
        host, _, port = self.bootstrap.rpartition(":")
        if not wait_for_answer(host, int(port), _NODE_ID, self._start_timeout_s, self._is_running):
            took_s = time.monotonic() - started_s
            last_words = self.get_wrapped_container().logs(tail=20).decode(errors="replace")
            raise AssertionError(f"{IMAGE} did not answer after {took_s:.0f} s:\n{last_words}")

    def _is_running(self) -> bool:
        self.reload()
        return self.status == "running"
