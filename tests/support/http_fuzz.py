"""Random requests to a running service, drawn from its OpenAPI document; what answers must hold to.

A stream without end is left after its first bytes. Invariant: an answer whose status, media type,
headers or body the document does not have is a failure, and so is a server error.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from requests.adapters import HTTPAdapter
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi import checks

_ENDLESS = "application/x-ndjson"
_CHECKS: list[CheckFunction] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@schemathesis.serializer("application/x-ndjson")
def _lines(_: Any, value: Any) -> bytes:
    """A text as it is, which may be no lines of JSON; an array as a line each."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    items = value if isinstance(value, list) else [value]
    return "".join(f"{json.dumps(item)}\n" for item in items).encode()


class _Leaving(HTTPAdapter):
    """Takes the first bytes of endless lines, and goes; of server-sent events the library does."""

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:  # type: ignore[override]
        answer = super().send(request, **{**more, "stream": True})
        endless = answer.headers.get("content-type", "").startswith(_ENDLESS)
        if request.method == "GET" and endless:
            answer._content = answer.raw.read1(1 << 16)
            answer._content_consumed = True
            answer.close()
        return answer


class Fuzzed:
    """One service, by its document."""

    def __init__(
        self, document: Mapping[str, Any], base_url: str, auth: tuple[str, str] | None = None
    ) -> None:
        self._schema = schemathesis.openapi.from_dict(dict(document))
        self._schema.config.max_stream_events = 2  # hello, and what comes next
        self._base_url = base_url
        self._auth = auth
        self.statuses: Counter[int] = Counter()
        """How often each status was answered."""

    def ask(self, path: str, method: str, *, examples: int, accept: str = "*/*") -> None:
        """Random requests, valid and invalid ones by turns; fails on the first wrong answer."""
        operation = self._schema[path][method]
        self._draw(operation.as_strategy(GenerationMode.POSITIVE), self._one(accept), examples)
        with contextlib.suppress(Unsatisfiable):  # where nothing is asked for, nothing is invalid
            self._draw(operation.as_strategy(GenerationMode.NEGATIVE), self._one(accept), examples)

    def ask_with(self, path: str, method: str, body: Any, media_type: str, examples: int) -> None:
        """Random requests with this very body."""
        strategy = self._schema[path][method].as_strategy(body=body, media_type=media_type)
        self._draw(strategy, self._one("*/*"), examples)

    def _one(self, accept: str) -> Callable[[Any], None]:
        session = requests.Session()
        session.trust_env = False
        session.auth = self._auth
        session.mount("http://", _Leaving())

        def one(case: Any) -> None:
            headers = {"Accept": accept}
            answer = case.call(self._base_url, session=session, headers=headers, timeout=20)
            self.statuses[answer.status_code] += 1
            case.validate_response(answer, checks=_CHECKS)

        return one

    @staticmethod
    def _draw(cases: Any, one: Callable[[Any], None], examples: int) -> None:
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def run(case: Any) -> None:
            one(case)

        run()
