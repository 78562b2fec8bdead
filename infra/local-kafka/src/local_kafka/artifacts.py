"""The jars that make up the broker, as pinned in `artifacts.lock`: coordinate and SHA-256.

Invariant: what is listed was resolved by Maven's own rules, once, and reviewed; a start never
resolves anew, so it can neither pick up another version nor another file. `python -m
local_kafka.artifacts` prints the list afresh (for an upgrade of Kafka). Downloads nothing when only
read.
"""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from local_kafka import KAFKA_VERSION

ROOTS = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    # Kafka's own slf4j-api is 1.7, whose binding this is; slf4j2-impl would leave the log empty.
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
)
"""Resolved one by one: together, the second one's managed versions pull in an old kafka-clients."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One jar: its Maven coordinate `group:artifact:version` and its SHA-256 in hex."""

    coordinate: str
    sha256: str

    @property
    def artifact(self) -> str:
        return self.coordinate.split(":")[1]

    @property
    def version(self) -> str:
        return self.coordinate.split(":")[2]


def parse_lock(text: str) -> tuple[Pin, ...]:
    """The pins of a lock's text; blank lines and lines that begin with `#` say nothing."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return tuple(Pin(coordinate, sha256) for coordinate, sha256 in pairs)


def lock_text() -> str:
    return resources.files("local_kafka").joinpath("artifacts.lock").read_text(encoding="utf-8")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def resolve_anew() -> Iterator[Pin]:
    """Ask Maven Central what the roots need. Slow (seconds), and only for an upgrade."""
    from jgo.maven import MavenContext  # costs 0.3 s that no start should pay

    context = MavenContext()
    seen: dict[str, str] = {}
    for root in ROOTS:
        inputs, transitive = context.resolver.resolve([context.create_dependency(root)])
        for dependency in [*inputs, *(d for d in transitive if d.scope in ("compile", "runtime"))]:
            artifact = dependency.artifact
            key = f"{artifact.groupId}:{artifact.artifactId}"
            if seen.setdefault(key, artifact.version) != artifact.version:
                raise SystemExit(f"{key} is wanted as {seen[key]} and as {artifact.version}")
            yield Pin(f"{key}:{artifact.version}", sha256_of(artifact.resolve()))


if __name__ == "__main__":
    for pin in sorted(set(resolve_anew()), key=lambda pin: pin.coordinate):
        sys.stdout.write(f"{pin.coordinate} {pin.sha256}\n")
