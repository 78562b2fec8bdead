"""Tests that run beside the others are reported as they went there, and end with their session."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from support.services import wait_for

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

TESTS = Path(__file__).parents[1]
SUITE = """
import os, pytest, time
from pathlib import Path

HERE = Path(__file__).parent

@pytest.mark.alongside
def test_passes(capsys):
    with capsys.disabled():
        print("figures: 42")
    (HERE / "there").write_text(str(os.getpid()))

@pytest.mark.alongside(niceness=3)
def test_fails():
    assert os.nice(0) != 3, "as nice as asked"

@pytest.mark.alongside
def test_is_skipped():
    pytest.skip("no such thing here")

def test_runs_here():
    while not (HERE / "there").exists():
        time.sleep(0.01)
    assert (HERE / "there").read_text() != str(os.getpid())
"""
ENDLESS = """
import os, pytest, time
from pathlib import Path

@pytest.mark.alongside
def test_never_ends():
    (Path(__file__).parent / "there").write_text(str(os.getpid()))
    time.sleep(600)

def test_waits():
    time.sleep(600)
"""


def session(directory: Path, suite: str) -> subprocess.Popen[str]:
    """pytest with the plugin and nothing else of ours on one file."""
    (directory / "test_suite.py").write_text(suite)
    (directory / "pytest.ini").write_text("[pytest]\naddopts = -p support.alongside\n")
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-v", "-rs", "-p", "no:cacheprovider"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(TESTS), "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_outcomes_and_output_are_the_childs(tmp_path: Path) -> None:
    with session(tmp_path, SUITE) as running:
        output, _ = running.communicate(timeout=100)
    assert "1 failed, 2 passed, 1 skipped" in output.splitlines()[-1], output
    assert "figures: 42" in output
    assert "as nice as asked" in output
    assert "no such thing here" in output
    assert output.index("test_runs_here") < output.index("test_passes")


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGKILL"])
def test_no_child_is_left_behind(tmp_path: Path, signal: str) -> None:
    with session(tmp_path, ENDLESS) as running:
        there = tmp_path / "there"
        wait_for(lambda: there.exists() and bool(there.read_text()), 60, "the child's test runs")
        child = psutil.Process(int(there.read_text()))
        running.send_signal({"SIGTERM": 15, "SIGKILL": 9}[signal])
        wait_for(lambda: gone(child), 30, "the child is gone")


def gone(process: psutil.Process) -> bool:
    """Ended, if perhaps not yet noticed by its parent."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
