"""The page pool: a few readers of the broker's log, and one flight per page however many want it.

A thousand subscribers replaying the same hour cost Kafka one read. Whoever waits for a page gets it
in hand when it comes, so a cache smaller than the crowd does not load it for each of them. Which
page is loaded next, and when, `publisher.app.load_queue` says.
A broker that cannot be asked is asked again; nobody is sent away for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from publisher.app.load_queue import LoadQueue, Patience
from publisher.app.ports import Loaded, PageReader
from publisher.domain.errors import PublisherError
from publisher.domain.log import Log, Miss
from publisher.domain.page import Page

Give = Callable[[Page | None], None]
_Key = tuple[int, int]


class PagePool:
    """See the module. `trimmed` is told where a log begins, when a load finds out."""

    def __init__(
        self,
        log: Log,
        readers: Sequence[PageReader],
        queue: LoadQueue,
        *,
        trimmed: Callable[[int, int], None],
        failed: Callable[[PublisherError], None],
        load_timeout_s: float = 30.0,
        retry_s: float = 0.5,
    ) -> None:
        self._log = log
        self._idle = list(readers)
        self._trimmed = trimmed
        self._failed = failed
        self._load_timeout_s = load_timeout_s
        self._retry_s = retry_s
        self._waiters: dict[_Key, list[Give]] = {}
        self._queue = queue
        self._next_look: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.loads = 0
        """Pages loaded so far."""

    @property
    def held(self) -> int:
        """Pages that wait for more readers before they are loaded."""
        return self._queue.held

    def request(self, miss: Miss, give: Give, patience: Patience | None = None) -> None:
        """Load the page of `miss`; `give` is called later, once: with it, or None (try again).

        Who has `patience` may be made to wait for others that want it.
        """
        key = (miss.partition, miss.start)
        waiting = self._waiters.get(key)
        if waiting is None:
            self._waiters[key] = [give]
            about_ms = self._log.about_ms(miss.partition, miss.start)
            self._queue.add(miss, about_ms, patience)
        else:
            waiting.append(give)
            self._queue.join(miss, patience)
        self._dispatch()

    def ahead(self, partition: int, position: int) -> None:
        """Load what comes at `position`, if it is not in memory and a reader has nothing to do."""
        if not self._idle or position >= self._log.tail_first(partition):
            return
        miss = self._log.miss_at(partition, position)
        if miss is None or (partition, miss.start) in self._waiters:
            return
        if self._queue.is_worth_it(miss):
            self.request(miss, lambda _page: None)

    async def close(self) -> None:
        """Stop loading; those who wait are not called."""
        if self._next_look is not None:
            self._next_look.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _dispatch(self) -> None:
        while self._idle:
            miss = self._queue.take()
            if miss is None:
                break
            reader = self._reader_for(miss)
            task = asyncio.ensure_future(self._load(miss, reader))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._queue.held and self._next_look is None:
            loop = asyncio.get_running_loop()
            self._next_look = loop.call_later(self._queue.look_s, self._look)

    def _look(self) -> None:
        self._next_look = None
        self._queue.look()
        self._dispatch()

    def _reader_for(self, miss: Miss) -> PageReader:
        where = (miss.partition, miss.start)
        chosen = next((reader for reader in self._idle if reader.at == where), self._idle[-1])
        self._idle.remove(chosen)
        return chosen

    async def _load(self, miss: Miss, reader: PageReader) -> None:
        page: Page | None = None
        try:
            loaded = await asyncio.wait_for(reader.load(miss), self._load_timeout_s)
            page = self._take(miss, loaded)
        except TimeoutError:
            self._failed(_SlowLoadError(f"a page took longer than {self._load_timeout_s} s"))
        except PublisherError as error:
            self._failed(error)
            await asyncio.sleep(self._retry_s)
        except Exception as error:  # noqa: BLE001 - whoever waits would wait for ever
            self._failed(_BrokenLoadError(f"a page could not be loaded: {error!r}"))
            await asyncio.sleep(self._retry_s)
        finally:
            self._idle.append(reader)
            waiters = self._waiters.pop((miss.partition, miss.start), [])
        for give in waiters:
            give(page)
        self._dispatch()

    def _take(self, miss: Miss, loaded: Loaded) -> Page | None:
        self.loads += 1
        if miss.revision != self._log.revision or miss.partition >= self._log.partitions:
            return None  # the log lost its end, or everything, since: the page may be stale
        if loaded.log_start > miss.start:
            self._trimmed(miss.partition, loaded.log_start)
        if loaded.page.next <= loaded.page.first:
            return None
        self._log.insert(loaded.page)
        return loaded.page


class _BrokenLoadError(PublisherError):
    code = "broken-load"
    retriable = True


class _SlowLoadError(PublisherError):
    code = "slow-load"
    retriable = True
