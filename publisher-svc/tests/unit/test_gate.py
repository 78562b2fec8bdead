"""The gate: Origin first, then credentials, then what the one who proved a name may see."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from starlette.requests import HTTPConnection

from chassis.basic_auth import BasicAuth
from chassis.origins import OriginAllowlist
from contracts.problem import Problem, ProblemType
from publisher.domain.reach import EVERYTHING_SEEN, Reach, Reaches
from publisher.infra.gate import Gate, Visitor

OWN = Reaches(own_only=True, operators=frozenset({"ops"}))


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def asking(**headers: str) -> HTTPConnection:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": pairs, "query_string": b""})


@pytest.fixture
def gate() -> Iterator[Gate]:
    users = BasicAuth({"ann": "a", "ops": "o"}, plain=True)
    gate = Gate(OriginAllowlist(("https://app.example",)), users, OWN)
    yield gate
    gate.close()


async def test_who_proves_a_name_sees_what_is_its_own(gate: Gate) -> None:
    assert await gate.visitor_of(asking(**basic("ann", "a"))) == Visitor(Reach("ann"))
    assert await gate.visitor_of(asking(**basic("ops", "o"))) == Visitor(EVERYTHING_SEEN)


@pytest.mark.parametrize(
    "headers",
    [{}, basic("ann", "b"), basic("bob", "a"), basic("", ""), {"authorization": "Bearer ann"}],
)
async def test_nobody_else_comes_in(gate: Gate, headers: dict[str, str]) -> None:
    problem = await gate.visitor_of(asking(**headers))
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.UNAUTHENTICATED
    assert "Basic" in gate.challenge["www-authenticate"]


async def test_the_origin_is_looked_at_first(gate: Gate) -> None:
    stranger = asking(origin="https://evil.example", **basic("ann", "a"))
    problem = await gate.visitor_of(stranger)
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.FORBIDDEN
    friend = asking(origin="https://app.example", **basic("ann", "a"))
    assert await gate.visitor_of(friend) == Visitor(Reach("ann"))


async def test_where_nobody_is_asked_everybody_comes_in() -> None:
    gate = Gate(OriginAllowlist(()), None, Reaches())
    assert await gate.visitor_of(asking(**basic("x", "y"))) == Visitor(EVERYTHING_SEEN)
    assert (gate.asks, gate.challenge) == (False, {})


def test_a_wall_without_names_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="own key"):
        Gate(OriginAllowlist(()), None, OWN)
