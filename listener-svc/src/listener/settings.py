"""The listener's settings: ``LISTENER_*``, ``KAFKA_*`` and ``CONTRACTS_DIR`` environment variables.

Read once, in `main`, and handed on as values. Invariant: a wrong value stops the start with one
line per fault that names the variable, what is wrong and what to do; values are not repeated,
since one may be a password.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.kafka_settings import KafkaSettings
from chassis.settings_text import Names, Users, faults_of, secrets_of

PREFIX = "LISTENER_"


class SettingsError(Exception):
    """The settings cannot be used; the message has one line per fault."""

    code = "settings"
    retriable = False


class Settings(BaseSettings):
    """All of them. Durations in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    host: str = "localhost"
    port: int = Field(default=8080, ge=0, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    auth: Literal["basic", "none"] = "basic"
    users: Users = {}
    plain_passwords: bool = False
    max_verifying: int = Field(default=100, ge=1)
    """Credentials that wait to be verified; who comes then is told to come again."""
    allowed_origins: Names = ()

    as_: str | None = Field(default=None, alias="LISTENER_AS", min_length=1)
    """The type of what is no event and came without ``?as=``."""
    contracts_dir: Path | None = Field(default=None, alias="CONTRACTS_DIR")
    contracts_poll_s: float = Field(default=1.0, gt=0)
    """How often it is looked at for changes."""
    contracts_policy: Literal["declared", "always", "off"] = "declared"
    """Which directories' changes are held to their policy.toml while in force."""
    contracts_policy_limit_s: float = Field(default=30.0, gt=0)
    """How long a review may take."""
    contracts_max_age_s: int = Field(default=300, ge=0)
    """How long caches may keep a schema."""
    dead_letter_topic: str | None = Field(default=None, min_length=1)
    dead_letter_copy_bytes: int = Field(default=64 << 10, ge=0)
    """Of what was refused."""
    dead_letter_pending_bytes: int = Field(default=4 << 20, ge=1 << 20)
    """Of dead letters that wait for Kafka; more are dropped."""

    max_connections: int = Field(default=10_000, ge=1)
    """WebSockets; each is an open file."""
    control_frames_per_minute: int = Field(default=600, ge=1)
    """Pings and unasked pongs of one WebSocket; with more it is closed."""
    max_in_flight: int = Field(default=5000, ge=1)
    """Unanswered events of one connection; beyond them its socket is not read."""
    max_in_flight_bytes: int = Field(default=8 << 20, ge=1024)
    """Of them, so that one connection cannot take all of `max_pending_bytes`."""
    max_frame_bytes: int = Field(default=4 << 20, ge=1024)
    """Of one WebSocket frame and of one HTTP body."""
    max_line_bytes: int = Field(default=2 << 20, ge=1024)
    """Of one line of an NDJSON stream."""
    max_array_events: int = Field(default=1000, ge=1)
    """Of one WebSocket frame and of one HTTP batch."""
    max_event_bytes: int = Field(default=1_000_000, ge=1024)
    """Of one record; no more than the topic's max.message.bytes."""
    max_http_requests: int = Field(default=1000, ge=1)
    max_pipelined: int = Field(default=100, ge=1)
    """Requests that wait on a connection behind one that is not answered yet."""
    max_body_bytes: int = Field(default=64 << 20, ge=1 << 20)
    """Of all HTTP bodies at once; what does not fit is refused with 503."""
    max_inflation: int = Field(default=200, ge=2)
    """How many times larger than it was sent an NDJSON stream may become."""
    stall_s: float = Field(default=60.0, gt=0)
    """How long an HTTP body may take, a stream pause, and a stream's answers go unread."""
    rate_events: float = Field(default=0.0, ge=0)
    """Events a second of one user, over all its connections and requests; 0: any number."""
    rate_bytes: float = Field(default=0.0, ge=0)
    """The same of what is sent, in bytes."""
    rate_burst_s: float = Field(default=2.0, ge=0.1)
    """So many seconds' worth can be saved up."""
    rate_hold_s: float = Field(default=5.0, ge=0, le=15)
    """How long what is too much over a WebSocket waits for its rate before it is nacked."""
    retry_after_s: int = Field(default=2, ge=1)
    retry_window_s: float = Field(default=300.0, ge=0)
    """How long a retry of the same source and id is known as one; 0: never."""
    retry_window_events: int = Field(default=20_000, ge=2)
    """At most; the newest half of them for certain."""
    max_pending_bytes: int = Field(default=64 << 20, ge=1 << 20)
    """Memory of all unanswered events, waiting for Kafka or in its hands."""
    batch_bytes: int = Field(default=256 << 10, ge=1024)
    """Of one batch to Kafka, before it is compressed."""
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = "none"
    """How batches are compressed on their way to Kafka and in its log."""
    queue_timeout_s: float = Field(default=10.0, gt=0)
    """After it an event that Kafka did not take is answered unavailable."""
    delivery_timeout_s: float = Field(default=30.0, gt=0)
    """After it an event that Kafka took and did not answer for is answered outcome-unknown."""
    request_timeout_s: float = Field(default=10.0, gt=0)
    drain_timeout_s: float = Field(default=6.0, gt=0, le=8)

    @model_validator(mode="after")
    def _users_are_needed(self) -> Settings:
        if self.auth == "basic" and not self.users:
            raise ValueError(
                "LISTENER_USERS: nobody could send events; name users (user:hash pairs, or JSON), "
                "or set LISTENER_AUTH=none to let everybody in"
            )
        return self

    @property
    def user_secrets(self) -> dict[str, str]:
        """User → hash, or password where plain ones are allowed."""
        return secrets_of(self.users)


def read_settings() -> tuple[Settings, KafkaSettings]:
    """From the environment.

    Raises:
        SettingsError: says every variable that is wrong.
    """
    faults: list[str] = []
    try:
        settings = Settings()
    except ValidationError as error:
        faults += faults_of(error, PREFIX)
    try:
        kafka = KafkaSettings()
    except ValidationError as error:
        faults += faults_of(error, "KAFKA_")
    if not faults and settings.dead_letter_topic == kafka.topic:
        faults.append(
            "LISTENER_DEAD_LETTER_TOPIC: is the events' own topic; name another one, since every "
            "subscriber would get what was refused"
        )
    if faults:
        raise SettingsError("\n".join(faults))
    return settings, kafka
