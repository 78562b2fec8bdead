from __future__ import annotations

from contracts.violation import Violation, bounded, pointer_of


def test_pointers_are_rfc_6901s() -> None:
    assert pointer_of([]) == ""
    assert pointer_of(["data", "a/b", 0, "m~n", ""]) == "/data/a~1b/0/m~0n/"


def test_texts_are_bounded() -> None:
    assert bounded("abc", 3) == "abc"
    assert bounded("abcd", 3) == "ab…"


def test_the_document_has_the_protocols_members() -> None:
    document = Violation("/data", "type", "must be object").document()
    assert document == {"pointer": "/data", "keyword": "type", "detail": "must be object"}
