"""The one base of what this package raises; every message is one line that says what to do."""

from __future__ import annotations


class StackError(Exception):
    """The stack cannot be started or stopped as asked."""

    code = "stack"
    retriable = False


class PortInUseError(StackError):
    """Another program listens on a port that the stack needs."""

    code = "port-in-use"


class AlreadyRunningError(StackError):
    """A stack runs already."""

    code = "already-running"


class StepFailedError(StackError):
    """A step before the services failed; its own message was printed."""

    code = "step-failed"
