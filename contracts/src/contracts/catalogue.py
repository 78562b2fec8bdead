"""The catalogue: which event types have a contract, in which versions.

A directory's ``schemas/<type>/<version>.json`` are its contracts; any other JSON file below
``schemas/`` is a part that contracts refer to. A catalogue never changes once loaded: a changed
directory is another catalogue. Judging events is the judge's part, golden examples the check's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from contracts.documents import SCHEMAS, Documents, Schema, read_documents
from contracts.envelope import RESERVED_TYPE_PREFIX
from contracts.errors import Fault, InvalidCatalogueError

_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]*")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_LIKE_A_VERSION = re.compile(r"[vV]?[0-9]+(?:[._\-][0-9]+)*")


@dataclass(frozen=True, slots=True)
class Contract:
    """One version of one event type."""

    type: str
    version: int
    path: str
    """Of its file, below the directory that it was loaded from."""
    documents: Documents = field(repr=False)

    @property
    def name(self) -> str:
        """``order.placed/2``, as `dataschema` ends."""
        return f"{self.type}/{self.version}"

    @property
    def schema(self) -> Schema:
        """The JSON Schema of the event's `data`."""
        return self.documents.by_path[self.path]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Event type → its contracts, oldest version first; never an empty tuple."""

    types: Mapping[str, tuple[Contract, ...]]

    def find(self, type_: str, dataschema: str | None = None) -> Contract | None:
        """The contract of events of `type_`: the version `dataschema` names, else the newest.

        `dataschema` names it by its last segments ``…/<type>/<version>`` (a URI or a path, with or
        without ``.json``), or by being the schema's own `$id`. None: there is no such contract.
        """
        versions = self.types.get(type_)
        if versions is None:
            return None
        if dataschema is None:
            return versions[-1]
        plain = dataschema.partition("#")[0]
        segments = plain.rsplit("/", 2)
        if len(segments) >= 2 and segments[-2] == type_:
            version = segments[-1].removesuffix(".json")
            named = next((c for c in versions if str(c.version) == version), None)
            if named is not None:
                return named
        return next((c for c in versions if c.documents.by_id.get(plain) == c.path), None)

    def overlaid_by(self, other: Catalogue) -> Catalogue:
        """Both catalogues' types; of a type that both have, `other`'s versions and no others."""
        return _catalogue({**self.types, **other.types})


def load_catalogue(directory: Path) -> Catalogue:
    """The catalogue of one directory, which has a folder ``schemas``.

    Raises:
        InvalidCatalogueError: the layout or a file is wrong; it names every file and what to do.
    """
    catalogue, _, faults = read_catalogue(directory)
    if faults:
        raise InvalidCatalogueError(*faults)
    return catalogue


def read_catalogue(directory: Path) -> tuple[Catalogue, Documents, list[Fault]]:
    """What can be taken of `directory`, and everything that cannot."""
    documents, faults = read_documents(directory)
    types: dict[str, list[Contract]] = {}
    for path in documents.by_path:
        name = _name_of(path)
        if isinstance(name, Fault):
            faults.append(name)
        elif name is not None:
            types.setdefault(name[0], []).append(Contract(*name, path, documents))
    if not types and not faults:
        layout = f"no contract in {directory}; contracts are {SCHEMAS}/<type>/<version>.json"
        faults.append(Fault(SCHEMAS, layout))
    for versions in types.values():
        versions.sort(key=lambda contract: contract.version)
    return _catalogue({name: tuple(found) for name, found in types.items()}), documents, faults


def serving_catalogue(contracts_dir: Path | None) -> Catalogue:
    """What a service judges by: the shipped contracts, overlaid by those of `contracts_dir`."""
    shipped = load_catalogue(shipped_directory())
    return shipped if contracts_dir is None else shipped.overlaid_by(load_catalogue(contracts_dir))


def shipped_directory() -> Path:
    """The contracts that come with this package: inside the wheel, or at the top of its sources."""
    package = Path(str(resources.files("contracts")))
    inside = package / "catalogue"
    return inside if inside.is_dir() else package.parents[1]


def _catalogue(types: Mapping[str, tuple[Contract, ...]]) -> Catalogue:
    return Catalogue(MappingProxyType(dict(sorted(types.items()))))


def _name_of(path: str) -> tuple[str, int] | Fault | None:
    """Type and version of the contract at `path`; None when the file is a part of others."""
    segments = path.split("/")
    if len(segments) != 3:
        return None
    type_, version = segments[1], segments[2].removesuffix(".json")
    if _VERSION.fullmatch(version) is None:
        if _LIKE_A_VERSION.fullmatch(version) is None:
            return None
        return Fault(path, "versions are whole numbers from 1 on: name the file 1.json, 2.json, …")
    wrong = type_fault(type_)
    if wrong is not None:
        return Fault(path, f"the folder's name cannot be an event type: {wrong}")
    return type_, int(version)


def type_fault(type_: str) -> str | None:
    """Why `type_` cannot be a contract's event type, and what to do; None: it can."""
    if _TYPE.fullmatch(type_) is None:
        return "use letters, digits, dots, hyphens and underscores"
    if type_.startswith(RESERVED_TYPE_PREFIX):
        return f"types that begin with {RESERVED_TYPE_PREFIX} are reserved; rename it"
    return None
