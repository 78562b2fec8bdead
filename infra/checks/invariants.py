"""Checks that every test named in docs/invariants.md exists, and that every invariant names one.

A test is named as in pytest, between backticks: ``path::name`` or ``path::Class::name``, the path
from the repository's root. A row of a table is an invariant. Nothing is run.

Usage: invariants.py   Exit status 1 with a line per fault.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "invariants.md"

_TEST = re.compile(r"`([^`\s]+\.py)::([A-Za-z0-9_:]+)`")
_ROW = re.compile(r"^\| *([0-9]+) *\|.*$", re.MULTILINE)


@cache
def names_in(file: Path) -> frozenset[str]:
    """What can be named in a test file: functions, classes, their methods, assigned cases."""
    names: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.ClassDef():
                names.add(node.name)
                names |= {
                    f"{node.name}::{inner.name}"
                    for inner in node.body
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                }
            case ast.Assign():  # TestLog = LogMachine.TestCase
                names |= {each.id for each in node.targets if isinstance(each, ast.Name)}
    return frozenset(names)


def fault_of(path: str, name: str) -> str | None:
    """Why there is no such test; None when there is."""
    file = ROOT / path
    if not file.is_file():
        return f"{path}: there is no such file"
    return None if name in names_in(file) else f"{path}::{name}: the file has no such test"


def main() -> int:
    """Check the page; gives the exit status."""
    page = PAGE.read_text()
    tests = _TEST.findall(page)
    faults = [fault for path, name in tests if (fault := fault_of(path, name))]
    rows = list(_ROW.finditer(page))
    faults += [f"invariant {row[1]} names no test" for row in rows if not _TEST.search(row[0])]
    numbers = [int(row[1]) for row in rows]
    if numbers != list(range(1, len(rows) + 1)):
        faults.append("the invariants are not numbered 1, 2, 3, … in order")
    sys.stdout.write("".join(f"{PAGE.name}: {fault}\n" for fault in faults))
    sys.stdout.write(f"{len(rows)} invariants, {len(tests)} tests named, {len(faults)} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
