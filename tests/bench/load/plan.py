"""What a load client is to do: its subscribers, where they begin and end, and how each misbehaves.

The text form is what both clients (c/, python_client.py) read from stdin, a line each:

    server PORT                  on 127.0.0.1
    template BYTES               what every event must be (bench.load.events)
    scan HEX                     no WebSocket: find events anywhere in the stream; HEX greets
    hold                         go on, when all have everything, until told "stop"
    sample GROUP                 keep this group's latencies
    deadline_s SECONDS
    subscriber GROUP JOIN_MS STALL_AT STALL_MS STEP PHASE WIDTH NEXT,… END,… REQUEST-IN-HEX
    end

Then come the commands ``go`` (from here on JOIN_MS counts) and ``stop``.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.load.sequence import Share

_UPGRADE = (
    "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
AT_START = -1
_ALL = Share()


def websocket_request(target: str) -> bytes:
    """A handshake; nobody here looks at the answer's key."""
    return _UPGRADE.format(target=target).encode()


@dataclass(frozen=True, slots=True)
class Stall:
    """Stop reading for `ms` after `after` events."""

    after: int = 0
    ms: int = 0


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One connection. `start` and `stop` are positions, one per partition."""

    start: tuple[int, ...]
    stop: tuple[int, ...]
    request: bytes = websocket_request("/websocket")
    group: int = 0
    join_ms: int = AT_START
    stall: Stall = Stall()
    share: Share = _ALL

    def line(self) -> str:
        """Its line of the plan."""
        stall, share = self.stall, self.share
        numbers = f"{self.group} {self.join_ms} {stall.after} {stall.ms}"
        numbers += f" {share.step} {share.phase} {share.width}"
        start, stop = (",".join(map(str, each)) for each in (self.start, self.stop))
        return f"subscriber {numbers} {start} {stop} {self.request.hex()}"


@dataclass(frozen=True, slots=True)
class Plan:
    """See the module."""

    port: int
    template: bytes
    subscribers: tuple[Subscriber, ...]
    greeting: bytes | None = None
    """Not None: `scan`."""
    hold: bool = False
    sampled: frozenset[int] = frozenset()
    deadline_s: int = 60

    def text(self) -> str:
        """What the client reads. Who stalls comes first: the C client looks there alone."""
        lines = [f"server {self.port}", f"template {self.template.decode()}"]
        lines += [] if self.greeting is None else [f"scan {self.greeting.hex()}"]
        lines += ["hold"] if self.hold else []
        lines += [f"sample {group}" for group in sorted(self.sampled)]
        lines += [f"deadline_s {self.deadline_s}"]
        ordered = sorted(self.subscribers, key=lambda each: not each.stall.ms)
        return "\n".join([*lines, *[each.line() for each in ordered], "end", ""])


def parse_plan(lines: list[str]) -> Plan:
    """The inverse of `Plan.text`, without its ``end``."""
    values: dict[str, str] = {}
    sampled: set[int] = set()
    subscribers: list[Subscriber] = []
    for line in lines:
        word, _, value = line.partition(" ")
        if word == "subscriber":
            subscribers.append(_parse_subscriber(value))
        elif word == "sample":
            sampled.add(int(value))
        else:
            values[word] = value
    return Plan(
        int(values["server"]),
        values["template"].encode(),
        tuple(subscribers),
        bytes.fromhex(values["scan"]) if "scan" in values else None,
        "hold" in values,
        frozenset(sampled),
        int(values["deadline_s"]),
    )


def _parse_subscriber(text: str) -> Subscriber:
    *numbers, start, stop, request = text.split(" ")
    group, join_ms, after, ms, step, phase, width = map(int, numbers)
    return Subscriber(
        tuple(map(int, start.split(","))),
        tuple(map(int, stop.split(","))),
        bytes.fromhex(request),
        group,
        join_ms,
        Stall(after, ms),
        Share(step, phase, width),
    )
