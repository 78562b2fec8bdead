from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from contracts import asyncapi
from contracts.catalogue import load_catalogue, serving_catalogue
from contracts.close import CloseCode
from support.references import references, resolve

from .conftest import WriteContracts

BOTH = (asyncapi.LISTENER, asyncapi.PUBLISHER)


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return asyncapi.document(BOTH, serving_catalogue(None))


@pytest.mark.parametrize("services", [BOTH, BOTH[:1], BOTH[1:]])
def test_every_reference_resolves_within_the_document(services: tuple[str, ...]) -> None:
    document = json.loads(asyncapi.encode(asyncapi.document(services, serving_catalogue(None))))
    found = set(references(document))
    assert found
    for reference in found:
        resolve(document, reference)
    over_http = {f"{service}Http" for service in services}
    dead_letters = asyncapi.LISTENER in services
    assert set(document["servers"]) == {*services, *over_http, "kafka"}
    assert len(document["operations"]) == 3 * len(services) + dead_letters
    assert len(document["channels"]) == 2 * len(services) + 1 + dead_letters


def test_messages_of_operations_are_their_channels(whole: dict[str, Any]) -> None:
    for operation in whole["operations"].values():
        channel = operation["channel"]["$ref"]
        reply = operation.get("reply", {"channel": {"$ref": channel}, "messages": []})
        assert reply["channel"] == {"$ref": channel}
        told = [one["$ref"] for one in operation["messages"] + reply["messages"]]
        assert told == [f"{channel}/messages/{m}" for m in resolve(whole, channel)["messages"]]


def test_who_sends_and_who_receives(whole: dict[str, Any]) -> None:
    actions = {name: one["action"] for name, one in whole["operations"].items()}
    assert actions == {
        "ingest": "receive",
        "ingestOverHttp": "receive",
        "store": "send",
        "keepDeadLetter": "send",
        "follow": "receive",
        "broadcast": "send",
        "broadcastOverHttp": "send",
    }


def test_every_example_is_valid_against_its_message(whole: dict[str, Any]) -> None:
    messages = whole["components"]["messages"]
    for name, message in messages.items():
        schema = {"components": whole["components"], **message["payload"]}
        validator = jsonschema_rs.validator_for(schema, validate_formats=True)
        assert message["examples"], name
        for example in message["examples"]:
            assert [error.message for error in validator.iter_errors(example["payload"])] == []


def test_the_frames_schemas_refuse_other_frames(whole: dict[str, Any]) -> None:
    messages = whole["components"]["messages"]
    hello = messages["hello"]["examples"][0]["payload"]
    for name, message in messages.items():
        schema = {"components": whole["components"], **message["payload"]}
        assert jsonschema_rs.is_valid(schema, hello) == (name == "hello"), name


def test_parameters_close_codes_and_security(whole: dict[str, Any]) -> None:
    ingest, broadcast = whole["channels"]["ingest"], whole["channels"]["broadcast"]
    parameters = broadcast["bindings"]["ws"]["query"]["properties"]
    shared = {"since", "until", "type", "key", "on_expired", "on_ahead"}
    assert set(parameters) == shared | {"batch"}
    assert set(ingest["bindings"]["ws"]["query"]["properties"]) == {"as"}
    over_http = whole["operations"]["broadcastOverHttp"]["bindings"]["http"]
    assert set(over_http["query"]["properties"]) == shared
    assert over_http["method"] == "GET"
    assert whole["operations"]["ingestOverHttp"]["bindings"]["http"]["method"] == "POST"
    assert set(broadcast["x-close-codes"]) == {str(int(code)) for code in CloseCode}
    assert broadcast["x-close-codes"]["4001"] == {"name": "moved", "reconnect": "planned"}
    schemes = whole["components"]["securitySchemes"]
    assert schemes["basic"] == {"type": "http", "scheme": "basic"}


def test_every_version_has_its_messages(whole: dict[str, Any]) -> None:
    events = {"message.posted.1", "order.placed.1", "order.placed.2", "sensor.reading.1"}
    messages = set(whole["components"]["messages"])
    controls = {"hello", "live", "heartbeat", "moved", "end", "error", "ack", "nack", "streamEnd"}
    controls |= {"deadLetter", "events"}
    assert messages == controls | {f"{k}.{e}" for k in ("sent", "record", "event") for e in events}


def test_a_records_headers_and_key_are_described(whole: dict[str, Any]) -> None:
    record = whole["components"]["messages"]["record.order.placed.2"]
    assert record["headers"]["properties"]["ce_type"] == {"const": "order.placed"}
    assert record["bindings"]["kafka"]["key"]["type"] == "string"
    assert whole["channels"]["records"]["parameters"]["topic"]["default"] == "events"


def test_contracts_without_titles_or_examples(write_contracts: WriteContracts) -> None:
    files = {"schemas/a/1.json": {}, "schemas/b/1.json": True}
    document = asyncapi.document(BOTH, load_catalogue(write_contracts(files)))
    messages = document["components"]["messages"]
    assert (messages["sent.a.1"]["title"], messages["event.b.1"]["title"]) == ("a/1", "b/1")
    assert messages["event.b.1"]["examples"] == []
