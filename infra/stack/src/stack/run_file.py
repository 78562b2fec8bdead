"""The file that says which process is the running stack, so that ``make stop`` can end it.

A process id alone may be another process's by now; its start time tells them apart.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil


def write(path: Path) -> None:
    """Note this process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    started = psutil.Process().create_time()
    path.write_text(f"{os.getpid()} {started}\n")


def running(path: Path) -> psutil.Process | None:
    """The stack that runs, if one does."""
    try:
        pid, started = path.read_text().split()
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(started)) < 1
        ended = process.status() == psutil.STATUS_ZOMBIE  # its parent has not looked yet
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    return process if same and not ended else None


def remove(path: Path) -> None:
    """The stack has ended."""
    path.unlink(missing_ok=True)
