"""A service's image as a container, with no more rights than it needs.

Read-only root filesystem, no capabilities, no new privileges: what works here works under the
strictest of orchestrators.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from support.kafka_container import INTERNAL
from support.services import wait_for

PORTS = {"listener": 8080, "publisher": 8081}
DEMO_USER = {"LISTENER_USERS": "user:pwd", "LISTENER_PLAIN_PASSWORDS": "true"}


def image_of(service: str) -> str:
    """The tag that the tests build."""
    return f"broadcaster-{service}:test"


class ServiceContainer(DockerContainer):
    """The listener or a publisher, on the Kafka of its network."""

    def __init__(self, service: str, network: Network, topic: str, **environment: str) -> None:
        super().__init__(image_of(service), network=network)
        self._port = PORTS[service]
        self.with_exposed_ports(self._port)
        self.with_envs(KAFKA_BOOTSTRAP_SERVERS=INTERNAL, KAFKA_TOPIC=topic, **environment)
        self.with_kwargs(read_only=True, cap_drop=["ALL"], security_opt=["no-new-privileges:true"])

    @property
    def address(self) -> str:
        """`host:port` for clients outside containers."""
        return f"{self.get_container_host_ip()}:{self.get_exposed_port(self._port)}"

    @property
    def websocket_url(self) -> str:
        return f"ws://{self.address}/websocket"

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/readyz", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def wait_until_ready(self, timeout_s: float = 30) -> None:
        wait_for(self.is_ready, timeout_s, f"{self.image} to be ready")

    def is_healthy(self) -> bool:
        """What Docker's HEALTHCHECK has found last."""
        self.reload()
        return bool(self.get_wrapped_container().attrs["State"]["Health"]["Status"] == "healthy")

    def python(self, program: str) -> tuple[int, str]:
        """Run a program inside; gives exit status and output."""
        status, output = self.exec(["python", "-c", program])
        return status or 0, output.decode()

    def terminate(self, timeout_s: float) -> tuple[int, float]:
        """SIGTERM; gives the exit status and how long it took. Raises if it takes longer."""
        container, started_s = self.get_wrapped_container(), time.monotonic()
        container.kill("SIGTERM")
        status = int(container.wait(timeout=timeout_s)["StatusCode"])
        return status, time.monotonic() - started_s

    def log_lines(self) -> list[dict[str, Any]]:
        """Its JSON log."""
        lines = self.get_wrapped_container().logs().decode().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]
