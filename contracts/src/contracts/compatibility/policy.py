"""The policy of a directory of contracts: `policy.toml`, beside `schemas/`.

It says which way versions of a type must fit together, and which answers a person has reviewed and
accepts (waivers). A waiver names the content of both schemas, so it ends when either changes.
Without the file every type is held to `full`, the strictest.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from contracts.errors import Fault

POLICY = "policy.toml"


class Compatibility(StrEnum):
    """Who must be able to take whose events."""

    BACKWARD = "backward"
    FORWARD = "forward"
    FULL = "full"
    NONE = "none"

    def directions(self) -> tuple[Direction, ...]:
        """What is to be compared."""
        return {
            Compatibility.BACKWARD: (Direction.BACKWARD,),
            Compatibility.FORWARD: (Direction.FORWARD,),
            Compatibility.FULL: (Direction.BACKWARD, Direction.FORWARD),
            Compatibility.NONE: (),
        }[self]


class Direction(StrEnum):
    """Backward: consumers of the newer version take events of the older. Forward: of the other."""

    BACKWARD = "backward"
    FORWARD = "forward"


class Waived(StrEnum):
    """Which answer a waiver accepts."""

    UNDECIDED = "undecided"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Waiver:
    """One reviewed answer."""

    type: str
    versions: tuple[int, int]
    """Older, newer."""
    direction: Direction
    accepts: Waived
    schemas: str
    """Of both versions' content, as the check prints it."""
    reason: str

    @property
    def name(self) -> str:
        """Which comparison it is about."""
        older, newer = self.versions
        return f"{self.type} {older} → {newer}, {self.direction}"


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for each type."""

    default: Compatibility = Compatibility.FULL
    types: Mapping[str, Compatibility] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()

    def compatibility(self, type_: str) -> Compatibility:
        """Of one type."""
        return self.types.get(type_, self.default)


def read_policy(directory: Path, known_types: Iterable[str]) -> tuple[Policy, list[Fault]]:
    """The policy of `directory`, and what is wrong with its file; what is wrong does not apply."""
    file = directory / POLICY
    if not file.is_file():
        return Policy(), []
    faults: list[Fault] = []
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        return Policy(), [Fault(POLICY, f"it cannot be read: {error}", "policy")]
    unknown = sorted(content.keys() - {"compatibility", "types", "waivers"})
    members = "compatibility, types, waivers"
    faults += [_fault(f'"{name}" means nothing here', members) for name in unknown]
    default = _compatibility(content, "at the top", faults) or Compatibility.FULL
    types: dict[str, Compatibility] = {}
    known = set(known_types)
    for name, table in _table(content.get("types", {})).items():
        if name not in known:
            faults.append(_fault(f'there is no contract of the type "{name}"', "its exact name"))
        named = _compatibility(_table(table), f'of the type "{name}"', faults)
        if named is not None:
            types[name] = named
        elif _table(table).keys() - {"compatibility"} or not isinstance(table, dict):
            faults.append(_fault(f'[types."{name}"] is not understood', "compatibility"))
    listed = content.get("waivers", [])
    waivers = tuple(_waivers(listed if isinstance(listed, list) else [listed], known, faults))
    return Policy(default, types, waivers), faults


def _fault(what: str, expected: str) -> Fault:
    return Fault(POLICY, f"{what}; expected: {expected}", "policy")


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _compatibility(table: dict[str, Any], where: str, faults: list[Fault]) -> Compatibility | None:
    if "compatibility" not in table:
        return None
    try:
        return Compatibility(table["compatibility"])
    except ValueError:
        faults.append(_fault(f"the compatibility {where} is unknown", ", ".join(Compatibility)))
        return None


_MEMBERS = {"type", "versions", "direction", "accepts", "schemas", "reason"}


def _waivers(listed: list[Any], known: set[str], faults: list[Fault]) -> Iterator[Waiver]:
    for number, table in enumerate(map(_table, listed), start=1):
        where = f"waiver {number}"
        try:
            older, newer = map(int, table["versions"])
            waiver = Waiver(
                str(table["type"]),
                (older, newer),
                Direction(table["direction"]),
                Waived(table.get("accepts", Waived.UNDECIDED)),
                str(table["schemas"]),
                str(table["reason"]).strip(),
            )
        except (KeyError, TypeError, ValueError):
            members = "type, versions = [older, newer], direction, schemas and reason"
            faults.append(_fault(f"{where} is not complete or not understood", members))
            continue
        if table.keys() - _MEMBERS:
            unknown = ", ".join(sorted(table.keys() - _MEMBERS))
            faults.append(_fault(f"{where} has unknown members: {unknown}", "none but the known"))
        elif len(waiver.reason) < 10:
            faults.append(
                _fault(f"{where} gives no reason", "a sentence that a reviewer can judge")
            )
        elif waiver.type not in known:
            faults.append(_fault(f"{where} is about an unknown type", "the exact name of a type"))
        else:
            yield waiver
