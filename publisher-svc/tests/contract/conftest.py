"""Contract tests run against the real publisher, as a client sees it."""

from __future__ import annotations

from support.fixtures import make_publisher, pytest_runtest_makereport, start_publisher

__all__ = ["make_publisher", "pytest_runtest_makereport", "start_publisher"]
