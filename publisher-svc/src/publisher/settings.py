"""The publisher's settings: environment variables, each with a sane default. Read by main alone."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chassis.server import ServerLimits
from chassis.settings_text import Names, Users, secrets_of
from publisher.app.catch_up_lane import Turns
from publisher.app.read_page import PageBounds
from publisher.infra.content_coding import CODINGS
from publisher.infra.http_events import HttpTerms
from publisher.infra.kafka_follower import FollowerSettings
from publisher.infra.socket_limits import SocketLimits
from publisher.infra.websocket_encodings import BatchTerms

MIB = 1 << 20


class PublisherSettings(BaseSettings):
    """``PUBLISHER_*``; docs/operations.md says what each is for."""

    model_config = SettingsConfigDict(env_prefix="PUBLISHER_", extra="ignore")

    host: str = "localhost"
    port: Annotated[int, Field(ge=0, le=65535)] = 8081
    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] | None = None
    """The stable name; without one the instance is ephemeral and deletes its group when it goes."""
    group_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = "broadcaster"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    allowed_origins: Names = ()
    """``*`` for any. Pages of the same host may always connect."""

    auth: Annotated[tuple[Literal["basic", "bearer"], ...], NoDecode] = ()
    """Schemes, any of which will do; none: everybody is let in."""
    users: Users = {}
    plain_passwords: bool = False
    max_verifying: Annotated[int, Field(ge=1)] = 100
    """Credentials that wait to be verified; who comes then is told to come again."""
    token_key: SecretStr | None = None
    token_keys_file: str | None = None
    token_audience: str | None = None
    token_issuer: str | None = None
    keys: Literal["any", "own"] = "any"
    """``own``: a subscriber gets the events whose key is its name, and no others."""
    operators: Names = ()
    """Who may see everything all the same."""

    @field_validator("auth", "compression", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("auth", mode="before")
    @classmethod
    def _none_is_none(cls, value: object) -> object:
        return () if value in ("none", ("none",)) else value

    @model_validator(mode="after")
    def _users_are_whole(self) -> Self:
        if "basic" in self.auth and not self.users:
            raise ValueError(
                "PUBLISHER_USERS: nobody could subscribe by PUBLISHER_AUTH=basic; name users "
                "(user:hash pairs, or JSON)"
            )
        if self.users and "basic" not in self.auth:
            raise ValueError(
                "PUBLISHER_USERS: they are not asked for; set PUBLISHER_AUTH=basic, or unset them"
            )
        return self

    @model_validator(mode="after")
    def _tokens_are_whole(self) -> Self:
        keys = [bool(self.token_secret()), bool(self.token_keys_file)]
        if "bearer" in self.auth and sum(keys) != 1:
            raise ValueError(
                "PUBLISHER_TOKEN_KEY: PUBLISHER_AUTH=bearer needs it or PUBLISHER_TOKEN_KEYS_FILE, "
                "and not both"
            )
        told = any(keys) or self.token_audience or self.token_issuer
        if told and "bearer" not in self.auth:
            raise ValueError(
                "PUBLISHER_TOKEN_*: no tokens are asked for; set PUBLISHER_AUTH=bearer, or unset "
                "them"
            )
        return self

    @model_validator(mode="after")
    def _the_wall_is_whole(self) -> Self:
        """Half of one would look like a wall and be none."""
        if self.keys == "own" and not self.auth:
            raise ValueError(
                "PUBLISHER_KEYS: own needs to know who subscribes; set PUBLISHER_AUTH too"
            )
        if self.operators and self.keys != "own":
            raise ValueError(
                "PUBLISHER_OPERATORS: without PUBLISHER_KEYS=own everybody sees everything; set "
                "that, or unset them"
            )
        strangers = sorted(set(self.operators) - set(self.users))
        if strangers and self.auth == ("basic",):
            raise ValueError(
                f"PUBLISHER_OPERATORS: PUBLISHER_USERS does not have {', '.join(strangers)}; name "
                "them there too, or unset them"
            )
        return self

    contracts_dir: Path | None = Field(default=None, alias="CONTRACTS_DIR")
    """For the documents that describe the events; a publisher judges nothing."""

    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes on the one port, each an instance with its own group; ``--workers`` sets it too."""
    worker_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Worker k also answers on this port + k - 1, so that each can be looked at."""
    worker: Annotated[int, Field(ge=0, le=64)] = 0
    """Which worker this process is; set by the process that starts it."""

    max_subscribers: Annotated[int, Field(ge=1)] = 20_000
    max_pipelined: Annotated[int, Field(ge=1)] = 100
    """HTTP requests that wait on a connection behind one that is not answered yet."""
    heartbeat_s: Annotated[float, Field(gt=0)] = 15.0
    stall_s: Annotated[float, Field(gt=0)] = 30.0
    socket_high_bytes: Annotated[int, Field(ge=4096)] = 256 << 10
    socket_low_bytes: Annotated[int, Field(ge=0)] = 64 << 10
    input_frames_per_minute: Annotated[int, Field(ge=1)] = 60
    input_frame_bytes: Annotated[int, Field(ge=125)] = 4096
    control_frames_per_minute: Annotated[int, Field(ge=1)] = 600
    """Pings and unasked pongs of one WebSocket; with more it is closed."""
    ping_interval_s: Annotated[float, Field(gt=0)] = 60.0
    ping_timeout_s: Annotated[float, Field(gt=0)] = 20.0

    compression: Annotated[tuple[Literal["zstd", "gzip", "permessage-deflate"], ...], NoDecode] = (
        *CODINGS,
        "permessage-deflate",
    )
    """Comma-separated; empty for none."""
    batch_bytes: Annotated[int, Field(ge=1024, le=1_000_000)] = 64 << 10
    """Of the events in one frame, before compression."""
    page_events: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    page_most_events: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    page_bytes: Annotated[int, Field(ge=4096)] = MIB
    page_reads: Annotated[int, Field(ge=1)] = 64
    page_requests: Annotated[int, Field(ge=1)] = 100

    tail_bytes: Annotated[int, Field(ge=MIB)] = 64 * MIB
    cache_bytes: Annotated[int, Field(ge=MIB)] = 64 * MIB
    readers: Annotated[int, Field(ge=1, le=64)] = 3
    gather_ms: Annotated[float, Field(ge=0)] = 1000.0
    """How long a replay may wait for others behind it to share a page that the cache lacks."""
    prefill: Annotated[int, Field(ge=0)] = 10_000
    poll_records: Annotated[int, Field(ge=1)] = 500
    coalesce_ms: Annotated[float, Field(ge=0)] = 0.0
    fan_out_ms: Annotated[float, Field(gt=0)] = 5.0
    io_uring: Literal["auto", "off"] = "auto"
    """``auto``: a block is sent to many sockets by one system call, where the system allows it."""
    catch_up_bytes: Annotated[int, Field(ge=4096)] = 256 << 10
    catch_up_work_ms: Annotated[float, Field(gt=0)] = 1.0
    catch_up_rest_ms: Annotated[float, Field(ge=0)] = 3.0
    kafka_timeout_s: Annotated[float, Field(gt=0)] = 5.0
    session_ms: Annotated[int, Field(ge=1000)] = 6000
    bounds_s: Annotated[float, Field(gt=0)] = 1.0
    """How often the log's start and the topic's identity are looked up."""
    stuck_s: Annotated[float, Field(gt=0)] = 30.0
    """A live consumer that gets nothing for this long, though the log goes on, is started again."""

    drain_s: Annotated[float, Field(ge=0)] = 4.0
    retry_after_ms: Annotated[int, Field(ge=0)] = 1000

    def name(self) -> str:
        """The instance's name: the stable one, or one of this process's own."""
        return self.instance or f"{socket.gethostname()}-{os.getpid()}"

    def user_secrets(self) -> dict[str, str]:
        """User → hash, or password where plain ones are allowed."""
        return secrets_of(self.users)

    def token_secret(self) -> str:
        """What tokens are signed with, if that is a secret."""
        return self.token_key.get_secret_value() if self.token_key else ""

    def turns(self) -> Turns:
        """The catch-up lane's measures."""
        work_s, rest_s = self.catch_up_work_ms / 1e3, self.catch_up_rest_ms / 1e3
        return Turns(self.catch_up_bytes, work_s, rest_s)

    def sockets(self) -> SocketLimits:
        """Bounds per socket."""
        return SocketLimits(
            self.socket_high_bytes, self.socket_low_bytes, self.input_frames_per_minute
        )

    def batches(self) -> BatchTerms:
        """Frames of several events."""
        return BatchTerms(self.batch_bytes, "permessage-deflate" in self.compression)

    def pages(self) -> PageBounds:
        """Bounds of one page over HTTP."""
        events = min(self.page_events, self.page_most_events)
        return PageBounds(self.page_most_events, events, self.page_bytes, self.page_reads)

    def http(self) -> HttpTerms:
        """What the HTTP endpoints are set to."""
        return HttpTerms(self.retry_after_ms, self.compression, self.page_requests)

    def server(self) -> ServerLimits:
        """Bounds of the server."""
        return ServerLimits(
            message_bytes=self.input_frame_bytes,
            ping_interval_s=self.ping_interval_s,
            ping_timeout_s=self.ping_timeout_s,
            drain_timeout_s=self.drain_s + 2,
            # The kernel counts from when a peer's own buffer is full, the sweep from when ours is
            # too; the sweep knows why it ends a subscription, and so is to be first.
            unacknowledged_s=2 * self.stall_s + self.heartbeat_s,
            most_behind=self.max_pipelined,
            control_frames_per_minute=self.control_frames_per_minute,
        )

    def follower(self) -> FollowerSettings:
        """What the live consumer may use."""
        return FollowerSettings(
            instance=self.name(),
            group=f"{self.group_prefix}.{self.name()}",
            ephemeral=self.instance is None,
            prefill=self.prefill,
            poll_records=self.poll_records,
            coalesce_s=self.coalesce_ms / 1e3,
            session_ms=self.session_ms,
            stuck_s=self.stuck_s,
        )
