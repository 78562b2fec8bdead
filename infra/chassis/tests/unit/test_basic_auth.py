"""Basic credentials: who is let in, and what is remembered."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from chassis.basic_auth import BasicAuth, Busy, InvalidUsersError

HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("pä:ss")


def header(user: str, password: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def auth(clock: Clock) -> Iterator[BasicAuth]:
    auth = BasicAuth({"ann": HASH}, remember_s=60, remember_most=2, clock=clock)
    yield auth
    auth.close()


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
async def test_right_credentials_give_the_principal(auth: BasicAuth, scheme: str) -> None:
    assert await auth.authenticate(header("ann", "pä:ss", scheme)) == "ann"


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic /w==",
        "Basic YW5u",
        "Bearer abc",
        "Basic " + "A" * 2000,
        header("ann", "pass"),
        header("bob", "pä:ss"),
        header("", ""),
    ],
)
async def test_anything_else_gives_none(auth: BasicAuth, wrong: str | None) -> None:
    assert await auth.authenticate(wrong) is None


async def test_a_success_is_remembered_for_its_time_only(auth: BasicAuth, clock: Clock) -> None:
    verified: list[str] = []
    inner = auth._verify

    async def counting(secret: str, password: str) -> bool:
        verified.append(password)
        return await inner(secret, password)

    auth._verify = counting  # type: ignore[method-assign]
    for _ in range(3):
        assert await auth.authenticate(header("ann", "pä:ss")) == "ann"
    assert len(verified) == 1
    clock.now = 61
    assert await auth.authenticate(header("ann", "pä:ss")) == "ann"
    assert len(verified) == 2


async def test_failures_are_not_remembered_and_unknown_users_are_verified_too(
    auth: BasicAuth,
) -> None:
    secrets: list[str] = []

    async def counting(secret: str, password: str) -> bool:  # noqa: ARG001 - the signature
        secrets.append(secret)
        return True

    auth._verify = counting  # type: ignore[method-assign]
    assert await auth.authenticate(header("bob", "x")) is None
    assert await auth.authenticate(header("bob", "x")) is None
    assert len(secrets) == 2
    assert secrets[0].startswith("$argon2")


async def test_what_is_remembered_is_bounded_and_holds_no_password(auth: BasicAuth) -> None:
    for spaces in range(5):  # the same credentials, written differently
        written = header("ann", "pä:ss").replace(" ", " " * (spaces + 1))
        assert await auth.authenticate(written) == "ann"
    assert len(auth._seen) == 2
    assert all(len(digest) == 32 for digest in auth._seen)


async def test_plain_passwords_where_they_are_allowed() -> None:
    auth = BasicAuth({"user": "pwd"}, plain=True)
    assert await auth.authenticate("Basic dXNlcjpwd2Q=") == "user"
    assert await auth.authenticate(header("user", "pwd2")) is None
    assert await auth.authenticate(header("other", "pwd")) is None
    auth.close()


def test_a_plain_password_is_refused_otherwise_and_not_repeated() -> None:
    with pytest.raises(InvalidUsersError, match="'user' is not an argon2 hash") as caught:
        BasicAuth({"user": "pwd-secret"})
    assert "pwd-secret" not in str(caught.value)


async def test_those_that_wait_to_be_verified_are_bounded() -> None:
    """Hashing is slow, and a guess costs its sender nothing: nobody's turn would come."""
    full: list[str] = []
    auth = BasicAuth({"ann": HASH}, most_waiting=3, on_full=lambda: full.append("full"))
    guesses = [header("ann", str(number)) for number in range(5)]
    answers = await asyncio.gather(*map(auth.authenticate, guesses))
    assert answers == [None, None, None, Busy.BUSY, Busy.BUSY]
    assert len(full) == 2
    assert await auth.authenticate(header("ann", "pä:ss")) == "ann", "it is over with them"
    auth.close()
    assert await auth.authenticate(header("ann", "late")) is Busy.BUSY
    assert len(full) == 2, "it is closed, and nobody waits"


async def test_who_is_known_waits_for_nobody(clock: Clock) -> None:
    auth = BasicAuth({"ann": HASH}, most_waiting=1, clock=clock)
    ann = header("ann", "pä:ss")
    assert await auth.authenticate(ann) == "ann"
    guess = asyncio.ensure_future(auth.authenticate(header("ann", "x")))
    assert await auth.authenticate(ann) == "ann"
    assert await guess is None
    auth.close()


async def test_the_same_credentials_are_verified_once_at_a_time() -> None:
    """Many clients of one user come back at once."""
    auth = BasicAuth({"ann": HASH}, most_waiting=1)
    first, *others = [
        asyncio.ensure_future(auth.authenticate(header("ann", "pä:ss"))) for _ in range(5)
    ]
    await asyncio.sleep(0)
    first.cancel()  # its client went; the others wait for the same
    assert await asyncio.gather(*others) == ["ann"] * 4
    auth.close()


async def test_who_waits_when_it_closes_is_told_so_at_once() -> None:
    auth = BasicAuth({"ann": HASH}, most_waiting=10)
    ann = header("ann", "pä:ss")
    assert await auth.authenticate(ann) == "ann"
    waiting = [asyncio.ensure_future(auth.authenticate(header("ann", str(n)))) for n in range(9)]
    await asyncio.sleep(0)
    auth.close()
    assert await asyncio.gather(*waiting) == [Busy.BUSY] * 9
    assert await auth.authenticate(header("ann", "late")) is Busy.BUSY
    assert await auth.authenticate(ann) == "ann"
