"""A pytest plugin: leaves out the tests that start a broker of their own to kill, pause or set up.

For a run of the integration suites against a given Kafka, which those tests do not touch:
``-p support.own_broker``.
"""

from __future__ import annotations

import pytest

_FIXTURE = "own_broker"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, so that the closing line counts them."""
    own = [item for item in items if _FIXTURE in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=own)
    items[:] = [item for item in items if item not in own]
