"""The JSON Schema documents of one directory, and how their `$ref`s find each other offline.

Every ``*.json`` below ``schemas/`` is a document. Its base URI is `BASE_URI` and its path, so a
relative `$ref` means the file beside it; an `$id` of its own takes that place, as JSON Schema
says. `retrieve` is the only way from a URI to a schema: it knows this directory's files and
nothing else, so nothing is ever fetched. Which documents are contracts is the catalogue's matter.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, urljoin, urlsplit

import jsonschema_rs

from contracts.errors import Fault, InvalidCatalogueError

Schema: TypeAlias = dict[str, Any] | bool

SCHEMAS = "schemas"
BASE_URI = "https://contracts.invalid/"
"""A host that cannot exist (RFC 2606): even a mistake would fetch nothing."""
DRAFTS = (
    "http://json-schema.org/draft-04/schema",
    "http://json-schema.org/draft-06/schema",
    "http://json-schema.org/draft-07/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
)
"""The values of `$schema` that are known; without one it is the last."""


@dataclass(frozen=True, slots=True)
class Documents:
    """All documents of a directory, by their path below it (``schemas/order.placed/1.json``)."""

    directory: Path
    by_path: Mapping[str, Schema]
    by_id: Mapping[str, str]
    """Absolute `$id` → path."""

    def retrieve(self, uri: str) -> Schema:
        """The document that `uri` names.

        Raises:
            LookupError: no file of the directory is that document; the message says what to do.
        """
        path = self.path_of(uri)
        if path is not None:
            return self.by_path[path]
        if uri.startswith(BASE_URI):
            raise LookupError(
                f"it refers to the file {unquote(uri.removeprefix(BASE_URI))}, which does not exist"
            )
        raise LookupError(
            f"it refers to {uri}, which no file here has as its $id, and nothing is fetched from "
            "elsewhere; put a copy of that schema below schemas/ with that $id, or refer to a file"
        )

    def path_of(self, uri: str) -> str | None:
        """The path of the document that `uri`, without a fragment, names; None: there is none."""
        if uri.startswith(BASE_URI):
            path = unquote(uri.removeprefix(BASE_URI))
            return path if path in self.by_path else None
        known = self.by_id.get(uri.rstrip("#"))
        return known if known is not None else self._beside_an_id(uri)

    def _beside_an_id(self, uri: str) -> str | None:
        """A file without an `$id` of its own, referred to relatively from one that has an `$id`."""
        target = urlsplit(uri)
        for known, path in self.by_id.items():
            base = urlsplit(known)
            if base[:2] != target[:2] or not target.path.startswith("/"):
                continue  # another place, or (urn:…) no place at all
            way = posixpath.relpath(target.path, posixpath.dirname(base.path) or "/")
            candidate = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(way)))
            if candidate in self.by_path:
                return candidate
        return None

    def compile(self, path: str, *, known_formats_only: bool = False) -> jsonschema_rs.Validator:
        """The validator of the document at `path`; formats are asserted.

        A format that JSON Schema does not define is an annotation to it, not a fault (other
        people's schemas are full of them), unless `known_formats_only`.

        Raises:
            InvalidCatalogueError: the document is not a valid schema of its draft, or a `$ref`
                leads nowhere.
        """
        schema = self.by_path[path]
        _require_known_draft(path, schema)
        refused: list[str] = []

        def retrieve(uri: str) -> Schema:
            try:
                found = self.retrieve(uri)
                _require_known_draft(self.path_of(uri) or uri, found)
            except (LookupError, InvalidCatalogueError) as error:
                refused.append(str(error.args[0]))
                raise
            return found

        try:
            # a retriever of our own replaces the library's: files and the network are out of reach
            return jsonschema_rs.validator_for(
                schema,
                base_uri=uri_of(path),
                retriever=retrieve,
                validate_formats=True,
                ignore_unknown_formats=not known_formats_only,
            )
        except jsonschema_rs.ValidationError as error:
            raise InvalidCatalogueError(Fault(path, _fault(error, refused))) from error
        except (ValueError, RecursionError) as error:
            raise InvalidCatalogueError(Fault(path, f"it cannot be compiled: {error}")) from error


def uri_of(path: str) -> str:
    """The base URI of the document at `path`."""
    return BASE_URI + quote(path)


def read_documents(directory: Path) -> tuple[Documents, list[Fault]]:
    """Every document below ``schemas/`` of `directory`, and what could not be taken."""
    by_path: dict[str, Schema] = {}
    by_id: dict[str, str] = {}
    faults: list[Fault] = []
    if not (directory / SCHEMAS).is_dir():
        layout = f"no such folder in {directory}; contracts are {SCHEMAS}/<type>/<version>.json"
        faults.append(Fault(SCHEMAS, layout))
    for path, file in json_files(directory, SCHEMAS):
        try:
            schema = read_json(path, file)
        except InvalidCatalogueError as error:
            faults.extend(error.faults)
            continue
        if not isinstance(schema, dict | bool):
            faults.append(Fault(path, "a JSON Schema is an object, true or false"))
            continue
        by_path[path] = schema
        name = _identifier(path, schema)
        if name is not None and by_id.setdefault(name, path) != path:
            same = f"its $id {name} is also that of {by_id[name]}; give each file its own"
            faults.append(Fault(path, same))
    documents = Documents(directory, MappingProxyType(by_path), MappingProxyType(by_id))
    return documents, faults


def json_files(directory: Path, folder: str) -> Iterator[tuple[str, Path]]:
    """Path below `directory` and file of each ``*.json`` below `folder`, sorted; none hidden."""
    visited: set[str] = set()
    for root, folders, files in os.walk(directory / folder, followlinks=True):
        real = os.path.realpath(root)
        folders[:] = (
            sorted(n for n in folders if not n.startswith(".")) if real not in visited else []
        )
        visited.add(real)
        for name in sorted(files):
            if name.endswith(".json") and not name.startswith("."):
                file = Path(root, name)
                yield file.relative_to(directory).as_posix(), file


def read_json(path: str, file: Path) -> Any:
    """The JSON value in `file`; strict: no NaN, no name twice in one object.

    Raises:
        InvalidCatalogueError: it is not JSON; the fault of `path` says where.
    """
    try:
        if file.exists() and not file.is_file():  # reading a pipe would wait for ever
            raise InvalidCatalogueError(Fault(path, "it is not a regular file"))
        return json.loads(
            file.read_text(encoding="utf-8-sig"),
            object_pairs_hook=_object_without_twins,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidCatalogueError(Fault(path, f"not JSON: {error.msg} in {where}")) from error
    except UnicodeDecodeError as error:
        raise InvalidCatalogueError(Fault(path, f"not UTF-8 at byte {error.start}")) from error
    except (ValueError, RecursionError, OSError) as error:
        raise InvalidCatalogueError(Fault(path, f"it cannot be read: {error}")) from error


def _object_without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'the name "{twin}" stands twice in one object')
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _identifier(path: str, schema: Schema) -> str | None:
    if isinstance(schema, bool):
        return None
    name = schema.get("$id", schema.get("id"))
    if not isinstance(name, str) or name.startswith("#"):
        return None
    return urljoin(uri_of(path), name).rstrip("#")


def _require_known_draft(path: str, schema: Schema) -> None:
    draft = schema.get("$schema") if isinstance(schema, dict) else None
    if draft is not None and (not isinstance(draft, str) or draft.rstrip("#") not in DRAFTS):
        known = ", ".join(DRAFTS)
        raise InvalidCatalogueError(
            Fault(path, f"its $schema is not a draft that is known here; use one of {known}")
        )


def _fault(error: jsonschema_rs.ValidationError, refused: list[str]) -> str:
    if refused:
        return refused[0]
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Referencing):
        return f"a $ref cannot be resolved: {error.message}"
    where = "".join(f"/{part}" for part in error.instance_path)
    return f"not a valid schema at #{where}: {error.message}"
