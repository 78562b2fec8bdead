"""Random requests to both services: no server error, and no answer that OpenAPI does not have."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contracts import openapi
from contracts.catalogue import serving_catalogue
from contracts.envelope import BATCH_MEDIA_TYPE, MEDIA_TYPE, NDJSON_MEDIA_TYPE
from contracts.services import LISTENER, PUBLISHER
from contracts.testing.golden import golden_events
from support.http_fuzz import Fuzzed
from support.services import ListenerProcess, PublisherProcess, ServiceProcess

pytestmark = [pytest.mark.kafka, pytest.mark.system, pytest.mark.timeout(300)]

MANY, FEW = 100, 5
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def document(service: str) -> dict[str, Any]:
    return openapi.document(service, serving_catalogue(None))


def addresses(service: str) -> list[tuple[str, str]]:
    paths = document(service)["paths"]
    return [(path, method) for path, offered in paths.items() for method in offered]


@pytest.fixture(params=[LISTENER, PUBLISHER])
def service(request: pytest.FixtureRequest) -> ServiceProcess:
    process: ServiceProcess = request.getfixturevalue(request.param)
    return process


def test_what_is_served_is_what_is_generated(service: ServiceProcess) -> None:
    served = json.loads(service.get("/openapi.json")[1])
    assert served == json.loads(openapi.encode(document(service.module)))
    asyncapi = json.loads(service.get("/asyncapi.json")[1])
    assert asyncapi["asyncapi"] == "3.0.0"
    assert service.module in asyncapi["servers"]


@pytest.mark.parametrize(("path", "method"), addresses(LISTENER))
def test_the_listener(listener: ListenerProcess, path: str, method: str) -> None:
    fuzzed = Fuzzed(document(LISTENER), listener.http_url, ("user", "pwd"))
    heavy = (path, method) == ("/events", "post")
    fuzzed.ask(path, method, examples=MANY if heavy else FEW)
    print(path, method, dict(fuzzed.statuses))


def test_the_listener_takes_golden_events_with_whatever_else_is_random(
    listener: ListenerProcess,
) -> None:
    fuzzed = Fuzzed(document(LISTENER), listener.http_url, ("user", "pwd"))
    catalogue = serving_catalogue(None)
    golden = [each.event for each in golden_events(catalogue, catalogue.types)]
    for body, media_type in [
        (golden[0], MEDIA_TYPE),
        (golden[-1], MEDIA_TYPE),
        (golden, BATCH_MEDIA_TYPE),
        ([], BATCH_MEDIA_TYPE),
        ("\n".join(map(json.dumps, golden)), NDJSON_MEDIA_TYPE),
        (golden[0]["data"], "application/json"),
    ]:
        fuzzed.ask_with("/events", "post", body, media_type, FEW * 4)
    print(dict(fuzzed.statuses))
    assert {200, 201, 207, 400} <= set(fuzzed.statuses)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/event-stream", "image/png"])
def test_the_publishers_events_by_accept(publisher: PublisherProcess, accept: str) -> None:
    fuzzed = Fuzzed(document(PUBLISHER), publisher.http_url)
    fuzzed.ask("/events", "get", examples=MANY, accept=accept)
    print(accept, dict(fuzzed.statuses))
    assert fuzzed.statuses[406 if accept == "image/png" else 400]


@pytest.mark.parametrize(
    ("path", "method"), [each for each in addresses(PUBLISHER) if each != ("/events", "get")]
)
def test_the_publisher(publisher: PublisherProcess, path: str, method: str) -> None:
    fuzzed = Fuzzed(document(PUBLISHER), publisher.http_url)
    fuzzed.ask(path, method, examples=MANY if path == "/plan" else FEW)
    print(path, method, dict(fuzzed.statuses))


def test_a_method_that_is_not_documented_is_refused_with_those_that_are(
    service: ServiceProcess,
) -> None:
    for path, offered in document(service.module)["paths"].items():
        address = path.format(type="message.posted", version="1")
        for method in METHODS - {each.upper() for each in offered}:
            answer = httpx.request(method, service.http_url + address, trust_env=False)
            assert answer.status_code == 405, (method, path)
            assert answer.headers["content-type"] == "application/problem+json", (method, path)
            allowed = {each.strip().lower() for each in answer.headers["allow"].split(",")}
            assert set(offered) <= allowed, (method, path)
