"""``pact``, imported only where there are pacts; it reports to nobody."""

from __future__ import annotations

import os
from typing import Any

from contracts.testing.errors import ContractBroken

PROVIDER = "broadcaster"
MEDIA_TYPE = "application/json"


def pact_library() -> Any:
    """The module.

    Raises:
        ContractBroken: it is not installed; the message says how it is.
    """
    os.environ.setdefault("PACT_DO_NOT_TRACK", "true")
    try:
        import pact
    except ImportError as error:
        raise ContractBroken(
            "message pacts need pact-python; install broadcaster-contracts[pact]"
        ) from error
    return pact
