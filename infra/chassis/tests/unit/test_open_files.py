"""How many connections a process may let in."""

from __future__ import annotations

import resource

import pytest

from chassis.open_files import RESERVED, room_for


class Limits:
    """The system's, as far as this process is concerned."""

    def __init__(self, soft: int, hard: int, kernel: int = 1 << 40) -> None:
        self.now = (soft, hard)
        self.kernel = kernel

    def get(self, _: int) -> tuple[int, int]:
        return self.now

    def set(self, _: int, limits: tuple[int, int]) -> None:
        assert limits[1] == self.now[1]
        if limits[0] > self.kernel:
            raise ValueError("current limit exceeds maximum limit")
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


@pytest.mark.parametrize(
    ("kernel", "room", "soft_then"),
    [(10_240, 10_240 - RESERVED, 10_240), (1000, 1000 - RESERVED, 1000)],
)
def test_a_kernel_that_gives_less_than_the_hard_limit_says_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, kernel: int, room: int, soft_then: int
) -> None:
    limits = Limits(1000, resource.RLIM_INFINITY, kernel)
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    monkeypatch.setattr(resource, "setrlimit", limits.set)
    assert room_for(20_000, variable="X") == room
    assert limits.now == (soft_then, resource.RLIM_INFINITY)
