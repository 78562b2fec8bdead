"""Golden examples: what producers of a contract send, as files beside the schemas.

``examples/<type>/<version>/valid/*.json`` and ``…/invalid/*.json``. An example is the event's
`data`, which is what a schema judges and a team cares about; `whole_event` puts the envelope
around it. A JSON object that has ``specversion`` is a whole event already, by the same rule as the
listener's. Whether an example is what its folder says is the check's to say.
"""

from __future__ import annotations

from typing import Any

from contracts.catalogue import Contract
from contracts.documents import json_files, read_json
from contracts.envelope import SPEC_VERSION

EXAMPLES = "examples"


def is_whole_event(value: object) -> bool:
    """Whether an example is an event rather than an event's data."""
    return isinstance(value, dict) and "specversion" in value


def valid_examples(contract: Contract) -> dict[str, Any]:
    """File name without its suffix → example, sorted; empty when the directory has none.

    Raises:
        InvalidCatalogueError: a file is not JSON.
    """
    folder = f"{EXAMPLES}/{contract.name}/valid"
    found = json_files(contract.documents.directory, folder)
    return {file.stem: read_json(path, file) for path, file in found}


def whole_event(contract: Contract, example: Any) -> dict[str, Any]:
    """`example` as a CloudEvent of `contract`; the same envelope every time."""
    if is_whole_event(example):
        return dict(example)
    return {
        "specversion": SPEC_VERSION,
        "id": "0199f3c0-5c1e-7b2a-9d40-1f6f2a7c8e01",
        "source": "/producers/example",
        "type": contract.type,
        "time": "2026-11-22T10:15:00Z",
        "datacontenttype": "application/json",
        "dataschema": f"https://contracts.example/{contract.name}",
        "data": example,
    }
