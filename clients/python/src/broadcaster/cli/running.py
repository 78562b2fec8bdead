"""Running a subcommand: signals, the pipe that closes, and every error as lines for a person.

What is printed says what happened, what it means and what to do. Nothing that a user can cause
shows a traceback; a traceback is a bug of this program.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from rich.console import Console

from broadcaster.cli.text import advice, printable
from broadcaster.errors import BroadcasterError, RefusedError, UnreachableError

FAILED = 1
REFUSED = 2
INTERRUPTED = 130
TERMINATED = 143


def error_console() -> Console:
    """Where people are told things; made late, so that redirections count."""
    return Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def run(command: Coroutine[Any, Any, int], *, address: str) -> int:
    """Run `command`; its exit status, or that of what stopped it.

    `address` names what an address can be given with.
    """
    try:
        return asyncio.run(_until_terminated(command))
    except KeyboardInterrupt:
        return INTERRUPTED
    except asyncio.CancelledError:
        return TERMINATED
    except BrokenPipeError:
        _silence_stdout()
        return 0
    except RefusedError as error:
        _tell(error.refusal.title, error.refusal.detail, advice(error.refusal))
        if error.cursor is not None:
            _tell(f"The cursor up to here: {error.cursor}")
        return REFUSED
    except UnreachableError as error:
        _tell(
            f"Nothing usable answers at {error.url} ({error.reason}): the service is not running "
            f"there, or not ready. Start it with `make run`, or give another address ({address})."
        )
        return FAILED
    except BroadcasterError as error:
        _tell(str(error))
        return FAILED


async def _until_terminated(command: Coroutine[Any, Any, int]) -> int:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine that runs is in a task
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await command


def _tell(*lines: str) -> None:
    console = error_console()
    for line in lines:
        if line:
            console.print(printable(line))


def _silence_stdout() -> None:
    """The reader has gone (``| head``): what is still buffered must not fail at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
