"""The gate where credentials cannot be verified now."""

from __future__ import annotations

import base64

import argon2
from starlette.datastructures import Headers

from chassis.basic_auth import BasicAuth
from chassis.origins import OriginAllowlist
from contracts.problem import Problem, ProblemType
from listener.infra.gate import Gate


async def test_who_cannot_be_verified_now_is_told_to_come_later() -> None:
    users = BasicAuth({"user": argon2.PasswordHasher().hash("pwd")}, most_waiting=0)
    text = base64.b64encode(b"user:pwd").decode()
    gate = Gate(users, OriginAllowlist(()))
    problem = await gate.principal_of(Headers({"authorization": f"Basic {text}"}))
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.UNAVAILABLE
    users.close()
