"""The live lane: one joined block per poll and filter, one write per subscriber.

Invariant: every member has been written everything below the tips that the lane last fanned out
(`before` while a round has not reached it yet), and nothing above. A round may be suspended between
chunks; who joins then is at the new tips already and is not in the round's plan, who leaves then is
passed over. Nothing here is done per subscriber but the write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from publisher.app.events import EventsBroadcast
from publisher.app.group import Group, Line
from publisher.app.ports import BlockWriter
from publisher.app.subscription import Subscription
from publisher.app.takers import Key, Takers
from publisher.domain.encoding import Buffer
from publisher.domain.page import Page
from publisher.domain.plan import Positions
from publisher.domain.view import View

MADE_AT_ONCE = 4
"""Frames of several events that are made for one block, over all partitions, since each may have to
be compressed; what is beyond goes out plain."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """How long a round may hold the event loop, and when it looks at the clock."""

    longest_s: float = 0.005
    chunk: int = 1024
    """Most writes between two looks."""
    chunk_bytes: int = 4 << 20
    """Most that is written between them, if it is more than one write."""

    def chunk_of(self, block_bytes: int) -> int:
        """How many writes of such a block are made between two looks."""
        return max(1, min(self.chunk, self.chunk_bytes // block_bytes))


class _Step(NamedTuple):
    """Of a round: one block, and those who get it. No object is made per member."""

    line: Line
    block: _Block


class _Block:
    """The bytes of one group's round, made when it is its turn: it may take a while."""

    __slots__ = ("_cursor", "_data", "_key", "_pages", "_views")

    def __init__(self, pages: list[Page], key: Key, cursor: str) -> None:
        self._pages = pages
        self._key = key
        self._cursor = cursor
        self._views: list[View] | None = None
        self._data: bytes | None = None

    @property
    def views(self) -> list[View]:
        """Of those pages that have something for the group."""
        if self._views is None:
            wanted, encoding = self._key
            # Most polls are small and most filters narrow: no view is made to be found empty.
            views = [page.view(wanted, encoding) for page in self._pages if page.may_hold(wanted)]
            self._views = list(filter(len, views))
        return self._views

    @property
    def events(self) -> int:
        """How many there are for each member."""
        return sum(map(len, self.views))

    @property
    def data(self) -> bytes:
        """Of a group for which there is something."""
        if self._data is None:
            parts, left, encoding = list[Buffer](), MADE_AT_ONCE, self._key[1]
            for view in self.views:
                part, made = view.whole(left)
                parts.append(part)
                left -= made
            if encoding.seal is not None:
                parts = encoding.seal(parts, self._cursor)
            self._data = bytes(parts[0]) if len(parts) == 1 else b"".join(parts)
        return self._data


class LiveLane:
    """See the module.

    `fell_behind` is called for members whose socket had no room, `lost` for those whose write
    raised: nobody knows what of the block they got.
    """

    def __init__(
        self,
        *,
        now_s: Callable[[], float],
        rounds: Rounds,
        fell_behind: Callable[[Subscription, Positions], None],
        lost: Callable[[Subscription], None],
        cursor: Callable[[Positions], str],
        writer: BlockWriter,
    ) -> None:
        self._writer = writer
        self._now_s = now_s
        self._rounds = rounds
        self._fell_behind = fell_behind
        self._lost = lost
        self._cursor = cursor
        self._groups: dict[Key, Group] = {}
        self._takers = Takers[Group]()
        self._count = 0
        self._fanning = False
        self._full: list[Subscription] = []
        self._before: Positions = ()
        self._tips: Positions = ()
        self._rest: list[list[Subscription]] | None = None
        self._unwritten: set[Subscription] | None = None
        self._departed: set[Subscription] = set()
        self._emptied: set[Key] = set()

    def __len__(self) -> int:
        """How many members it has."""
        return self._count

    @property
    def in_round(self) -> bool:
        """A round is suspended: some members have its block and some have not."""
        return self._rest is not None

    def join(self, subscription: Subscription) -> None:
        """Take a subscription that stands exactly at the log's tips."""
        key = (subscription.wanted, subscription.encoding)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(self._writer)
            self._takers.added(key, group)
        group.add(subscription)
        self._count += 1

    def leave(self, subscription: Subscription) -> bool:
        """Let a member go; False if it was none."""
        key = (subscription.wanted, subscription.encoding)
        group = self._groups.get(key)
        if group is None or not group.remove(subscription):
            return False
        self._count -= 1
        if self.in_round:
            # It may catch up and be back before the round ends: it must not get the block then.
            self._departed.add(subscription)
            if not group:
                self._emptied.add(key)
        elif not group:
            self._end_group(key)
        return True

    def full(self, subscription: Subscription, tips: Positions) -> None:
        """The socket of a member has no room: it leaves, now or when the write returns."""
        if self._fanning:
            self._full.append(subscription)
        else:
            self._fell_behind(subscription, self.position_of(subscription, tips))

    def position_of(self, subscription: Subscription, tips: Positions) -> Positions:
        """Up to where a member has been written."""
        if self._rest is None:
            return tips
        if self._unwritten is None:  # once per suspension: a storm of demotions stays linear
            self._unwritten = {member for chunk in self._rest for member in chunk}
        due = subscription in self._unwritten and subscription not in self._departed
        return self._before if due else tips  # the log's: it may have been cut meanwhile

    def add_partition(self, tip: int) -> None:
        """All members stand at `tip` in a new partition, a suspended round or not."""
        self._before += (tip,)
        self._tips += (tip,)

    def members(self) -> Iterator[Subscription]:
        """All members."""
        for group in self._groups.values():
            yield from group

    def fan_out(
        self, pages: list[Page], before: Positions, tips: Positions
    ) -> Iterator[EventsBroadcast | None]:
        """Write the pages to every member; yields None when it has held the loop long enough.

        `pages` lead from `before` to `tips`. The last thing yielded is the round's summary.
        """
        self._before, self._tips = before, tips
        plan = self._plan(pages)
        self._rest = []
        try:
            until_s = self._now_s() + self._rounds.longest_s
            for index, written in self._write_all(plan):
                rest = self._rest_of(plan, index, written) if self._now_s() > until_s else []
                if rest:
                    self._rest, self._unwritten = rest, None
                    yield None
                    until_s = self._now_s() + self._rounds.longest_s
                self._rest, self._unwritten = [], set()
        finally:
            self._end_round(self._rest)
        told = [(len(line.members), block) for line, block in plan if block.events]
        yield EventsBroadcast(
            sum(len(page) for page in pages),
            sum(page.skipped for page in pages),
            sum(count * block.events for count, block in told),
            sum(count for count, _ in told),
            sum(count * len(block.data) for count, block in told),
            max((page.last_ms for page in pages), default=0),
        )

    def _end_round(self, rest: list[list[Subscription]]) -> None:
        """`rest` is empty unless the round was given up: they read their block from the log."""
        due = [each for chunk in rest for each in chunk if each not in self._departed]
        self._rest = self._unwritten = None
        self._departed.clear()
        for subscription in due:
            self._fell_behind(subscription, self._before)
        for key in self._emptied:
            group = self._groups.get(key)
            if group is not None and not group:  # not ended yet, and nobody came back
                self._end_group(key)
        self._emptied.clear()

    def _end_group(self, key: Key) -> None:
        self._takers.removed(key, self._groups.pop(key))

    def _plan(self, pages: list[Page]) -> list[_Step]:
        plan, cursor = list[_Step](), self._cursor(self._tips)
        types = {name for page in pages for name in page.types}
        keys = {key for page in pages for key in page.keys} if self._takers.by_key else ()
        for key, group in self._takers.of(types, keys):
            plan.append(_Step(group.line, _Block(pages, key, cursor)))
        return plan

    def _write_all(self, plan: list[_Step]) -> Iterator[tuple[int, int]]:
        """Write to all, and give after each chunk where that was: the step, and how many of its
        members have been seen to.
        """
        for index, (line, block) in enumerate(plan):
            count = len(line.members)
            if not block.events:
                yield index, count  # to find that out may have taken a while
                continue
            chunk = self._rounds.chunk_of(len(block.data))
            for start in range(0, count, chunk):
                stop = min(start + chunk, count)
                self._write(block.data, line, start, stop)
                yield index, stop

    @staticmethod
    def _rest_of(plan: list[_Step], index: int, written: int) -> list[list[Subscription]]:
        """Who is still due behind that place; empty if nobody is."""
        rest = [plan[index].line.members[written:]]
        rest += [later.line.members for later in plan[index + 1 :]]
        return rest if any(rest) else []

    def _write(self, data: bytes, line: Line, start: int, stop: int) -> None:
        members, row = line
        if self._departed:
            members = [each for each in members[start:stop] if each not in self._departed]
            row = self._writer.row([each.outlet for each in members])
            start, stop = 0, len(members)
        self._fanning = True
        broken = row.write(data, start, stop)
        self._fanning = False
        for index in broken:
            self._lost(members[index])
        # What paused inside its write has this block.
        while self._full:
            self._fell_behind(self._full.pop(), self._tips)
