"""Runs as a small script of its own: bind this process's life to its parent's, then become the
command.

    python -I -S guard.py PARENT_PID SIGNAL COMMAND...

The kernel then sends SIGNAL to the command when the parent is gone, however the parent died (Linux
only; elsewhere the command is merely run). Imports nothing of this package, so that it costs
milliseconds.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parent, signal, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
        if os.getppid() != int(parent):  # it died before the kernel was asked to tell
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - replacing this process is the whole point


if __name__ == "__main__":
    main(sys.argv[1:])
