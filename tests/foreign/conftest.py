"""An environment for the foreign service: its lock, by hash, and the contracts as a built wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "docs" / "foreign-service"


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The command's status and words."""
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def uv(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The workspace's own uv."""
    return run(sys.executable, "-m", "uv", *arguments)


@pytest.fixture(scope="session")
def contracts_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this repository would publish."""
    folder = tmp_path_factory.mktemp("wheel")
    tools = ("--no-build-isolation", "--python", sys.executable)
    built = uv("build", "-q", "--wheel", *tools, "--out-dir", folder, ROOT / "contracts")
    assert built.returncode == 0, built.stderr
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def environment(contracts_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its programs. Nothing of this workspace is in it but the wheel."""
    home = tmp_path_factory.mktemp("foreign") / "venv"
    made = uv("venv", "-q", "--python", sys.executable, home)
    assert made.returncode == 0, made.stderr
    python = home / "bin" / "python"
    into = ("pip", "install", "-q", "--python", python)
    locked = uv(*into, "--require-hashes", "-r", SERVICE / "requirements.lock")
    if locked.returncode:
        pytest.skip(f"no environment could be made for the foreign service: {locked.stderr[-300:]}")
    own = uv(*into, "--no-deps", "--no-index", contracts_wheel)
    assert own.returncode == 0, own.stderr
    return python.parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the foreign service, as after a checkout, far from this repository."""
    copy = tmp_path / "warehouse"
    shutil.copytree(SERVICE, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return copy
