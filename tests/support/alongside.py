"""A pytest plugin: long tests that mostly wait run in sessions of their own, beside all the others.

A test with the marker ``alongside`` is run by a child pytest that starts with this session. Here it
comes last and has the child's outcome and what the child printed. ``alongside(niceness=19)`` lets
it use only what nobody else wants. Alone (``pytest path::test``) such a test runs the same way.

Invariant: a child ends with this session, whatever ends that. It is no scheduler: what is asked for
is started at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import IO

import pytest

from support.services import die_with_parent

_MARKER = "alongside"
_CHILD = "TEST_ALONGSIDE_CHILD"
_GRACE_S = 15


class Child:
    """One test in a pytest of its own."""

    def __init__(self, item: pytest.Item, niceness: int) -> None:
        self._output: IO[bytes] = TemporaryFile()  # noqa: SIM115 - as long as the child
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", item.nodeid],
            cwd=item.config.rootpath,
            env={**os.environ, _CHILD: "1"},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            preexec_fn=_prepared(niceness),  # noqa: PLW1509 - two C calls, no locks taken
        )

    def outcome(self, timeout_s: float) -> tuple[int, str]:
        """Exit status and output, once it has ended.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.
        """
        status = self._process.wait(timeout_s)
        self._output.seek(0)
        return status, self._output.read().decode(errors="replace")

    def end(self) -> None:
        """Stop it, gently first: it has processes of its own to end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._output.close()


def _prepared(niceness: int) -> Callable[[], None]:
    def prepare() -> None:
        os.nice(niceness)
        die_with_parent()

    return prepare


class Alongside:
    """The children of one session."""

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Last, in the order given."""
        items.sort(key=lambda item: item.get_closest_marker(_MARKER) is not None)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Start them."""
        if session.config.option.collectonly:
            return
        for item in session.items:
            marker = item.get_closest_marker(_MARKER)
            if marker is not None:
                self._children[item.nodeid] = Child(item, marker.kwargs.get("niceness", 0))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Instead of running such a test here, report what became of it there."""
        child = self._children.get(item.nodeid)
        if child is None:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in _reports(item, child):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_unconfigure(self) -> None:
        """End those that still run."""
        for child in self._children.values():
            child.end()


def _reports(item: pytest.Item, child: Child) -> list[pytest.TestReport]:
    begin_s = time.time()
    marker = item.get_closest_marker("timeout")
    # before pytest-timeout, which would end the whole session here
    limit_s = (marker.args[0] if marker else float(item.config.getini("timeout") or 60)) - 5
    try:
        status, output = child.outcome(limit_s)
    except subprocess.TimeoutExpired:
        status, output = -1, f"the child did not end within {limit_s:g} s"
    skipped = status == pytest.ExitCode.OK and " skipped in " in output and " passed" not in output
    if status == pytest.ExitCode.OK:
        _print(item, output)
    outcome = "skipped" if skipped else "passed" if status == pytest.ExitCode.OK else "failed"
    path, line, _ = item.location
    why: object = output if outcome == "failed" else None
    if skipped:
        why = (str(path), (line or 0) + 1, _reason(output))
    return [
        pytest.TestReport(
            item.nodeid, item.location, dict.fromkeys(item.keywords, 1),
            outcome if when == "call" else "passed",  # type: ignore[arg-type]
            why if when == "call" else None,  # type: ignore[arg-type]
            when, [], time.time() - begin_s if when == "call" else 0, begin_s, time.time(),
        )
        for when in ("setup", "call", "teardown")
    ]  # fmt: skip


def _reason(output: str) -> str:
    found = [line for line in output.splitlines() if line.startswith("SKIPPED")]
    return found[0].partition(": ")[2] if found else "skipped"


def _print(item: pytest.Item, output: str) -> None:
    terminal = item.config.pluginmanager.get_plugin("terminalreporter")
    lines = [line for line in output.splitlines() if line.strip(" .s") and "[100%]" not in line]
    if terminal is not None:
        terminal.ensure_newline()
        for line in lines:
            terminal.write_line(f"  {line}")


def pytest_configure(config: pytest.Config) -> None:
    """Do all this, but in a child."""
    config.addinivalue_line("markers", f"{_MARKER}(niceness=0): runs beside all other tests")
    if _CHILD not in os.environ:
        config.pluginmanager.register(Alongside(), "alongside-children")
