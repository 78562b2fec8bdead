"""Settings of authentication: half a wall is refused, in a line that says what to do."""

from __future__ import annotations

import os
import sys

import pytest
from pydantic import ValidationError

from chassis.settings_text import faults_of
from publisher import __main__ as program
from publisher.settings import PublisherSettings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("PUBLISHER_", "KAFKA_", "CONTRACTS_")):
            monkeypatch.delenv(name)


def read(monkeypatch: pytest.MonkeyPatch, **told: str) -> PublisherSettings:
    for name, value in told.items():
        monkeypatch.setenv(f"PUBLISHER_{name.upper()}", value)
    return PublisherSettings()


@pytest.mark.parametrize("auth", [None, "", "none"])
def test_by_default_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, auth: str | None) -> None:
    settings = read(monkeypatch, **({} if auth is None else {"auth": auth}))
    assert (settings.auth, settings.keys, settings.operators) == ((), "any", ())


def test_a_whole_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"users": "ann:a ops:o:p", "plain_passwords": "true"}
    settings = read(monkeypatch, auth="basic", keys="own", operators="ops", **told)
    assert (settings.auth, settings.keys, settings.operators) == (("basic",), "own", ("ops",))
    assert settings.user_secrets() == {"ann": "a", "ops": "o:p"}
    assert "o:p" not in repr(settings)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"auth": "basic"}, "PUBLISHER_USERS: nobody could subscribe"),
        ({"auth": "basic", "users": ""}, "PUBLISHER_USERS: nobody could subscribe"),
        ({"users": "ann:secret"}, "PUBLISHER_USERS: they are not asked for"),
        ({"auth": "none", "users": "ann:secret"}, "PUBLISHER_USERS: they are not asked for"),
        ({"keys": "own"}, "PUBLISHER_KEYS: own needs to know who subscribes"),
        ({"keys": "mine"}, "PUBLISHER_KEYS: "),
        ({"operators": "ops"}, "PUBLISHER_OPERATORS: without PUBLISHER_KEYS=own"),
        (
            {"auth": "basic", "users": "ann:secret", "keys": "own", "operators": "ann,oops"},
            "PUBLISHER_OPERATORS: PUBLISHER_USERS does not have oops",
        ),
        ({"auth": "bearer"}, "PUBLISHER_TOKEN_KEY: PUBLISHER_AUTH=bearer needs it or"),
        (
            {"auth": "bearer", "token_key": "secret" * 9, "token_keys_file": "f"},
            "PUBLISHER_TOKEN_KEY: PUBLISHER_AUTH=bearer needs it or",
        ),
        ({"token_key": "secret" * 9}, "PUBLISHER_TOKEN_*: no tokens are asked for"),
        ({"auth": "none", "token_issuer": "i"}, "PUBLISHER_TOKEN_*: no tokens are asked for"),
        (
            {"auth": "basic,bearer", "token_key": "secret" * 9},
            "PUBLISHER_USERS: nobody could subscribe",
        ),
        ({"auth": "digest"}, "PUBLISHER_AUTH: "),
        ({"auth": "none,basic", "users": "ann:secret"}, "PUBLISHER_AUTH: "),
        ({"auth": "basic", "users": "secret"}, "PUBLISHER_USERS: write user:hash pairs"),
    ],
)
def test_half_a_wall_is_refused(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str], said: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        read(monkeypatch, **told)
    [line] = faults_of(caught.value, "PUBLISHER_")
    assert line.startswith(said)
    assert "secret" not in line


def run(monkeypatch: pytest.MonkeyPatch, **told: str) -> object:
    """The whole program with such settings, to its end; gives its exit status."""
    monkeypatch.setattr(sys, "argv", ["publisher"])
    for name, value in told.items():
        monkeypatch.setenv(f"PUBLISHER_{name}", value)
    with pytest.raises(SystemExit) as ended:
        program.main()
    return ended.value.code


def test_the_program_says_it_in_a_line_and_exits_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, KEYS="own") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("publisher: PUBLISHER_KEYS: ")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"TOKEN_KEY": "secret"}, "PUBLISHER_TOKEN_KEY: is shorter than 32 bytes"),
        ({"TOKEN_KEYS_FILE": "nowhere"}, "PUBLISHER_TOKEN_KEYS_FILE: the file cannot be read"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_likewise(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    told: dict[str, str],
    said: str,
) -> None:
    assert run(monkeypatch, AUTH="bearer", **told) == 2
    assert said in capfd.readouterr().err


def test_users_that_are_no_hashes_are_refused_likewise(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, AUTH="basic", USERS="ann:secret") == 2
    said = capfd.readouterr().err
    assert "PUBLISHER_USERS: the entry of user 'ann' is not an argon2 hash" in said
    assert "secret" not in said


def test_a_misspelt_wall_is_told_before_anything_is_served(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, KEY="own", AUTH="bearer", TOKEN_KEY="secret")  # the last, so that it ends
    assert (
        "PUBLISHER_KEY is no setting and does nothing; PUBLISHER_KEYS is one"
        in capfd.readouterr().err
    )
