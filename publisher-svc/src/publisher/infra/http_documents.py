"""What describes this service to tools: its AsyncAPI and OpenAPI documents.

The events in them are those of the contracts at hand. A publisher judges nothing by contracts, so a
directory of them that cannot be read is told, and does not keep it from serving.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from contracts import asyncapi, openapi
from contracts.catalogue import Catalogue, serving_catalogue
from contracts.errors import InvalidCatalogueError
from contracts.services import PUBLISHER

Documents = Mapping[str, Callable[[], str]]
"""Path → what gives its text."""


def documents(contracts_dir: Path | None, complain: Callable[[str], object]) -> Documents:
    """The documents by their paths; `complain` is told why `contracts_dir` is left out."""
    catalogue = _catalogue(contracts_dir, complain)
    events = asyncapi.encode(asyncapi.document([PUBLISHER], catalogue))
    endpoints = openapi.encode(openapi.document(PUBLISHER, catalogue))
    return {"/asyncapi.json": lambda: events, "/openapi.json": lambda: endpoints}


def _catalogue(contracts_dir: Path | None, complain: Callable[[str], object]) -> Catalogue:
    try:
        return serving_catalogue(contracts_dir)
    except InvalidCatalogueError as error:
        complain(f"CONTRACTS_DIR: {error}; /asyncapi.json describes the shipped contracts alone")
        return serving_catalogue(None)
