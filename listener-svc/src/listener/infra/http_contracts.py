"""``GET /contracts``: which contracts this instance judges by, and each one's JSON Schema.

The paths are those that ``dataschema`` ends in. Public, as schemas hold nothing secret. Read-only.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.catalogue import Catalogue, Contract
from contracts.problem import MEDIA_TYPE as PROBLEM_MEDIA_TYPE
from contracts.problem import Problem, ProblemType


def contract_routes(catalogue: Catalogue) -> list[Route]:
    """The list, and one document per contract."""
    listing = _listing(catalogue)

    async def contracts(_: Request) -> Response:
        return Response(listing, media_type="application/json")

    async def contract(request: Request) -> Response:
        type_, version = request.path_params["type"], request.path_params["version"]
        found = catalogue.find(type_, f"/{type_}/{version}")
        if found is None:
            return Response(_UNKNOWN.encode(), _UNKNOWN.status, media_type=PROBLEM_MEDIA_TYPE)
        return Response(orjson.dumps(found.schema), media_type="application/schema+json")

    return [Route("/contracts", contracts), Route("/contracts/{type}/{version}", contract)]


def _listing(catalogue: Catalogue) -> bytes:
    types = [
        {"type": name, "versions": [_entry(contract) for contract in versions]}
        for name, versions in catalogue.types.items()
    ]
    return orjson.dumps({"contracts": types}, option=orjson.OPT_INDENT_2)


def _entry(contract: Contract) -> dict[str, Any]:
    schema = contract.schema
    entry: dict[str, Any] = {"version": contract.version, "schema": f"/contracts/{contract.name}"}
    if isinstance(schema, dict):
        entry |= {key: schema[key] for key in ("title", "description") if key in schema}
    return entry


_UNKNOWN = Problem(
    ProblemType.NOT_FOUND, "there is no such contract; GET /contracts lists those there are"
)
