"""The envelope's rules; oracles: jsonschema-rs for formats, the CloudEvents SDK for events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import orjson
import pytest
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import MAX_NAME, PARTITION_KEY, REQUIRED, judge_envelope
from contracts.violation import Violation

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "0199f3c0-5c1e-7b2a-9d40-1f6f2a7c8e01",
    "source": "/producers/user",
    "type": "message.posted",
    "time": "2026-11-22T10:15:00.123Z",
    "datacontenttype": "application/json",
    "dataschema": "https://contracts.example/message.posted/1",
    "subject": "greeting",
    PARTITION_KEY: "k-1",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "priority": 3,
    "urgent": False,
    "data": {"text": "hello"},
}
DATE_TIME = jsonschema_rs.validator_for({"format": "date-time"}, validate_formats=True)
URI = jsonschema_rs.validator_for({"format": "uri"}, validate_formats=True)
URI_REFERENCE = jsonschema_rs.validator_for({"format": "uri-reference"}, validate_formats=True)


def with_(**members: Any) -> dict[str, Any]:
    return EVENT | members


def only(event: Mapping[str, Any]) -> Violation:
    (violation,) = judge_envelope(event)
    return violation


def test_a_complete_event_and_a_minimal_one_are_valid() -> None:
    assert judge_envelope(EVENT) == ()
    assert judge_envelope({name: EVENT[name] for name in REQUIRED}) == ()


@pytest.mark.parametrize("name", REQUIRED)
def test_each_required_attribute(name: str) -> None:
    event = dict(EVENT)
    del event[name]
    expected = Violation("", "required", f'the attribute "{name}" is required')
    assert only(event) == expected
    assert only(with_(**{name: None})) == expected


@pytest.mark.parametrize("name", ["time", "subject", "dataschema", PARTITION_KEY, "myext"])
def test_null_counts_as_absent(name: str) -> None:
    assert judge_envelope(with_(**{name: None})) == ()


@pytest.mark.parametrize(
    ("name", "value", "keyword"),
    [
        ("specversion", "1.1", "const"),
        ("specversion", "1x0", "const"),
        ("specversion", 1.0, "type"),
        ("id", "", "minLength"),
        ("id", "a\nb", "minLength"),
        ("id", 7, "type"),
        ("source", "", "format"),
        ("source", "a b", "format"),
        ("source", "/a%2", "format"),
        ("source", "1a:b", "format"),
        ("source", "/a#b#c", "format"),
        ("source", "/häuser", "format"),
        ("source", ["/a"], "type"),
        ("type", "", "minLength"),
        ("type", "a\x7f", "minLength"),
        ("type", {}, "type"),
        ("time", "2026-11-22T10:15:00", "format"),
        ("time", "2026-11-22 10:15:00Z", "format"),
        ("time", "2026-02-29T10:15:00Z", "format"),
        ("time", "2026-04-31T10:15:00Z", "format"),
        ("time", "2026-13-01T10:15:00Z", "format"),
        ("time", "2026-11-22T24:00:00Z", "format"),
        ("time", "2026-11-22T10:15:60Z", "format"),
        ("time", "2026-11-22T10:15:00+24:00", "format"),
        ("time", "٢٠٢٦-11-22T10:15:00Z", "format"),
        ("time", 0, "type"),
        ("datacontenttype", "json", "format"),
        ("datacontenttype", "application/json; charset", "format"),
        ("datacontenttype", True, "type"),
        ("dataschema", "message.posted/1", "format"),
        ("dataschema", "/message.posted/1", "format"),
        ("dataschema", "https://a b", "format"),
        ("dataschema", "https://a/%zz", "format"),
        ("dataschema", 1, "type"),
        ("subject", "", "minLength"),
        ("subject", 1, "type"),
        (PARTITION_KEY, "", "minLength"),
        (PARTITION_KEY, 5, "type"),
        ("priority", 2**31, "type"),
        ("priority", -(2**31) - 1, "type"),
        ("priority", 1.5, "type"),
        ("priority", [], "type"),
        ("priority", {"a": 1}, "type"),
        ("priority", "a\x00b", "type"),
        ("dataBase64", "x", "propertyNames"),
        ("my-ext", "x", "propertyNames"),
        ("my_ext", "x", "propertyNames"),
        ("größe", "x", "propertyNames"),
    ],
)
def test_each_rule_with_its_pointer(name: str, value: Any, keyword: str) -> None:
    violation = only(with_(**{name: value}))
    assert (violation.pointer, violation.keyword) == (f"/{name}", keyword)
    assert violation.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66"),
        ("source", "mailto:cncf-wg-serverless@lists.cncf.io"),
        ("source", "https://[::1]:8080/a?b=c%20d#e"),
        ("source", "1-555-123-4567"),
        ("source", "a/b:c"),
        ("time", "2024-02-29t10:15:00z"),
        ("time", "2026-01-31T23:59:60Z"),
        ("time", "2026-11-22T10:15:00.000000001-23:59"),
        ("time", "0000-02-29T00:00:00Z"),
        ("datacontenttype", 'text/plain; charset="utf-8"'),
        ("datacontenttype", "application/vnd.acme+json;v=2"),
        ("dataschema", "urn:acme:order.placed/1"),
        ("priority", 2**31 - 1),
        ("priority", -(2**31)),
        ("priority", ""),
        ("priority", True),
        ("subject", "Grüße, 世界"),
    ],
)
def test_what_may_stand(name: str, value: Any) -> None:
    assert judge_envelope(with_(**{name: value})) == ()


def test_data_and_data_base64_exclude_each_other() -> None:
    assert only(with_(data_base64="aGk=")).pointer == "/data_base64"
    without = {name: value for name, value in EVENT.items() if name != "data"}
    assert judge_envelope(without) == ()
    assert judge_envelope(without | {"data_base64": "aGk="}) == ()
    assert judge_envelope(with_(data_base64=None)) == ()
    assert only(without | {"data_base64": 5}).keyword == "type"


def test_all_violations_are_found_at_once() -> None:
    event = {"specversion": "0.3", "id": "", "source": "a b", "time": "now", "My": 1}
    found = judge_envelope(event)
    pointers = [violation.pointer for violation in found]
    assert pointers == ["", "/specversion", "/id", "/source", "/time", "/My"]


def test_names_are_escaped_and_bounded_and_values_are_not_told() -> None:
    assert only(with_(**{"a/b~c": 1})).pointer == "/a~1b~0c"
    assert len(only(with_(**{"A" * 5000: 1})).pointer) == MAX_NAME + 1
    secret = "hunter2 hunter2"
    told = str(judge_envelope({name: [secret] for name in EVENT if name != "data"}))
    assert "hunter2" not in told


uri_texts = st.text("aZ1:/?#[]@%2F-._~ é<\\", max_size=12)


@given(uri_texts)
def test_source_against_the_format(text: str) -> None:
    ours = judge_envelope(with_(source=text)) == ()
    theirs = text != "" and URI_REFERENCE.is_valid(text)
    # the oracle parses hosts and ports; this only knows which characters may stand
    assert ours == theirs or (ours and ("[" in text or "]" in text or "//" in text))


@given(st.text("htp:", min_size=1, max_size=4).map(lambda text: f"{text}://a/") | uri_texts)
def test_dataschema_against_the_format(text: str) -> None:
    ours = judge_envelope(with_(dataschema=text)) == ()
    assert ours or not URI.is_valid(text)


times = st.builds(
    "{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}{}{}".format,
    st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from("Tt "),
    st.integers(0, 24),
    st.integers(0, 60),
    st.integers(0, 59),
    st.sampled_from(["", ".", ".5", ".123456789"]),
    st.sampled_from(["Z", "z", "+00:00", "-23:59", "+24:00", "+1:00", ""]),
)


@given(times | st.text("0123456789-T:Z.+", max_size=25))
def test_time_against_the_format(text: str) -> None:
    assert (judge_envelope(with_(time=text)) == ()) == DATE_TIME.is_valid(text)


valid = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "id": st.text("ab1", min_size=1), "source": st.just("/s")}
    | {"type": st.text("t.", min_size=1)},
    optional={
        "subject": st.just("x"),
        "datacontenttype": st.just("application/json"),
        "dataschema": st.just("https://a/b/1"),
        "time": st.just("2026-11-22T10:15:00Z"),
        "ext1": st.sampled_from(["", 5, True]),
    },
)
twisted = st.dictionaries(
    st.sampled_from(
        ["specversion", "id", "source", "type", "subject", "dataschema", "time", "Ext", "a-b"]
    ),
    st.sampled_from(["", "x", "0.3", "https://a/b/1", "later", 5, True, 1.5, {}]),
    max_size=2,
)


@given(valid, twisted)
def test_what_is_accepted_the_sdk_reads_and_finds_the_same(
    needed: dict[str, Any], others: dict[str, Any]
) -> None:
    event = {**needed, **others, "data": {"a": 1}}
    if judge_envelope(event):
        return
    read = JSONFormat().read(CloudEvent, orjson.dumps(event))
    assert read.get_id() == event["id"]
    assert read.get_type() == event["type"]
    assert read.get_subject() == event.get("subject")
    assert read.get_data() == {"a": 1}


@given(valid, twisted)
def test_what_the_sdk_refuses_is_refused(needed: dict[str, Any], others: dict[str, Any]) -> None:
    event = {"id": "i", **needed, **others}  # the SDK fills an absent id in; the listener does too
    try:
        JSONFormat().read(CloudEvent, orjson.dumps(event))
    except (CloudEventValidationError, TypeError, ValueError):
        assert judge_envelope(event)
