"""The data directory of one node: what lies where, whose it is, and its one-time formatting.

Invariant: only a directory that carries this package's marker is ever written into or deleted, and
a formatted log directory is never formatted again. Starts no broker.
"""

import base64
import json
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from local_kafka import KAFKA_VERSION
from local_kafka.distribution import Distribution
from local_kafka.errors import ForeignDirectory, StartFailed
from local_kafka.properties import LOG4J2, Node, server_properties

_FORMAT_TIMEOUT_S = 60
_LOG_ROTATION_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The paths inside a node's data directory."""

    root: Path

    @property
    def marker(self) -> Path:
        return self.root / ".local-kafka.json"

    @property
    def pid_file(self) -> Path:
        return self.root / "broker.pid"

    @property
    def lock_file(self) -> Path:
        return self.root / "start.lock"

    @property
    def properties(self) -> Path:
        return self.root / "server.properties"

    @property
    def log4j2(self) -> Path:
        return self.root / "log4j2.properties"

    @property
    def log(self) -> Path:
        return self.root / "broker.log"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    def claim(self) -> None:
        """Make the directory ours. Raises `ForeignDirectory` if others' files are in it."""
        self.root.mkdir(parents=True, exist_ok=True)
        if self.marker.exists():
            return
        if any(self.root.iterdir()):
            raise ForeignDirectory(
                f"{self.root} is not empty and was not made by local-kafka, so nothing is written "
                "there. Point KAFKA_DATA_DIR to a new or empty directory."
            )
        self.marker.write_text(json.dumps({"made_by": "local-kafka", "kafka": KAFKA_VERSION}))

    def delete(self) -> None:
        """Delete the directory and all in it. Raises `ForeignDirectory` if it is not ours."""
        if not self.marker.is_file():
            raise ForeignDirectory(
                f"{self.root} was not made by local-kafka (it has no {self.marker.name}), so it "
                "is not deleted. If it is to go, delete it by hand."
            )
        shutil.rmtree(self.root)

    def prepare(self, node: Node) -> None:
        """Write the configuration, empty what a killed JVM left behind, turn a long log over."""
        self.properties.write_text(server_properties(node), encoding="ascii")
        self.log4j2.write_text(LOG4J2, encoding="ascii")
        shutil.rmtree(self.tmp, ignore_errors=True)
        self.tmp.mkdir()
        if self.log.exists() and self.log.stat().st_size > _LOG_ROTATION_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))

    def format(self, node: Node, distribution: Distribution, cluster_id: str) -> None:
        """Give the log directory its identity, unless it has one. Raises `StartFailed`."""
        if (node.log_dir / "meta.properties").exists():
            return
        answer = subprocess.run(  # noqa: S603 - the Java and the jars of the distribution
            [
                *(distribution.java.executable, "-Xmx128m", "-XX:TieredStopAtLevel=1"),
                *("-XX:+UseSerialGC", "-XX:-UsePerfData", "-cp", distribution.classpath),
                *(f"-Dlog4j2.configurationFile={self.log4j2}", "kafka.tools.StorageTool"),
                *("format", "--ignore-formatted", "-t", cluster_id, "-c", self.properties),
            ],
            capture_output=True,
            text=True,
            timeout=_FORMAT_TIMEOUT_S,
            check=False,
        )
        if answer.returncode != 0:
            raise StartFailed(
                f"Kafka's StorageTool could not format {node.log_dir}: "
                f"{cause_in(answer.stderr + answer.stdout)}"
            )


def cause_in(output: str) -> str:
    """The line of a Java program's output that says what went wrong: not the stack below it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = [line for line in lines if "Exception" in line and not line.startswith("at ")]
    return (named or lines or ["it said nothing"])[0]


def new_cluster_id() -> str:
    """A random id in Kafka's form: 16 bytes, URL-safe base64, no padding, no leading dash."""
    while True:
        name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not name.startswith("-"):
            return name
