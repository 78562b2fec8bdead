"""Documents: the text of the moment, readable for any page."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.testclient import TestClient

from chassis.documents import document_routes


def test_what_is_served_is_the_text_of_the_moment() -> None:
    texts = iter(['{"a":1}', '{"a":2}'])
    app = Starlette(routes=list(document_routes({"/openapi.json": lambda: next(texts)})))
    with TestClient(app) as client:
        first, second = client.get("/openapi.json"), client.get("/openapi.json")
    assert (first.json(), second.json()) == ({"a": 1}, {"a": 2})
    assert first.headers["content-type"] == "application/json"
    assert first.headers["access-control-allow-origin"] == "*"
    assert first.headers["cache-control"] == "no-cache"
