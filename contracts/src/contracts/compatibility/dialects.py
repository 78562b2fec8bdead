"""The drafts of JSON Schema: which one a schema speaks, and which formats each asserts."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""That of normal forms."""
_DRAFTS = {"draft-04": 4, "draft-06": 6, "draft-07": 7, "2019-09": 19, "2020-12": 20}
LIBRARY = {
    4: jsonschema_rs.Draft4,
    6: jsonschema_rs.Draft6,
    7: jsonschema_rs.Draft7,
    19: jsonschema_rs.Draft201909,
    20: jsonschema_rs.Draft202012,
}
_FORMATS_SINCE = {
    **dict.fromkeys(("date-time", "date", "time", "email", "hostname"), 4),
    **dict.fromkeys(("ipv4", "ipv6", "uri", "regex"), 4),
    **dict.fromkeys(["idn-email", "uri-reference", "uri-template", "json-pointer"], 6),
    **dict.fromkeys(["idn-hostname", "iri", "iri-reference", "relative-json-pointer"], 7),
    **dict.fromkeys(["uuid", "duration"], 19),
}


def asserted_format(name: object, draft: int) -> bool:
    """Whether `name` is a format that a validator of `draft` asserts; others are annotations."""
    if not isinstance(name, str) or name not in _FORMATS_SINCE:
        return False
    probe = {"$schema": _SCHEMA_OF[draft], "format": name}
    judge = jsonschema_rs.validator_for(probe, validate_formats=True, ignore_unknown_formats=True)
    return not judge.is_valid("\x00 not} a [thing")


_SCHEMA_OF = {
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    19: "https://json-schema.org/draft/2019-09/schema",
    20: DIALECT,
}


def draft_of(schema: Any, inherited: int) -> int:
    name = schema.get("$schema") if isinstance(schema, dict) else None
    if not isinstance(name, str):
        return inherited
    return next((draft for mark, draft in _DRAFTS.items() if mark in name), inherited)
