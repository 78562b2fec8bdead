"""What describes this service to tools: its AsyncAPI and OpenAPI documents."""

from __future__ import annotations

from starlette.routing import Route

from chassis.documents import document_routes
from listener.infra.contract_set import ContractShelf


def description_routes(shelf: ContractShelf) -> list[Route]:
    """A route for each document; the events in them are those of the contracts in force."""
    return document_routes(
        {
            "/asyncapi.json": lambda: shelf.current.asyncapi,
            "/openapi.json": lambda: shelf.current.openapi,
        }
    )
