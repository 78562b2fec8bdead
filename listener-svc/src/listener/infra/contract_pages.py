"""What ``/contracts`` shows: every schema at the address that `dataschema` ends in, a list, and the
same for people as plain HTML that needs nothing from elsewhere.

Rendered once per set of contracts. Pure: a catalogue in, pages out. How they are asked for is
`http_contracts`' part. Invariant: nothing of a schema is put into HTML without being escaped.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import orjson

from contracts.catalogue import Catalogue, Contract
from contracts.documents import SCHEMAS, Schema
from contracts.examples import valid_examples, whole_event

SCHEMA_MEDIA_TYPE = "application/schema+json"


@dataclass(frozen=True, slots=True)
class Page:
    """One address: for programs, and for people where there is anything to say."""

    body: bytes
    media_type: str
    html: bytes | None = None

    @property
    def etag(self) -> str:
        """Of the form for programs."""
        return etag_of(self.body)


def etag_of(body: bytes) -> str:
    """A strong entity tag (RFC 9110 section 8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def pages_of(catalogue: Catalogue) -> Mapping[str, Page]:
    """Path below ``/contracts`` → page. A part that several directories have is the last one's."""
    pages: dict[str, Page] = {}
    contracts = [contract for versions in catalogue.types.values() for contract in versions]
    for contract in contracts:
        for path, schema in contract.documents.by_path.items():
            pages[path.removeprefix(f"{SCHEMAS}/")] = _schema_page(schema)
    for contract in contracts:
        page = _schema_page(contract.schema, _contract_html(contract))
        pages[contract.name] = pages[f"{contract.name}.json"] = page
    # a contract of a type that another directory replaced is none any more
    known = {f"{contract.name}.json" for contract in contracts}
    for path in [path for path in pages if _is_contract(path) and path not in known]:
        del pages[path]
    pages[""] = Page(_listing(catalogue), "application/json", _listing_html(catalogue))
    return pages


def _is_contract(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return "/" not in folder and name.endswith(".json") and name.removesuffix(".json").isdigit()


def _schema_page(schema: Schema, html: bytes | None = None) -> Page:
    return Page(orjson.dumps(schema), SCHEMA_MEDIA_TYPE, html)


def _listing(catalogue: Catalogue) -> bytes:
    types = [
        {"type": name, "versions": [_entry(contract) for contract in versions]}
        for name, versions in catalogue.types.items()
    ]
    return orjson.dumps({"contracts": types}, option=orjson.OPT_INDENT_2)


def _entry(contract: Contract) -> dict[str, Any]:
    address = f"/contracts/{contract.name}"
    return {"version": contract.version, "schema": address} | _words(contract)


def _words(contract: Contract) -> dict[str, str]:
    schema = contract.schema
    members = schema if isinstance(schema, dict) else {}
    words = {key: members.get(key) for key in ("title", "description")}
    return {key: value for key, value in words.items() if isinstance(value, str)}


# -- for people

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.6rem 0 .2rem}"
    "p{margin:.2rem 0}pre{background:#f4f4f4;padding:1rem;overflow:auto;font-size:.85rem}"
    "a{color:#0645ad}.note{color:#595959}"
    "@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}"
    "pre{background:#222}a{color:#8ab4f8}.note{color:#a8a8a8}}"
)
STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
"""For the Content-Security-Policy: this style and nothing else."""


def _listing_html(catalogue: Catalogue) -> bytes:
    parts = ["<h1>Contracts</h1><p class=note>What events are judged by here.</p>"]
    for name, versions in catalogue.types.items():
        parts.append(f"<h2>{escape(name)}</h2>")
        parts += [_line(contract) for contract in reversed(versions)]
    return _html("Contracts", "".join(parts))


def _line(contract: Contract) -> str:
    words = _words(contract)
    text = escape(words.get("title") or words.get("description") or "")
    return f'<p><a href="/contracts/{escape(contract.name)}">{contract.version}</a> {text}</p>'


def _contract_html(contract: Contract) -> bytes:
    words = _words(contract)
    parts = [
        f"<p><a href=/contracts>All contracts</a></p><h1>{escape(contract.name)}</h1>",
        *[f"<p>{escape(words[key])}</p>" for key in ("title", "description") if key in words],
        "<h2>Schema of data</h2>",
        _code(contract.schema),
    ]
    for name, example in list(valid_examples(contract).items())[:3]:
        parts += [
            f"<h2>Example: {escape(name)}</h2>",
            _code(whole_event(contract, example)),
        ]
    return _html(contract.name, "".join(parts))


def _code(value: object) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _html(title: str, body: str) -> bytes:
    return (
        '<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width='
        f'device-width"><title>{escape(title)}</title><style>{_STYLE}</style>{body}</html>'
    ).encode()
