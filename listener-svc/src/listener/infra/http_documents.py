"""What describes this service to tools: its AsyncAPI and OpenAPI documents."""

from __future__ import annotations

from starlette.routing import Route

from chassis.documents import document_routes
from contracts import asyncapi, openapi
from contracts.catalogue import Catalogue
from contracts.services import LISTENER


def description_routes(catalogue: Catalogue) -> list[Route]:
    """A route for each document; the events in them are those of `catalogue`."""
    events = asyncapi.encode(asyncapi.document([LISTENER], catalogue))
    endpoints = openapi.encode(openapi.document(LISTENER, catalogue))
    return document_routes({"/asyncapi.json": lambda: events, "/openapi.json": lambda: endpoints})
