"""Notices that the directory of contracts changed, and puts the change in force or refuses it.

Looks at names, times and sizes every so often, in a thread; a change is read once it has stood
still for one look, so that files are not taken while they are being copied. Invariant: a directory
that cannot be used or breaks its policy, for whatever reason, changes nothing but `refused`: the
old set stays, and no connection notices. Judging events is the set's part.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from chassis.logs import get_logger
from contracts.catalogue import Catalogue
from contracts.compatibility.policy import POLICY
from contracts.documents import SCHEMAS, json_files
from contracts.errors import MAX_FAULTS, InvalidCatalogueError
from listener.infra.contract_set import ContractSet, ContractShelf

_log = get_logger("listener.contracts")

Fingerprint: TypeAlias = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the directory as it is now is not in force."""

    since: str
    faults: tuple[str, ...]


class ContractsWatch:
    """Runs as one task."""

    def __init__(
        self,
        directory: Path,
        shelf: ContractShelf,
        load: Callable[[Path | None], ContractSet],
        review: Callable[[Catalogue, Catalogue], None],
        *,
        poll_s: float,
        now: Callable[[], str],
    ) -> None:
        """`review` compares what is in force with what shall be, and raises if that may not be;
        `now` gives RFC 3339.
        """
        self._directory = directory
        self._shelf = shelf
        self._load = load
        self._review = review
        self._poll_s = poll_s
        self._now = now
        self._judged = fingerprint(directory)
        """What was taken or refused last."""
        self._seen = self._judged
        self.taken = 0
        self.refusals = 0
        self.refused: Refusal | None = None

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            await asyncio.sleep(self._poll_s)
            await self.look()

    async def look(self) -> None:
        """One look; at a change that stands still, take it or refuse it."""
        found = await asyncio.to_thread(fingerprint, self._directory)
        settled = found == self._seen
        self._seen = found
        if not settled or found == self._judged:
            return
        self._judged = found
        try:
            new = await self._load_aside()
        except InvalidCatalogueError as error:
            faults = [str(fault) for fault in error.faults[:MAX_FAULTS]]
            self._refuse(faults, len(error.faults))
        except Exception as error:  # noqa: BLE001 - whatever it is, the old contracts stay
            self._refuse([f"{type(error).__name__}"], 1)
        else:
            self._take(new)

    def status(self) -> dict[str, Any]:
        """Facts for operators."""
        refused = self.refused
        return {
            "reloads": self.taken,
            "refused": refused and {"since": refused.since, "faults": list(refused.faults)},
        }

    async def _load_aside(self) -> ContractSet:
        """The changed contracts, if they may come into force. In a thread of its own: a review may
        take long, and a service that stops waits for those that `asyncio.to_thread` uses.
        """
        outcome: Future[ContractSet] = Future()
        outcome.set_running_or_notify_cancel()  # from now on it cannot be cancelled, only left

        def run() -> None:
            try:
                new = self._load(self._directory)
                self._review(self._shelf.current.catalogue, new.catalogue)
                outcome.set_result(new)
            except BaseException as error:  # noqa: BLE001 - it is raised again by whoever waits
                outcome.set_exception(error)

        threading.Thread(target=run, name="contracts review", daemon=True).start()
        return await asyncio.wrap_future(outcome)

    def _take(self, new: ContractSet) -> None:
        self.taken += 1
        self.refused = None
        if new.digest == self._shelf.current.digest:
            return
        self._shelf.replace(new)
        _log.info("contracts changed", contracts=new.count, digest=new.digest)

    def _refuse(self, faults: list[str], count: int) -> None:
        self.refusals += 1
        self.refused = Refusal(self._now(), tuple(faults))
        _log.warning(
            "changed contracts refused, the old ones stay in force; correct the files",
            directory=str(self._directory),
            faults=faults,
            fault_count=count,
        )


def fingerprint(directory: Path) -> Fingerprint:
    """What changes when a schema of the directory does, or its policy."""
    found: list[tuple[str, int, int, int]] = []
    for path, file in [*json_files(directory, SCHEMAS), (POLICY, directory / POLICY)]:
        try:
            stat = file.stat()
        except OSError:  # it went in this moment (the next look will tell), or there is no policy
            found.append((path, 0, 0, 0))
        else:
            found.append((path, stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return tuple(found)
