"""The images' locks hold nothing that requirements.lock does not: same versions, same hashes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "infra" / "docker").glob("*.lock"))

_PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def pins(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    return {
        name: (version, frozenset(_HASH.findall(rest)))
        for name, version, rest in _PIN.findall(lock.read_text())
    }


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_an_image_lock_is_part_of_the_whole_lock(lock: Path) -> None:
    whole, part = pins(ROOT / "requirements.lock"), pins(lock)
    assert part
    assert all(hashes for _, hashes in part.values())
    stale = {name: pin for name, pin in part.items() if whole.get(name) != pin}
    assert not stale, "run make lock"


def test_the_services_locks_hold_no_tools() -> None:
    assert [lock.stem for lock in LOCKS] == ["build", "listener", "publisher"]
    for lock in LOCKS[1:]:
        held = pins(lock).keys()
        assert "aiokafka" in held
        assert not held & {"hatchling", "uv", "pytest", "ruff", "testcontainers", "jgo"}
