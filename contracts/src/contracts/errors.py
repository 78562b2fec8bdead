"""The one base of what this package raises."""

from __future__ import annotations


class ContractsError(Exception):
    """Something handed to this package does not fit; ``code`` says what, in words that stay."""

    code = "contracts"
    retriable = False


class InvalidCursorError(ContractsError):
    """A text that is not a cursor; the message says what a cursor looks like."""

    code = "invalid-cursor"


class InvalidFrameError(ContractsError):
    """A frame from a publisher that is not one JSON object with a ``type``."""

    code = "invalid-frame"


class InvalidCatalogueError(ContractsError):
    """A directory of contracts that cannot be used; the message names the file and the fault."""

    code = "invalid-catalogue"
