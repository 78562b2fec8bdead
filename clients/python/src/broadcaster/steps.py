"""What a sans-IO core tells its shell to do once a connection is gone."""

from __future__ import annotations

from dataclasses import dataclass

from broadcaster.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Resume:
    """Connect again with the current request after `delay_s`; `reason` is for people."""

    delay_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The stream is complete: there is nothing left to ask for."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The request was refused and would be refused again."""

    refusal: Refusal
