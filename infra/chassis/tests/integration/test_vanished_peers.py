"""Peers that vanish without a word, in a network of their own that can be cut (Linux, as root)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FAKES = Path(__file__).parents[1] / "fakes"


def cut(unacknowledged_s: float) -> str:
    """What the server knew of it."""
    environment = os.environ | {"PYTHONPATH": str(FAKES)}
    script = [sys.executable, "-m", "chassis_fakes.vanishing", str(unacknowledged_s)]
    finished = subprocess.run(
        ["unshare", "--net", *script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=18,
        check=False,
    )
    assert finished.stdout, finished.stderr
    return finished.stdout.strip()


@pytest.fixture(autouse=True, scope="module")
def needs_a_network_of_its_own() -> None:
    """Skips where the system gives none."""
    tools = shutil.which("unshare"), shutil.which("ip")
    probe = ["unshare", "--net", "ip", "link", "set", "lo", "up"]
    if None in tools or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("needs unshare and ip, and to be allowed a network namespace")


def test_bytes_that_nobody_acknowledges_end_the_connection() -> None:
    what, _, took_s = cut(1.5).partition(" ")
    assert what == "lost"
    assert 1.0 < float(took_s) < 5.5


def test_without_that_limit_nobody_would_notice() -> None:
    assert cut(0.0) == "unnoticed"
