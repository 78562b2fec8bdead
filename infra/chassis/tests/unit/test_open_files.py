"""How many connections a process may let in."""

from __future__ import annotations

import resource

import pytest

from chassis.open_files import RESERVED, room_for


class Limits:
    """The system's, as far as this process is concerned."""

    def __init__(self, soft: int, hard: int) -> None:
        self.now = (soft, hard)

    def get(self, _: int) -> tuple[int, int]:
        return self.now

    def set(self, _: int, limits: tuple[int, int]) -> None:
        assert limits[1] == self.now[1]
        self.now = limits


@pytest.mark.parametrize(
    ("soft", "hard", "asked", "room", "soft_then"),
    [
        (1024, 1 << 20, 20_000, 20_000, 20_000 + RESERVED),
        (1 << 20, 1 << 20, 20_000, 20_000, 1 << 20),
        (1024, 4096, 20_000, 4096 - RESERVED, 4096),
        (1024, resource.RLIM_INFINITY, 20_000, 20_000, 20_000 + RESERVED),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 20_000, 20_000, resource.RLIM_INFINITY),
        (64, 64, 20_000, 1, 64),
    ],
)
def test_the_limit_is_raised_as_far_as_it_may_be(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, asked: int, room: int, soft_then: int
) -> None:
    limits = Limits(soft, hard)
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    monkeypatch.setattr(resource, "setrlimit", limits.set)
    assert room_for(asked, variable="X") == room
    assert limits.now == (soft_then, hard)
