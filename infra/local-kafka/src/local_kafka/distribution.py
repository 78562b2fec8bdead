"""The broker's jars on this machine, downloaded once and checked, and the Java to run them with.

Invariant: every jar handed out had, when it was first accepted, the bytes that `artifacts.lock`
pins. A second call reads one small file and looks at the sizes: no network, milliseconds. Two
processes may call at the same time (a file lock makes one of them wait). Knows nothing of brokers,
ports or data.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local_kafka import KAFKA_VERSION
from local_kafka.artifacts import Pin, lock_text, parse_lock, sha256_of
from local_kafka.errors import ArtifactMismatch, DownloadFailed
from local_kafka.java import Java, find_java

if TYPE_CHECKING:
    from jgo.maven import MavenContext

Progress = Callable[[int, int, str], None]
"""Called after each jar with how many are there, how many there are in all, and the jar's name."""

_DOWNLOADS_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Distribution:
    """Everything that a JVM needs to be a Kafka broker."""

    java: Java
    jars: tuple[Path, ...]
    cache_dir: Path

    @property
    def classpath(self) -> str:
        return os.pathsep.join(str(jar) for jar in self.jars)


def no_progress(_done: int, _total: int, _name: str) -> None:
    """For callers that show nothing."""


def resolve(progress: Progress = no_progress) -> Distribution:
    """The jars and the Java; downloads what is missing.

    Raises `DownloadFailed` (no network), `ArtifactMismatch`, `JavaNotFound`.
    """
    java = find_java()
    directory = cache_directory(os.environ)
    text = lock_text()
    index = directory / f"jars-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    jars = _read_index(index)
    if jars is None:
        directory.mkdir(parents=True, exist_ok=True)
        with exclusive(directory / "download.lock"):
            jars = _read_index(index)  # another process may have been quicker
            if jars is None:
                jars = _download(parse_lock(text), progress)
                _write_index(index, jars)
    return Distribution(java, jars, directory)


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Where this package keeps what it can make again; the jars lie in Maven's own repository."""
    home = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home, "local-kafka")


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock on a file against other processes; the kernel frees it when the holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read_index(index: Path) -> tuple[Path, ...] | None:
    try:
        sizes: dict[str, int] = json.loads(index.read_text(encoding="utf-8"))
        if all(Path(path).stat().st_size == size for path, size in sizes.items()):
            return tuple(Path(path) for path in sizes)
    except (OSError, ValueError):
        pass
    return None


def _write_index(index: Path, jars: Sequence[Path]) -> None:
    sizes = {str(jar): jar.stat().st_size for jar in jars}
    draft = index.with_suffix(".new")
    draft.write_text(json.dumps(sizes, indent=1), encoding="utf-8")
    draft.replace(index)


def _download(pins: Sequence[Pin], progress: Progress) -> tuple[Path, ...]:
    from jgo.maven import MavenContext  # costs 0.3 s, only the first start pays

    context = MavenContext()
    jars = []
    pool = ThreadPoolExecutor(_DOWNLOADS_AT_ONCE)
    try:
        for jar in pool.map(lambda pin: _fetch(context, pin), pins):
            jars.append(jar)
            progress(len(jars), len(pins), jar.name)
    finally:
        pool.shutdown(cancel_futures=True)
    return tuple(jars)


def _fetch(context: "MavenContext", pin: Pin) -> Path:
    group, artifact, version = pin.coordinate.split(":")
    wanted = context.project(group, artifact).at_version(version).artifact()
    for _attempt in range(2):
        jar = Path(_from_maven(wanted.resolve, pin))
        if sha256_of(jar) == pin.sha256:
            return jar
        # An interrupted download leaves a short file behind that Maven's layout takes for whole.
        jar.unlink()
    raise ArtifactMismatch(
        f"{pin.coordinate} as downloaded is not the file pinned in artifacts.lock. Something "
        "between here and Maven Central changes files; nothing was started."
    )


def _from_maven(download: Callable[[], Path], pin: Pin) -> Path:
    try:
        return download()
    except (
        OSError,
        RuntimeError,
    ) as error:  # requests' errors are OSErrors; jgo raises RuntimeError
        raise DownloadFailed(
            f"Could not download {pin.coordinate} for Kafka {KAFKA_VERSION} from Maven Central "
            f"({_root_cause(error)}). The first start needs the network: connect "
            "(or set HTTPS_PROXY) and run this again; what has been fetched is kept."
        ) from error


def _root_cause(error: BaseException) -> str:
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return f"{type(error).__name__}: {error}".splitlines()[0][:160]
