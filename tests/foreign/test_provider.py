"""The provider's side: the foreign service's pact, held by golden examples and real services."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.catalogue import serving_catalogue
from contracts.testing.errors import ContractBroken
from contracts.testing.golden import golden_events
from contracts.testing.pact_verification import golden_deliveries, verify_pact
from local_kafka.topics import LOG_APPEND_TIME, create_topic
from local_kafka.waiting import run_apart
from support.services import ListenerProcess, PublisherProcess

from .conftest import SERVICE

pytestmark = pytest.mark.timeout(120)
PACTS = sorted((SERVICE / "pacts").glob("*.json"))
CATALOGUE = serving_catalogue(None)


@dataclass(frozen=True, slots=True)
class Running:
    """Both services: what is posted to one comes from the other."""

    listener: str
    publisher: str

    def deliver(self, contract: str) -> dict[str, dict[str, Any]]:
        """The golden examples of `contract`, as the publisher gives them after the listener."""
        sent: dict[str, str] = {}
        with httpx.Client(trust_env=False, auth=("user", "pwd")) as client:
            for golden in golden_events(CATALOGUE, [contract]):
                sent[id_ := str(uuid.uuid4())] = golden.name
                answer = client.post(
                    f"{self.listener}/events",
                    content=json.dumps({**golden.event, "id": id_}),
                    headers={"content-type": "application/cloudevents+json"},
                )
                assert answer.status_code == 201, answer.text
            lines = client.get(
                f"{self.publisher}/events",
                params={"since": "earliest", "until": "now"},
                headers={"accept": "application/x-ndjson"},
            ).text.splitlines()
        frames = [json.loads(line) for line in lines]
        events = [frame["event"] for frame in frames if frame["type"] == "event"]
        found = {sent[each["id"]]: each for each in events if each["id"] in sent}
        assert set(found) == set(sent.values())
        return found


@pytest.fixture
def running(kafka_bootstrap: str, tmp_path: Path) -> Iterator[Running]:
    topic = f"pacts-{uuid.uuid4().hex[:8]}"
    run_apart(create_topic(kafka_bootstrap, topic, 1, LOG_APPEND_TIME))
    with ExitStack() as stack:
        listener = stack.enter_context(ListenerProcess(kafka_bootstrap, topic, tmp_path).launch())
        publisher = stack.enter_context(PublisherProcess(kafka_bootstrap, topic, tmp_path).launch())
        listener.wait_until_ready()
        publisher.wait_until_ready()
        yield Running(listener.http_url, publisher.http_url)


def test_there_is_a_pact() -> None:
    assert [each.name for each in PACTS] == ["warehouse-broadcaster.json"]


@pytest.mark.parametrize("pact", PACTS, ids=lambda each: each.stem)
def test_golden_examples_keep_it(pact: Path) -> None:
    assert verify_pact(pact, golden_deliveries(CATALOGUE)).expectations == 2


@pytest.mark.kafka
@pytest.mark.system
@pytest.mark.parametrize("pact", PACTS, ids=lambda each: each.stem)
def test_what_the_running_publisher_sends_keeps_it(pact: Path, running: Running) -> None:
    verified = verify_pact(pact, running.deliver)
    assert verified.expectations == 2
    assert verified.events >= 4


@pytest.mark.kafka
@pytest.mark.system
def test_a_publisher_that_leaves_a_field_out_would_be_found(running: Running) -> None:
    def without_skus(contract: str) -> dict[str, Any]:
        events = running.deliver(contract)
        for event in events.values():
            del event["data"]["lines"][0]["sku"]
        return events

    with pytest.raises(ContractBroken, match=r"\$\.data\.lines\[0\] .*sku"):
        verify_pact(PACTS[0], without_skus)
