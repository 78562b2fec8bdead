"""The one base of what this package raises; every message is one line that says what to do."""

from __future__ import annotations


class StackError(Exception):
    """The stack cannot be started or stopped as asked."""

    code = "stack"
    retriable = False


class PortInUseError(StackError):
    """A port that the stack needs is taken, or wanted twice."""

    code = "port-in-use"


class WrongSettingError(StackError):
    """A variable that cannot be taken as it is; the message names it."""

    code = "wrong-setting"


class AlreadyRunningError(StackError):
    """A stack runs already."""

    code = "already-running"


class StepFailedError(StackError):
    """A step before the services failed; its own message was printed."""

    code = "step-failed"
