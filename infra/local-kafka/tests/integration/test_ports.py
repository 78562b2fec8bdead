"""Ports that were handed out stay their process's own, in use or not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from local_kafka import ports
from local_kafka.errors import PortInUse

_TAKER = """
from local_kafka import ports
ports._FIRST, ports._LAST = {first}, {last}
print(*ports.free_ports(2), flush=True)
input()
"""


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """A range of four ports that nobody has."""
    first = next(
        at for at in range(19_000, 19_900, 4) if all(map(ports.is_free, range(at, at + 4)))
    )
    monkeypatch.setattr(ports, "_FIRST", first)
    monkeypatch.setattr(ports, "_LAST", first + 4)
    monkeypatch.setattr(ports, "_given", set())
    return first, first + 4


def test_two_processes_get_different_ones_and_an_ended_one_gives_them_back(
    four: tuple[int, int],
) -> None:
    taker = _TAKER.format(first=four[0], last=four[1])
    with subprocess.Popen(
        [sys.executable, "-c", taker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = {int(port) for port in other.stdout.readline().split()}
        ours = set(ports.free_ports(2))
        assert ours | theirs == set(range(*four))
        with pytest.raises(PortInUse):
            ports.free_ports(1)
        other.communicate("\n", timeout=10)
    assert set(ports.free_ports(2)) == theirs


def test_one_process_gets_none_twice(four: tuple[int, int]) -> None:
    assert {port for _ in range(4) for port in ports.free_ports(1)} == set(range(*four))
