"""The whole document, of one service or of both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from contracts.asyncapi import listener, publisher, records
from contracts.asyncapi.messages import Messages
from contracts.catalogue import Catalogue
from contracts.components import Components
from contracts.services import LISTENER, PUBLISHER
from contracts.wire_schemas import CLOUD_EVENT, EVENT_AS_SENT, PROBLEM

_Document = dict[str, Any]


def document(services: Sequence[str], catalogue: Catalogue) -> _Document:
    """The document of the named services (`LISTENER`, `PUBLISHER`)."""
    contracts = [contract for versions in catalogue.types.values() for contract in versions]
    components = Components({"problem": PROBLEM, "cloudEvent": CLOUD_EVENT})
    messages = Messages(contracts, components)
    whole: _Document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Broadcaster: {' and '.join(services)}",
            "version": "1",
            "description": "Event broadcast with replay on Apache Kafka.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {},
        "channels": {},
        "operations": {},
        "components": {"schemas": components.schemas, "messages": {}, "securitySchemes": {}},
    }
    if LISTENER in services:
        components.schemas["eventAsSent"] = EVENT_AS_SENT
        listener.add(whole, messages)
    if PUBLISHER in services:
        publisher.add(whole, messages)
    records.add(whole, messages, services)
    return whole


def encode(whole: _Document) -> str:
    """The document as JSON text that diffs well."""
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
