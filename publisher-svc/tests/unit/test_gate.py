"""The gate: Origin first, then credentials, then what the one who proved a name may see."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator
from typing import Any

import argon2
import pytest
from publisher_fakes.tokens import SECRET, token, unsigned
from starlette.requests import HTTPConnection

from chassis.basic_auth import BasicAuth
from chassis.origins import OriginAllowlist
from contracts.problem import Problem, ProblemType
from publisher.domain.reach import EVERYTHING_SEEN, Reach, Reaches
from publisher.infra.bearer_auth import BearerAuth
from publisher.infra.gate import Gate
from publisher.infra.token_keys import secret_key

OWN = Reaches(own_only=True, operators=frozenset({"ops"}))


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def asking(**headers: str) -> HTTPConnection:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": pairs, "query_string": b""})


@pytest.fixture
def gate() -> Iterator[Gate]:
    users = BasicAuth({"ann": "a", "ops": "o"}, plain=True)
    gate = Gate(OriginAllowlist(("https://app.example",)), OWN, basic=users)
    yield gate
    gate.close()


async def test_who_proves_a_name_sees_what_is_its_own(gate: Gate) -> None:
    assert await gate.reach_of(asking(**basic("ann", "a"))) == Reach("ann")
    assert await gate.reach_of(asking(**basic("ops", "o"))) == EVERYTHING_SEEN


@pytest.mark.parametrize(
    "headers",
    [{}, basic("ann", "b"), basic("bob", "a"), basic("", ""), {"authorization": "Bearer ann"}],
)
async def test_nobody_else_comes_in(gate: Gate, headers: dict[str, str]) -> None:
    problem = await gate.reach_of(asking(**headers))
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.UNAUTHENTICATED
    assert "Basic" in gate.challenge["www-authenticate"]


async def test_who_cannot_be_verified_now_is_told_to_come_later() -> None:
    users = BasicAuth({"ann": argon2.PasswordHasher().hash("a")}, most_waiting=0)
    gate = Gate(OriginAllowlist(()), OWN, basic=users)
    problem = await gate.reach_of(asking(**basic("ann", "a")))
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.UNAVAILABLE
    gate.close()


async def test_the_origin_is_looked_at_first(gate: Gate) -> None:
    stranger = asking(origin="https://evil.example", **basic("ann", "a"))
    problem = await gate.reach_of(stranger)
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.FORBIDDEN
    friend = asking(origin="https://app.example", **basic("ann", "a"))
    assert await gate.reach_of(friend) == Reach("ann")


def by_token(text: str, way: str) -> HTTPConnection:
    """A WebSocket's handshake with that token, in one of the ways."""
    scope: dict[str, Any] = {"type": "websocket", "headers": [], "query_string": b""}
    if way == "header":
        scope["headers"] = [(b"authorization", f"bearer {text}".encode())]
    elif way == "parameter":
        scope["query_string"] = f"since=now&access_token={text}".encode()
    else:
        scope["subprotocols"] = ["cloudevents.json", f"bearer.{text}"]
    return HTTPConnection(scope)


WAYS = ["header", "parameter", "subprotocol"]


@pytest.fixture
def both() -> Iterator[Gate]:
    users = BasicAuth({"ann": "a"}, plain=True)
    tokens = BearerAuth([secret_key(SECRET)])
    gate = Gate(OriginAllowlist(()), OWN, basic=users, bearer=tokens)
    yield gate
    gate.close()


@pytest.mark.parametrize("way", WAYS)
async def test_a_token_proves_its_subject_until_it_ends(both: Gate, way: str) -> None:
    reach = await both.reach_of(by_token(token(sub="bob", exp=int(time.time()) + 60), way))
    assert isinstance(reach, Reach)
    assert reach.key == "bob"
    assert reach.valid_until_s is not None
    left_s = reach.valid_until_s - asyncio.get_running_loop().time()
    assert 50 < left_s < 70
    expired = await both.reach_of(by_token(token(exp=1), way))
    assert isinstance(expired, Problem)
    assert "expired" in expired.detail
    for wrong in (unsigned(), "", "ann", token("x" * 40)):
        problem = await both.reach_of(by_token(wrong, way))
        assert isinstance(problem, Problem)
        assert problem.type is ProblemType.UNAUTHENTICATED
        assert "access_token" in problem.detail
    challenge = both.challenge["www-authenticate"]
    assert challenge == 'Basic realm="broadcaster", charset="UTF-8", Bearer realm="broadcaster"'


@pytest.mark.parametrize("ways", [("header", "parameter"), ("parameter", "subprotocol")])
async def test_credentials_are_sent_in_one_way_once(both: Gate, ways: tuple[str, str]) -> None:
    first, second = (by_token(token(), way).scope for way in ways)
    mixed = {**first, **{name: value for name, value in second.items() if value}}
    problem = await both.reach_of(HTTPConnection(mixed))
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.UNAUTHENTICATED
    assert "once" in problem.detail


async def test_nor_twice_in_one(both: Gate) -> None:
    good = f"Bearer {token()}".encode()
    user = basic("ann", "a")["authorization"].encode()
    twice = f"access_token={token()}&access_token={token()}".encode()
    for headers, query in (
        ([(b"authorization", good)] * 2, b""),
        ([(b"authorization", good), (b"authorization", user)], b""),
        ([(b"authorization", user)], f"access_token={token()}".encode()),
        ([], twice),
    ):
        scope = {"type": "http", "headers": headers, "query_string": query}
        problem = await both.reach_of(HTTPConnection(scope))
        assert isinstance(problem, Problem), (headers, query)


async def test_what_is_no_scheme_of_ours_is_somebody_elses() -> None:
    gate = Gate(OriginAllowlist(()), Reaches(), bearer=BearerAuth([secret_key(SECRET)]))
    scope = by_token(token(), "parameter").scope
    scope["headers"] = [(b"authorization", b"Basic eDp5")]
    assert isinstance(await gate.reach_of(HTTPConnection(scope)), Reach)
    assert "Basic" not in gate.challenge["www-authenticate"]


async def test_where_nobody_is_asked_everybody_comes_in() -> None:
    gate = Gate(OriginAllowlist(()), Reaches())
    assert await gate.reach_of(asking(**basic("x", "y"))) == EVERYTHING_SEEN
    assert (gate.asks, gate.challenge) == (False, {})


def test_a_wall_without_names_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="own key"):
        Gate(OriginAllowlist(()), OWN)
