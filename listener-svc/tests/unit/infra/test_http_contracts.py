"""``/contracts``, for programs, caches and people."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from listener.infra.contract_set import ContractShelf, load_contract_set
from listener.infra.http_contracts import contract_routes

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
EVIL = '</pre><script>alert("x")</script>'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    schemas = tmp_path / "schemas"
    (schemas / "note").mkdir(parents=True)
    (schemas / "parts").mkdir()
    schema = {"title": EVIL, "description": EVIL, "$ref": "../parts/text.json"}
    (schemas / "note" / "1.json").write_text(json.dumps(schema))
    (schemas / "parts" / "text.json").write_text('{"type": "string"}')
    (schemas / "order.placed").mkdir()
    (schemas / "order.placed" / "7.json").write_text("true")
    return tmp_path


@pytest.fixture
def shelf(directory: Path) -> ContractShelf:
    return ContractShelf(load_contract_set(directory))


@pytest.fixture
async def client(shelf: ContractShelf) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=contract_routes(shelf, max_age_s=300))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_contracts_are_listed_and_each_schema_is_where_the_list_says(
    client: httpx.AsyncClient,
) -> None:
    listed = (await client.get("/contracts")).json()["contracts"]
    assert {each["type"] for each in listed} >= {"message.posted", "order.placed", "note"}
    for each in listed:
        for version in each["versions"]:
            schema = await client.get(version["schema"])
            assert schema.headers["content-type"] == "application/schema+json"
            assert isinstance(schema.json(), dict | bool)


@pytest.mark.parametrize("path", ["message.posted/99", "nope/1", "", "../x", "order.placed/1.json"])
async def test_there_is_nothing_else(client: httpx.AsyncClient, path: str) -> None:
    unknown = await client.get(f"/contracts/{path}")
    if not path:
        assert unknown.status_code == 200
        return
    assert unknown.status_code == 404


async def test_what_a_schema_refers_to_is_where_the_reference_leads(
    client: httpx.AsyncClient,
) -> None:
    schema = await client.get("/contracts/note/1")
    part = await client.get(str(schema.url.join(schema.json()["$ref"])))
    assert part.json() == {"type": "string"}


@pytest.mark.parametrize("headers", [{}, BROWSER])
async def test_an_entity_tag_spares_the_body(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for path in ("/contracts", "/contracts/message.posted/1"):
        first = await client.get(path, headers=headers)
        assert first.headers["vary"] == "accept"
        tag = first.headers["etag"]
        for said in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = await client.get(path, headers=headers | {"if-none-match": said})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        other = await client.get(path, headers=headers | {"if-none-match": '"x"'})
        assert other.status_code == 200


async def test_schemas_may_be_kept_and_the_list_is_asked_for_again(
    client: httpx.AsyncClient,
) -> None:
    schema = await client.get("/contracts/message.posted/1")
    assert schema.headers["cache-control"] == "public, max-age=300"
    assert schema.headers["access-control-allow-origin"] == "*"
    assert (await client.get("/contracts")).headers["cache-control"] == "no-cache"


async def test_people_get_a_page_that_needs_nothing_from_elsewhere(
    client: httpx.AsyncClient,
) -> None:
    listed = await client.get("/contracts", headers=BROWSER)
    assert listed.headers["content-type"].startswith("text/html")
    links = re.findall(r'href="(/contracts/[^"]+)"', listed.text)
    assert "/contracts/note/1" in links
    for link in links:
        page = await client.get(link, headers=BROWSER)
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert not re.findall(r"<script|<link|<img|src=|url\(", page.text)
    example = await client.get("/contracts/message.posted/1", headers=BROWSER)
    assert "specversion" in example.text


async def test_nothing_of_a_schema_is_markup(client: httpx.AsyncClient) -> None:
    for path in ("/contracts", "/contracts/note/1"):
        page = await client.get(path, headers=BROWSER)
        assert "&lt;script&gt;" in page.text
        assert "<script" not in page.text


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/html", True),
        ("text/html;q=0.5, application/schema+json", False),
        ("text/html, application/json;q=0.5", True),
        ("text/html;q=0", False),
        ("text/html;q=x", False),
    ],
)
async def test_html_only_for_who_would_rather_have_it(
    client: httpx.AsyncClient, accept: str, html: bool
) -> None:
    page = await client.get("/contracts", headers={"accept": accept})
    assert page.headers["content-type"].startswith("text/html") is html


async def test_other_contracts_are_other_pages_at_once(
    client: httpx.AsyncClient, shelf: ContractShelf
) -> None:
    shelf.replace(load_contract_set(None))
    assert (await client.get("/contracts/note/1")).status_code == 404
