"""Running the command as a process: exit status, streams and signals are part of its interface."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished command left."""

    status: int
    out: str
    err: str


@asynccontextmanager
async def started(*arguments: str, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, running; killed at the end if it still does."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("BROADCASTER_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "broadcaster",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**inherited, "NO_COLOR": "1", **env},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


class Command:
    """Runs the command to its end."""

    async def __call__(self, *arguments: str, stdin: bytes = b"", **env: str) -> Outcome:
        async with started(*arguments, **env) as process:
            out, err = await asyncio.wait_for(process.communicate(stdin), 15)
        assert process.returncode is not None
        return Outcome(process.returncode, out.decode(), err.decode())


@pytest.fixture
def command() -> Command:
    return Command()
