"""Parameters in URLs."""

from __future__ import annotations

import pytest

from broadcaster.errors import InvalidAddressError
from broadcaster.request import Request, with_parameter

BASE = "ws://localhost:8081/websocket"


@pytest.mark.parametrize(
    ("request_", "query"),
    [
        (Request(), ""),
        (Request(since="0:42,1:17@3f9c21aa"), "?since=0:42,1:17@3f9c21aa"),
        (Request(since="2026-11-22T10:00:00+01:00"), "?since=2026-11-22T10:00:00%2B01:00"),
        (Request(types=("order.*", "a")), "?type=order.*,a"),
        (Request(keys=("a", "a&b=c d")), "?key=a&key=a%26b%3Dc%20d"),
        (Request(batch="true", since="5"), "?since=5&batch=true"),
        (Request(until="now", on_expired="earliest"), "?until=now&on_expired=earliest"),
    ],
)
def test_what_is_asked(request_: Request, query: str) -> None:
    assert request_.address(BASE) == BASE + query


def test_other_parameters_of_the_url_stay_and_its_own_are_replaced() -> None:
    assert Request(since="0:1").address(BASE + "?since=0&x=&access_token=t") == (
        BASE + "?x=&access_token=t&since=0:1"
    )


def test_a_url_without_path_means_the_websocket() -> None:
    assert Request().address("ws://localhost:8081") == BASE


def test_what_only_the_url_says_is_taken_over() -> None:
    url = BASE + "?since=0&until=now&on_ahead=tip"
    assert Request(since="5").taking_over(url) == Request("5", "now", on_ahead="tip")


@pytest.mark.parametrize("url", ["", "x", "http://h/", "ws:///p", "ws://h:99999/", "ws://[::1/"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InvalidAddressError):
        Request().address(url)


def test_one_parameter_set() -> None:
    assert with_parameter(BASE + "?as=x&b=1", "as", "a.b") == BASE + "?b=1&as=a.b"
