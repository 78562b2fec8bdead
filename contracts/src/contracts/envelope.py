"""The envelope: CloudEvents 1.0 in JSON structured mode (spec and JSON format 1.0.2).

`judge_envelope` judges the attributes of an already parsed event and answers all that is wrong
with them. It is on the listener's hot path, so the valid case is one loop over the members with
one prepared test each. It does not judge `data`, which is the contract's, and fills nothing in.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from typing import Any, Final

from contracts.violation import Violation, bounded, pointer_of

MEDIA_TYPE: Final = "application/cloudevents+json"
BATCH_MEDIA_TYPE: Final = "application/cloudevents-batch+json"
NDJSON_MEDIA_TYPE: Final = "application/x-ndjson"
SPEC_VERSION: Final = "1.0"

RESERVED_TYPE_PREFIX: Final = "broadcaster."
"""Types that begin with this are the services' own; producers may not send them."""

HEADER_CONTENT_TYPE: Final = "content-type"
HEADER_TYPE: Final = "ce_type"
HEADER_ID: Final = "ce_id"
HEADER_TRACEPARENT: Final = "traceparent"
"""Kafka record headers (CloudEvents Kafka binding 1.0.2; W3C Trace Context)."""

PARTITION_KEY: Final = "partitionkey"
"""The attribute whose value is the record's key (CloudEvents partitioning extension)."""

MAX_NAME: Final = 64
"""Characters of an attribute's name in a pointer; a longer name ends in an ellipsis."""

REQUIRED: Final = ("specversion", "id", "source", "type")

_URI_CHARACTERS = r"[A-Za-z0-9\-._~:/?@!$&'()*+,;=%\[\]]"
_STRING = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.\-]*:{_URI_CHARACTERS}*(?:#{_URI_CHARACTERS}*)?")
_URI_REFERENCE = re.compile(rf"{_URI_CHARACTERS}*(?:#{_URI_CHARACTERS}*)?")
_COLON_FIRST = re.compile(r"(?![A-Za-z][A-Za-z0-9+.\-]*:)[^/?#]*:")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TOKEN = r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+"  # noqa: S105 - RFC 9110's token, not a secret
_CONTENT_TYPE = re.compile(
    rf'{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|"[^"\\\x00-\x1f\x7f]*"))*'
)
_TIME = re.compile(
    r"([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]"
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_LEAP_MINUTE = re.compile(r"[0-9-]+[Tt][0-9]{2}:59:60")
_EXTENSION_NAME = re.compile(r"[a-z0-9]+")
_EXTENSION_STRING = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*")


def _is_uri(text: str) -> bool:
    return _URI.fullmatch(text) is not None and ("%" not in text or not _BAD_ESCAPE.search(text))


def _is_uri_reference(text: str) -> bool:
    return (
        text != ""
        and _URI_REFERENCE.fullmatch(text) is not None
        and ("%" not in text or not _BAD_ESCAPE.search(text))
        and (":" not in text or not _COLON_FIRST.match(text))
    )


def _is_time(text: str) -> bool:
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    year, month, day, second = match.groups()
    if second == "60" and not _LEAP_MINUTE.match(text):
        return False
    # 0 is a leap year of RFC 3339's calendar, which Python's begins after; 2000 is its like
    return day <= "28" or int(day) <= monthrange(int(year) or 2000, int(month))[1]


_TESTS: Final[dict[str, Callable[[str], object]]] = {
    "specversion": re.compile(r"1\.0").fullmatch,
    "id": _STRING.fullmatch,
    "source": _is_uri_reference,
    "type": _STRING.fullmatch,
    "time": _is_time,
    "datacontenttype": _CONTENT_TYPE.fullmatch,
    "dataschema": _is_uri,
    "subject": _STRING.fullmatch,
    PARTITION_KEY: _STRING.fullmatch,
}
"""Attribute → the test of a string value; truthy when it may stand."""

_QUICK: Final[dict[str, Callable[[str], object]]] = _TESTS | {
    "source": re.compile(r"(?:[a-z]+:)?/[A-Za-z0-9\-._~/@]*").fullmatch,
    "time": re.compile(
        r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T"
        r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|\+00:00)"
    ).fullmatch,
    "datacontenttype": re.compile(r"application/(?:[a-z]+\+)?json").fullmatch,
    "dataschema": re.compile(r"[a-z]+:/[A-Za-z0-9\-._~/]*").fullmatch,
}
"""The usual forms of the same, each one regular expression: what they refuse, `_TESTS` judges."""

_RULES: Final[dict[str, tuple[str, str]]] = {
    "specversion": ("const", 'must be the string "1.0"'),
    "id": ("minLength", "must be a non-empty string without control characters"),
    "source": ("format", "must be a non-empty URI reference (RFC 3986), like /producers/till-7"),
    "type": ("minLength", "must be a non-empty string without control characters"),
    "time": ("format", "must be an RFC 3339 time with its zone, like 2026-11-22T10:00:00Z"),
    "datacontenttype": ("format", "must be a media type, like application/json"),
    "dataschema": ("format", "must be an absolute URI, like https://…/order.placed/2"),
    "subject": ("minLength", "must be a non-empty string without control characters"),
    PARTITION_KEY: ("minLength", "must be a non-empty string without control characters"),
}

_NAME_RULE = "an attribute's name has lower-case letters a-z and digits only"
_EXTENSION_RULE = "an extension attribute is a string, a boolean or a 32-bit integer"
_BASE64_RULE = "stands in place of data, never beside it"


def judge_envelope(event: Mapping[str, Any]) -> tuple[Violation, ...]:
    """All that is wrong with the attributes of `event`; an empty tuple when nothing is.

    An optional attribute that is ``null`` counts as absent (CloudEvents JSON format, section 2.2).
    """
    if not ("id" in event and "source" in event and "type" in event and "specversion" in event):
        return _violations(event)
    quick = _QUICK.get
    for name, value in event.items():
        usual = quick(name)
        if usual is not None:
            if value.__class__ is not str or not usual(value):
                return _violations(event)
        elif name != "data" and not _is_extension(name, value):
            return _violations(event)
    return ()


def _is_extension(name: str, value: object) -> bool:
    return (
        name != "data_base64"
        and _EXTENSION_NAME.fullmatch(name) is not None
        and _is_extension_value(value)
    )


def _is_extension_value(value: object) -> bool:
    if isinstance(value, str):
        return _EXTENSION_STRING.fullmatch(value) is not None
    if isinstance(value, int) and not isinstance(value, bool):
        return -(2**31) <= value < 2**31
    return value is None or isinstance(value, bool)


def _violations(event: Mapping[str, Any]) -> tuple[Violation, ...]:
    found = [
        Violation("", "required", f'the attribute "{name}" is required')
        for name in REQUIRED
        if event.get(name) is None
    ]
    for name, value in event.items():
        violation = None if value is None or name == "data" else _violation(name, value)
        if violation is not None:
            found.append(violation)
    if "data" in event and event.get("data_base64") is not None:
        found.append(Violation("/data_base64", "not", _BASE64_RULE))
    return tuple(found)


def _violation(name: str, value: object) -> Violation | None:
    pointer = pointer_of([bounded(name, MAX_NAME)])
    test = _TESTS.get(name)
    if test is not None:
        if not isinstance(value, str):
            return Violation(pointer, "type", "must be a string")
        return None if test(value) else Violation(pointer, *_RULES[name])
    if name == "data_base64":
        return None if isinstance(value, str) else Violation(pointer, "type", "must be a string")
    if _EXTENSION_NAME.fullmatch(name) is None:
        return Violation(pointer, "propertyNames", _NAME_RULE)
    return None if _is_extension_value(value) else Violation(pointer, "type", _EXTENSION_RULE)
