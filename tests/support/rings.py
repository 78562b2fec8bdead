"""Tests of the send ring run where the system has one, and are visibly skipped elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from chassis.errors import SendRingUnavailableError

Ring = TypeVar("Ring")


def ring_or_skip(make: Callable[[], Ring]) -> Ring:
    """What `make` makes on a ring."""
    try:
        return make()
    except SendRingUnavailableError as error:
        pytest.skip(str(error))
