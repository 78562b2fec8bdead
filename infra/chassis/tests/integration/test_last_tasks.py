"""A process ends though a task of some library loses every cancellation."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import asyncio
from chassis.server import run

async def stubborn():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def main():
    held = asyncio.ensure_future(stubborn())
    await asyncio.sleep(0)
    return 3

raise SystemExit(run(main()))
"""


def test_it_exits_with_its_own_status() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == 3, ended.stderr
    assert "tasks do not end" in ended.stdout + ended.stderr  # structlog, not configured here
