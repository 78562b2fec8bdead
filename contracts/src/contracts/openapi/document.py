"""A service's whole OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from contracts.catalogue import Catalogue
from contracts.components import Components
from contracts.openapi import listener, operators, publisher
from contracts.services import LISTENER, PORTS, SERVICES, security
from contracts.wire_schemas import CLOUD_EVENT, EVENT_AS_SENT, PROBLEM

_Document = dict[str, Any]


def document(service: str, catalogue: Catalogue) -> _Document:
    """The document of `LISTENER` or `PUBLISHER`."""
    own: dict[str, Any] = {"problem": PROBLEM}
    if service == LISTENER:
        components = Components({**own, "eventAsSent": EVENT_AS_SENT})
        paths = listener.paths(catalogue, components)
    else:
        components = Components({**own, "cloudEvent": CLOUD_EVENT})
        paths = publisher.paths()
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": f"Broadcaster: {service}",
            "version": "1",
            "description": SERVICES[service],
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": f"http://localhost:{PORTS[service]}"}],
        "tags": [
            {"name": "events", "description": "For producers and subscribers."},
            {"name": "contracts", "description": "What events are judged by."},
            {"name": "operators", "description": "Probes, facts and metrics."},
        ],
        "paths": paths | operators.paths(service),
        "components": {
            "schemas": dict(components.schemas),
            "securitySchemes": security(service, "apiKey"),
        },
    }


def encode(whole: _Document) -> str:
    """The document as JSON text that diffs well."""
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
