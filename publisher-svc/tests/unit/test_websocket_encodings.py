"""Which form a handshake gets, and when permessage-deflate is taken."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.websockets import WebSocket

from chassis.raw_websocket import EXTENSION
from publisher.domain.encoding import CLOUDEVENTS, WEBSOCKET
from publisher.infra.websocket_encodings import (
    BatchTerms,
    WebSocketEncodings,
    is_bare,
    selected_subprotocol,
)


class FakeRaw:
    """A raw side whose client offers the extension, or not."""

    def __init__(self, *, offered: bool) -> None:
        self._offered = offered
        self.asked = 0

    def take_deflate(self) -> bool:
        """As `chassis.raw_websocket.RawWebSocket`."""
        self.asked += 1
        return self._offered


def websocket(raw: FakeRaw | None, *subprotocols: str) -> WebSocket:
    """A handshake; without `raw` the server has no raw side."""
    extensions: dict[str, Any] = {} if raw is None else {EXTENSION: raw}
    scope = {"type": "websocket", "extensions": extensions, "subprotocols": list(subprotocols)}

    async def never(*_: Any) -> Any:
        raise AssertionError("nothing is received or sent")

    return WebSocket(scope, never, never)


def name(raw: FakeRaw | None, *, batch: bool = True, deflate: bool = True) -> str:
    encodings = WebSocketEncodings(BatchTerms(deflate=deflate))
    return encodings.choose(websocket(raw), batch=batch).name


def test_it_is_taken_by_who_offers_it_and_asks_for_batches() -> None:
    assert name(FakeRaw(offered=True)) == "websocket-batch-deflate"
    assert name(FakeRaw(offered=False)) == "websocket-batch"


@pytest.mark.parametrize(("batch", "deflate"), [(False, True), (True, False)])
def test_otherwise_it_is_not_even_asked_for(batch: bool, deflate: bool) -> None:
    raw = FakeRaw(offered=True)
    assert name(raw, batch=batch, deflate=deflate) == ("websocket-batch" if batch else "websocket")
    assert raw.asked == 0


def test_a_server_without_a_raw_side_has_plain_batches() -> None:
    assert name(None) == "websocket-batch"


def test_without_the_parameter_all_is_as_ever() -> None:
    encodings = WebSocketEncodings(BatchTerms())
    assert encodings.choose(websocket(None), batch=False) is WEBSOCKET
    assert encodings.choose(websocket(None, "cloudevents.json"), batch=False) is CLOUDEVENTS


def test_all_who_want_the_same_share_a_form() -> None:
    encodings = WebSocketEncodings(BatchTerms())
    one, other = (encodings.choose(websocket(FakeRaw(offered=True)), batch=True) for _ in range(2))
    assert one is other


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        ([], None),
        (["x"], None),
        (["x", "bearer.a.b-c_d"], "bearer.a.b-c_d"),
        (["bearer.a", "bearer.b"], "bearer.a"),
        (["bearer.a", "cloudevents.json"], "cloudevents.json"),
        (["bearer."], None),
        (["Bearer.a"], None),
        (["bearer.a b"], None),
        (["bearer.\udcff"], None),
        (["bearer.a\r\nx: y"], None),
    ],
)
def test_what_carries_a_token_is_selected_so_that_browsers_stay(
    offered: list[str], selected: str | None
) -> None:
    assert selected_subprotocol(websocket(None, *offered)) == selected
    assert is_bare(websocket(None, *offered)) == (selected == "cloudevents.json")
