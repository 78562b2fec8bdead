"""What a server process has used, from /proc: CPU in user and kernel mode, memory, its peak."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds since the process began, or between two looks."""

    user_s: float
    system_s: float

    @property
    def cpu_s(self) -> float:
        """Both."""
        return self.user_s + self.system_s

    def since(self, earlier: Usage) -> Usage:
        """What was used between."""
        return Usage(self.user_s - earlier.user_s, self.system_s - earlier.system_s)


def usage(pid: int) -> Usage:
    """utime and stime of /proc/PID/stat; ticks are 10 ms as a rule."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Usage(int(fields[11]) * _TICK_S, int(fields[12]) * _TICK_S)


def _status(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def rss_mib(pid: int) -> float:
    """Resident memory now."""
    return _status(pid, "VmRSS")


def peak_rss_mib(pid: int) -> float:
    """The most that was resident since the start, or since `forget_peak`."""
    return _status(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """Begin a new peak (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
