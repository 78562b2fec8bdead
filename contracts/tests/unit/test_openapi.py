from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from contracts import openapi
from contracts.catalogue import load_catalogue, serving_catalogue
from contracts.problem import ProblemType
from contracts.services import LISTENER, PUBLISHER
from support.references import references, resolve

from .conftest import WriteContracts

SERVICES = (LISTENER, PUBLISHER)
STATUS = {each.value.name: each.value.status for each in ProblemType}


def document(service: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(
        openapi.encode(openapi.document(service, serving_catalogue(None)))
    )
    return whole


def operations(whole: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@pytest.mark.parametrize("service", SERVICES)
def test_every_reference_resolves_and_every_operation_has_a_name(service: str) -> None:
    whole = document(service)
    found = set(references(whole))
    assert "#/components/schemas/problem" in found
    for reference in found:
        resolve(whole, reference)
    names = [operation["operationId"] for _, _, operation in operations(whole)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("service", SERVICES)
def test_problems_stand_at_the_status_that_they_are_given_with(service: str) -> None:
    whole, seen = document(service), set()
    for path, method, operation in operations(whole):
        for status, answer in operation["responses"].items():
            problem = answer.get("content", {}).get("application/problem+json")
            if problem is None:
                continue
            own = problem["schema"]["allOf"][1]["properties"]
            for name in own["type"]["enum"]:
                assert STATUS[name] == int(status) == own["status"]["const"], (path, method)
                seen.add(name)
    assert {"internal", "unavailable", "forbidden", "upgrade-required"} <= seen


@pytest.mark.parametrize("service", SERVICES)
def test_who_may_try_again_is_told_when(service: str) -> None:
    for path, method, operation in operations(document(service)):
        for status, answer in operation["responses"].items():
            problem = "application/problem+json" in answer.get("content", {})
            if problem and status in {"408", "429", "503"}:
                assert "Retry-After" in answer["headers"], (path, method)


def test_what_is_taken_and_how_it_is_answered() -> None:
    post = document(LISTENER)["paths"]["/events"]["post"]
    assert set(post["requestBody"]["content"]) == {
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/x-ndjson",
        "application/json",
    }
    statuses = "200 201 207 400 401 403 408 413 415 429 500 503"
    assert " ".join(sorted(post["responses"])) == statuses
    assert post["security"] == [{"basic": []}]


def test_the_broadcast_has_three_forms() -> None:
    get = document(PUBLISHER)["paths"]["/events"]["get"]
    forms = {"application/json", "application/x-ndjson", "text/event-stream"}
    assert set(get["responses"]["200"]["content"]) == forms
    assert " ".join(sorted(get["responses"])) == "200 204 400 401 403 406 409 410 500 503"
    assert get["security"] == [{"basic": []}, {"bearer": []}, {"accessToken": []}, {}]
    names = {each["name"] for each in get["parameters"] if each["in"] == "query"}
    assert names == {"since", "until", "type", "key", "on_expired", "on_ahead", "limit"}


def test_example_events_are_valid_by_the_bodys_schema() -> None:
    whole = document(LISTENER)
    body = whole["paths"]["/events"]["post"]["requestBody"]["content"]
    structured = body["application/cloudevents+json"]
    schema = {"components": whole["components"], **structured["schema"]}
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    assert len(structured["examples"]) == 4
    for example in structured["examples"].values():
        assert [error.message for error in validator.iter_errors(example["value"])] == []
    assert not validator.is_valid({"specversion": "1.0", "type": "message.posted", "data": {}})


def test_contracts_without_examples(write_contracts: WriteContracts) -> None:
    catalogue = load_catalogue(write_contracts({"schemas/a/1.json": {}, "schemas/b/1.json": True}))
    whole = openapi.document(LISTENER, catalogue)
    body = whole["paths"]["/events"]["post"]["requestBody"]["content"]
    assert body["application/cloudevents+json"]["examples"] == {}
    assert len(body["application/cloudevents+json"]["schema"]["anyOf"]) == 2
