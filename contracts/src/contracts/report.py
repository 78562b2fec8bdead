"""What a check found, written for the programs of a CI: annotations, JSON, JUnit.

Every form says the same faults and notes. A file's path is given as the CI knows it: with the
checked directory before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from contracts.check import Report
from contracts.compatibility.decision import Breaks, Compatible
from contracts.compatibility.history import Comparison
from contracts.console import count
from contracts.errors import Fault
from contracts.examples import EXAMPLES


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    GITHUB = "github"
    JSON = "json"
    JUNIT = "junit"


def summary(report: Report) -> str:
    """What was looked at, in a clause."""
    parts = [count(report.contracts, "contract"), count(report.examples, "example")]
    if report.comparisons:
        parts.append(count(report.comparisons, "comparison"))
    waived = sum(one.waiver is not None for one in report.comparisons)
    return ", ".join([*parts, *([f"{waived} waived"] if waived else [])])


def render(report: Report, format_: Format, directory: Path) -> str:
    """The report as text in `format_`, which is not the one for people."""
    if format_ is Format.GITHUB:
        return "\n".join(_annotations(report, directory))
    if format_ is Format.JUNIT:
        return _junit(report, directory)
    return json.dumps(_document(report, directory), ensure_ascii=False, indent=2)


def _annotations(report: Report, directory: Path) -> Iterator[str]:
    for level, faults in (("error", report.faults), ("notice", report.notes)):
        for fault in faults:
            file = _escaped((directory / fault.path).as_posix(), ":,")
            yield f"::{level} file={file},title=contracts {fault.rule}::{_escaped(fault.what)}"
    yield f"contracts: {summary(report)}, {count(report.faults, 'fault')}"


def _escaped(text: str, also: str = "") -> str:
    """As workflow commands want it: no line break, and no sign that ends a property."""
    for sign in f"%\r\n{also}":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _document(report: Report, directory: Path) -> dict[str, Any]:
    return {
        "directory": directory.as_posix(),
        "well": not report.faults,
        "contracts": [contract.name for contract in report.contracts],
        "examples": report.examples,
        "faults": [_fault(fault) for fault in report.faults],
        "notes": [_fault(fault) for fault in report.notes],
        "comparisons": [_comparison(one) for one in report.comparisons],
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {"path": fault.path, "rule": fault.rule, "what": fault.what, **fault.details}


def _comparison(one: Comparison) -> dict[str, Any]:
    match one.verdict:
        case Compatible():
            verdict = "compatible"
        case Breaks():
            verdict = "breaks"
        case _:
            verdict = "undecided"
    return {
        "type": one.newer.type,
        "versions": [one.older.version, one.newer.version],
        "direction": str(one.direction),
        "verdict": verdict,
        "waived": one.waiver.reason if one.waiver is not None else None,
    }


def _junit(report: Report, directory: Path) -> str:
    suite = ET.Element("testsuite", name=f"contracts {directory.as_posix()}")
    told: set[int] = set()
    for contract in report.contracts:
        folder = f"{EXAMPLES}/{contract.name}/"
        own = [
            fault
            for fault in report.faults
            if fault.rule != "compatibility"
            and (fault.path == contract.path or f"{fault.path}/".startswith(folder))
        ]
        told.update(map(id, own))
        _case(suite, contract.type, f"{contract.name} schema and examples", own)
    for one in report.comparisons:
        name = f"{one.newer.name} against {one.older.version}, {one.direction}"
        fault = one.fault()
        same = [other for other in report.faults if fault and str(other) == str(fault)]
        told.update(map(id, same))
        _case(suite, one.newer.type, name, same[:1])
    rest = [fault for fault in report.faults if id(fault) not in told]
    _case(suite, "directory", "layout, parts and policy", rest)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")  # readers of this format insist on it
    ET.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode")


def _case(suite: ET.Element, class_: str, name: str, faults: list[Fault]) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"contracts.{class_}", name=_xml(name))
    if faults:
        message = _xml(faults[0].what)
        failure = ET.SubElement(case, "failure", type=faults[0].rule, message=message)
        failure.text = "\n".join(_xml(str(fault)) for fault in faults)


def _xml(text: str) -> str:
    """Without the characters that XML has no way to write."""
    return "".join(
        c if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff") else "�" for c in text
    )
