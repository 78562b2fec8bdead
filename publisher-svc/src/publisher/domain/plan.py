"""The plan of a stream: which cursor it starts from, where it ends, or why it is refused.

Pure: `needs` says which facts about the topic a request depends on, the caller fetches them, and
`resolve` decides. Nothing is opened, and the same request gives the same plan on every instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.cursor import Cursor
from contracts.problem import Problem, ProblemType
from contracts.since import Ago, Earliest, End, Instant, Last, Now, Offset, Point

Positions = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What a subscriber asked for, read but not yet resolved."""

    since: Point = field(default_factory=Now)
    until: Point | End | None = None
    move_expired: bool = False
    """``on_expired=earliest``."""
    move_ahead: bool = False
    """``on_ahead=tip``."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Facts about the topic, a position per partition. `ends` are the broker's high watermarks."""

    generation: str
    earliest: Positions
    ends: Positions
    tip: Positions
    """What this instance has consumed; may be behind `ends`."""

    def cursor(self, positions: Positions) -> str:
        """The text of a cursor on this topic."""
        return str(Cursor(positions, self.generation))


@dataclass(frozen=True, slots=True)
class Plan:
    """A resolved stream. `stop` is exclusive; None means that it goes on live."""

    start: Positions
    stop: Positions | None
    truncated: bool = False
    """A time or ``last:`` reached below what Kafka retains."""
    moved_from: Mapping[str, int] = field(default_factory=dict)
    """Partitions whose expired position was moved, with the position that was asked for."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be looked up: fresh bounds, and offsets for these timestamps (ms)."""

    bounds: bool
    times_ms: tuple[int, ...]


OffsetsByTime = Mapping[int, tuple[int | None, ...]]
"""For each timestamp, per partition, the first offset at or after it; None if there is none."""


def needs(request: Request, now_ms: int) -> Needs:
    """Which facts `resolve` will want. A live stream wants none."""
    points = [request.since] + ([request.until] if request.until is not None else [])
    times = {_instant_ms(p, now_ms) for p in points if isinstance(p, Instant | Ago)}
    live = isinstance(request.since, Now) and request.until is None
    return Needs(not live, tuple(sorted(times)))


def resolve(request: Request, bounds: Bounds, times: OffsetsByTime, now_ms: int) -> Plan | Problem:
    """The plan, or the refusal that the client is told."""
    start = _start(request, bounds, times, now_ms)
    if isinstance(start, Problem) or request.until is None:
        return start
    if isinstance(request.until, End):
        stop = _resolved_before(request.until, start, bounds)
    else:
        stop = _stop(request.until, bounds, times, now_ms)
    if isinstance(stop, Problem):
        return stop
    if any(end < begin for begin, end in zip(start.start, stop, strict=True)):
        return _refuse("until lies before since; it is an exclusive end and must not be below it")
    return Plan(start.start, stop, start.truncated, start.moved_from)


def _start(request: Request, bounds: Bounds, times: OffsetsByTime, now_ms: int) -> Plan | Problem:
    match request.since:
        case Now():
            return Plan(_live(bounds), None)
        case Earliest():
            return Plan(bounds.earliest, None)
        case Last(count):
            wanted = tuple([end - count for end in bounds.ends])
            return _clamped(wanted, bounds)
        case Instant() | Ago() as point:
            offsets = times[_instant_ms(point, now_ms)]
            found = tuple([_or(at, end) for at, end in zip(offsets, bounds.ends, strict=True)])
            start = _at_least(bounds.earliest, found)  # retention may have moved since the lookup
            cut = any(0 < low == at for low, at in zip(bounds.earliest, start, strict=True))
            return Plan(start, None, truncated=cut)
        case point:  # an Offset or a Cursor
            cursor = _as_cursor(point, bounds)
            return cursor if isinstance(cursor, Problem) else _from_cursor(cursor, request, bounds)


def _live(bounds: Bounds) -> Positions:
    """The tip; where retention has passed it, what there is next."""
    return _at_least(bounds.earliest, bounds.tip)


def _at_least(earliest: Positions, positions: Positions) -> Positions:
    return tuple([max(low, at) for low, at in zip(earliest, positions, strict=True)])


def _clamped(wanted: Positions, bounds: Bounds) -> Plan:
    start = _at_least(bounds.earliest, wanted)
    # Below a log that begins at 0 there never was anything to retain.
    cut = any(low > 0 and at < low for low, at in zip(bounds.earliest, wanted, strict=True))
    return Plan(start, None, truncated=cut)


def _or(offset: int | None, end: int) -> int:
    return end if offset is None else offset


def _as_cursor(point: Offset | Cursor, bounds: Bounds) -> Cursor | Problem:
    partitions = len(bounds.ends)
    if isinstance(point, Offset):
        if partitions != 1:
            return _refuse(
                f"a bare offset needs a topic with one partition and this one has {partitions}; "
                f"pass a cursor, like {bounds.cursor(bounds.earliest)}"
            )
        return Cursor((point.offset,))
    if point.generation is not None and point.generation != bounds.generation:
        return Problem(
            ProblemType.CURSOR_FOREIGN,
            "the cursor was taken from another topic or from this one before it was recreated; "
            "start anew with since=earliest or since=now",
            {"generation": bounds.generation},
        )
    if len(point.positions) > partitions:
        return _refuse(
            f"the cursor names partition {len(point.positions) - 1} and the topic has "
            f"{partitions} (0 to {partitions - 1})"
        )
    return point


def _from_cursor(cursor: Cursor, request: Request, bounds: Bounds) -> Plan | Problem:
    known = len(cursor.positions)
    wanted = cursor.positions + bounds.earliest[known:]  # newer partitions from their beginning
    ahead = [p for p, at in enumerate(wanted) if at > bounds.ends[p]]
    if ahead and not request.move_ahead:
        return Problem(
            ProblemType.CURSOR_AHEAD,
            f"partition {ahead[0]} ends at {bounds.ends[ahead[0]]} and the cursor stands beyond: "
            "it was mistyped, or the log lost its end; on_ahead=tip starts live instead",
            {"end": bounds.cursor(bounds.ends)},
        )
    expired = [p for p, at in enumerate(wanted) if at < bounds.earliest[p]]
    if expired and not request.move_expired:
        return Problem(
            ProblemType.CURSOR_EXPIRED,
            f"partition {expired[0]} now begins at {bounds.earliest[expired[0]]}: what the cursor "
            "had next is no longer retained; since=earliest or on_expired=earliest goes on from "
            "there",
            {"earliest": bounds.cursor(bounds.earliest)},
        )
    start = list(wanted)
    for partition in ahead:
        start[partition] = _live(bounds)[partition]
    for partition in expired:
        start[partition] = bounds.earliest[partition]
    return Plan(tuple(start), None, moved_from={str(p): wanted[p] for p in expired})


def _stop(until: Point, bounds: Bounds, times: OffsetsByTime, now_ms: int) -> Positions | Problem:
    match until:
        case Now():
            return bounds.ends
        case Earliest():
            return bounds.earliest
        case Last(count):
            return _clamped(tuple([end - count for end in bounds.ends]), bounds).start
        case Instant() | Ago() as point:
            ms = _instant_ms(point, now_ms)
            if ms > now_ms:
                return _refuse("until lies in the future; a stream ends where the log is now")
            return tuple([_or(at, end) for at, end in zip(times[ms], bounds.ends, strict=True)])
        case point:  # an Offset or a Cursor
            cursor = _as_cursor(point, bounds)
            if isinstance(cursor, Problem):
                return cursor
            stop = cursor.positions + bounds.ends[len(cursor.positions) :]
            if any(at > end for at, end in zip(stop, bounds.ends, strict=True)):
                return _refuse(
                    "until lies in the future: beyond the end of the log, "
                    f"{bounds.cursor(bounds.ends)}; leave it out to go on live"
                )
            return stop


def _resolved_before(until: End, plan: Plan, bounds: Bounds) -> Positions | Problem:
    cursor = _as_cursor(until.cursor, bounds)
    if isinstance(cursor, Problem):
        return cursor
    stop = cursor.positions + plan.start[len(cursor.positions) :]
    beyond = [p for p, at in enumerate(stop) if at > bounds.ends[p]]
    if beyond:
        return Problem(
            ProblemType.CURSOR_AHEAD,
            f"partition {beyond[0]} ends at {bounds.ends[beyond[0]]} and the stream was to end "
            "beyond: the log lost its end; start anew",
            {"end": bounds.cursor(bounds.ends)},
        )
    # What on_expired moved beyond the end has nothing left to give.
    moved = {int(partition) for partition in plan.moved_from}
    return tuple([max(at, plan.start[p]) if p in moved else at for p, at in enumerate(stop)])


def _instant_ms(point: Instant | Ago, now_ms: int) -> int:
    return point.ms if isinstance(point, Instant) else max(0, now_ms - point.ms)


def _refuse(detail: str) -> Problem:
    return Problem(ProblemType.INVALID_CURSOR, detail)
