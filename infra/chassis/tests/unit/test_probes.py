"""The operators' endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter
from starlette.applications import Starlette

from chassis.probes import NotReady, probe_routes


class Service:
    """What a service tells its probes."""

    def __init__(self) -> None:
        self.reasons: Sequence[NotReady] = []
        self.registry = CollectorRegistry()
        routes = probe_routes(
            ready=lambda: self.reasons, status=self.status, registry=self.registry
        )
        transport = httpx.ASGITransport(Starlette(routes=routes))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://service")

    def status(self) -> dict[str, Any]:
        return {"service": "test", "tip": "0:3", "lanes": {"live": 2}}


@pytest.fixture
def service() -> Service:
    return Service()


async def test_healthz_only_says_that_the_process_answers(service: Service) -> None:
    service.reasons = [NotReady("no-broker", "start Kafka")]
    answer = await service.http.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_readyz_gives_every_reason_and_recovers(service: Service) -> None:
    service.reasons = [NotReady("no-broker", "start Kafka"), NotReady("draining", "wait")]
    refused = await service.http.get("/readyz")
    assert refused.status_code == 503
    assert refused.json() == {
        "status": "not-ready",
        "reasons": [
            {"reason": "no-broker", "detail": "start Kafka"},
            {"reason": "draining", "detail": "wait"},
        ],
    }
    service.reasons = []
    ready = await service.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


async def test_status_gives_the_services_facts(service: Service) -> None:
    answer = await service.http.get("/status")
    assert (answer.status_code, answer.json()) == (200, service.status())
    assert answer.text.endswith("}\n")


async def test_metrics_are_the_registrys_as_they_are_now(service: Service) -> None:
    counter = Counter("things", "Things", registry=service.registry)
    counter.inc(3)
    answer = await service.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "things_total 3.0" in answer.text.splitlines()
    counter.inc()
    assert "things_total 4.0" in (await service.http.get("/metrics")).text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/status"])
async def test_no_probe_is_cached_and_all_are_json(service: Service, path: str) -> None:
    for reasons in ([], [NotReady("draining", "wait")]):
        service.reasons = reasons
        answer = await service.http.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/status", "/metrics"])
async def test_probes_are_read_not_written(service: Service, path: str) -> None:
    assert (await service.http.head(path)).status_code == 200
    assert (await service.http.post(path)).status_code == 405
