"""The contracts in force, and everything that is made from them, as one value.

Made as a whole, off the event loop if need be, and put in the place of another as a whole: nobody
ever sees a judge of one set beside the pages of another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contracts import asyncapi, openapi
from contracts.catalogue import Catalogue, serving_catalogue
from contracts.judge import Judge
from contracts.services import LISTENER
from listener.infra.contract_pages import Page, pages_of


@dataclass(frozen=True, slots=True)
class ContractSet:
    """One catalogue, compiled and rendered."""

    catalogue: Catalogue
    judge: Judge = field(repr=False)
    pages: Mapping[str, Page] = field(repr=False)
    """Path below ``/contracts`` → what is there; the empty path is the list."""
    asyncapi: str = field(repr=False)
    openapi: str = field(repr=False)

    @property
    def digest(self) -> str:
        """Names what is in force: instances with the same contracts have the same."""
        etags = "".join([f"{path}{page.etag}" for path, page in sorted(self.pages.items())])
        return hashlib.sha256(etags.encode()).hexdigest()[:16]

    @property
    def count(self) -> int:
        """Contracts, all versions of all types."""
        return sum(len(versions) for versions in self.catalogue.types.values())


def load_contract_set(directory: Path | None) -> ContractSet:
    """What is shipped, overlaid by `directory`.

    Raises:
        InvalidCatalogueError: it cannot be used; it names every file and what to do.
    """
    catalogue = serving_catalogue(directory)
    return ContractSet(
        catalogue,
        Judge(catalogue),
        pages_of(catalogue),
        asyncapi.encode(asyncapi.document([LISTENER], catalogue)),
        openapi.encode(openapi.document(LISTENER, catalogue)),
    )


class ContractShelf:
    """Holds the set in force. Invariant: `replace` is over in one step of the event loop."""

    def __init__(self, current: ContractSet) -> None:
        self.current = current
        self._followers: list[Callable[[ContractSet], None]] = []

    def follow(self, follower: Callable[[ContractSet], None]) -> None:
        """Call it with each set that comes into force."""
        self._followers.append(follower)

    def replace(self, new: ContractSet) -> None:
        """Put `new` in force."""
        self.current = new
        for follower in self._followers:
            follower(new)
