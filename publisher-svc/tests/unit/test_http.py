"""The application's own answers: documents, and problems where no endpoint answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from publisher.app.status import Status
from publisher.infra.http import application
from publisher.infra.http_documents import documents
from publisher.infra.http_events import HttpTransport
from publisher.infra.websocket import WebSocketTransport


class Broken:
    """In place of the transports and the status: an endpoint that fails."""

    def routes(self) -> list[Route]:
        async def fail(_: Request) -> Any:
            raise RuntimeError("secret")

        return [Route("/broken", fail)]

    async def endpoint(self, _: Any) -> None: ...

    def reasons(self) -> list[tuple[str, str]]:
        return []

    def document(self) -> dict[str, Any]:
        return {}


def client(contracts_dir: Path | None = None) -> tuple[TestClient, list[str]]:
    broken: Any = Broken()
    complaints: list[str] = []
    app = application(
        cast("WebSocketTransport", broken),
        cast("HttpTransport", broken),
        cast("Status", broken),
        CollectorRegistry(),
        documents(contracts_dir, complaints.append),
    )
    return TestClient(app, raise_server_exceptions=False), complaints


def test_a_failure_is_a_problem_and_says_nothing_of_its_cause() -> None:
    answer = client()[0].get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "internal"
    assert "secret" not in answer.text


def test_what_describes_it_is_served() -> None:
    asking, complaints = client()
    assert asking.get("/openapi.json").json()["info"]["title"] == "Broadcaster: publisher"
    assert "event.order.placed.2" in asking.get("/asyncapi.json").json()["components"]["messages"]
    assert complaints == []


def test_own_contracts_are_described_and_broken_ones_told_and_left_out(tmp_path: Path) -> None:
    schema = tmp_path / "schemas" / "parcel.weighed" / "1.json"
    schema.parent.mkdir(parents=True)
    schema.write_text(json.dumps({}))
    messages = client(tmp_path)[0].get("/asyncapi.json").json()["components"]["messages"]
    assert "event.parcel.weighed.1" in messages
    schema.write_text("{")
    asking, complaints = client(tmp_path)
    messages = asking.get("/asyncapi.json").json()["components"]["messages"]
    assert "event.parcel.weighed.1" not in messages
    assert complaints[0].startswith("CONTRACTS_DIR: schemas/parcel.weighed/1.json: not JSON")
