"""The one base of what this package raises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_FAULTS = 5
"""Faults that one message names."""


class ContractsError(Exception):
    """Something handed to this package does not fit; ``code`` says what, in words that stay."""

    code = "contracts"
    retriable = False


class InvalidCursorError(ContractsError):
    """A text that is not a cursor; the message says what a cursor looks like."""

    code = "invalid-cursor"


class InvalidFrameError(ContractsError):
    """A frame from a publisher that is not one JSON object with a ``type``."""

    code = "invalid-frame"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one file (or folder) of a directory of contracts, and what to do."""

    path: str
    """Below the directory, with slashes."""
    what: str
    rule: str = "contract"
    """Which part of the check says it."""
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """The same for programs, where there is more to say."""

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


class InvalidCatalogueError(ContractsError):
    """A directory of contracts that cannot be used: `faults` has everything, the message some."""

    code = "invalid-catalogue"

    def __init__(self, *faults: Fault) -> None:
        """Say the first faults, and how many more there are."""
        self.faults = faults
        more = len(faults) - MAX_FAULTS
        rest = [f"and {more} more"] if more > 0 else []
        super().__init__("; ".join([*map(str, faults[:MAX_FAULTS]), *rest]))
