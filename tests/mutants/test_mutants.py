"""Mutants: seeded bugs in cursor, page, log, lane and hub code, each caught by the unit suite.

Each patch in ``patches/`` says in its first line what it breaks. It is applied to a copy of the
sources, and the unit suites are run on that copy: they must fail. A patch that no longer applies is
a failure too: mend it, for the code that it breaks has moved.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATCHES = sorted((Path(__file__).parent / "patches").glob("*.patch"))
SOURCES = ("contracts/src", "publisher-svc/src")
CATALOGUE = ("contracts/schemas", "contracts/examples")
"""Found beside the sources, in a copy too."""
SUITES = ("publisher-svc/tests/unit", "contracts/tests/unit/test_cursor.py")
FAILED = 1
"""pytest's exit status when tests failed; others mean that it could not run them."""


def run_suites(sources: Path) -> subprocess.CompletedProcess[str]:
    """The unit suites on a copy of the sources."""
    path = os.pathsep.join(str(sources / each) for each in SOURCES)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-o",
            "timeout=200",
            *SUITES,
        ],
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_UNSHRUNK": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def copy_sources(to: Path) -> Path:
    """The sources, to be changed."""
    for each in SOURCES + CATALOGUE:
        shutil.copytree(ROOT / each, to / each, ignore=shutil.ignore_patterns("__pycache__"))
    return to


def verdict(patch: Path, directory: Path) -> str:
    """``caught``, or what went wrong."""
    sources = copy_sources(directory / patch.stem)
    applied = subprocess.run(
        ["git", "apply", "--unsafe-paths", str(patch)],
        cwd=sources,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(directory.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    if applied.returncode != 0:
        return f"the patch does not apply: {applied.stderr.strip()}"
    try:
        finished = run_suites(sources)
    except subprocess.TimeoutExpired:
        return "SURVIVED (the suite did not end)"
    if finished.returncode == FAILED:
        return "caught"
    return f"SURVIVED (pytest ended with {finished.returncode})"


@pytest.mark.alongside(niceness=19)
@pytest.mark.timeout(1800)
def test_every_mutant_is_caught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    control = run_suites(copy_sources(tmp_path / "control"))
    assert control.returncode == 0, control.stdout[-3000:]
    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(lambda patch: verdict(patch, tmp_path), PATCHES))
    caught = verdicts.count("caught")
    with capsys.disabled():
        print()
        for patch, found in zip(PATCHES, verdicts, strict=True):
            print(f"  {patch.stem:<32} {found}")
        print(f"mutants: {caught}/{len(PATCHES)} caught")
    assert caught == len(PATCHES) >= 12
