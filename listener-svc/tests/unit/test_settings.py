"""Settings: what is read, and what is said of wrong ones."""

from __future__ import annotations

import os
import socket

import pytest

from listener.main import main
from listener.settings import SettingsError, read_settings

HASH = "$argon2id$v=19$m=8,t=1,p=1$a$b"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("LISTENER_", "KAFKA_", "CONTRACTS_")):
            monkeypatch.delenv(name)


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENER_AUTH", "none")
    settings, kafka = read_settings()
    assert (settings.host, settings.port, settings.as_) == ("localhost", 8080, None)
    assert kafka.topic == "events"


@pytest.mark.parametrize(
    "users",
    [
        "ann:$argon2id$v=19$m=8,t=1,p=1$a$b bob:pw:d",
        '{"ann":"$argon2id$v=19$m=8,t=1,p=1$a$b","bob":"pw:d"}',
    ],
)
def test_users_as_pairs_or_json(monkeypatch: pytest.MonkeyPatch, users: str) -> None:
    monkeypatch.setenv("LISTENER_USERS", users)
    monkeypatch.setenv("LISTENER_ALLOWED_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("LISTENER_AS", "message.posted")
    settings, _ = read_settings()
    assert settings.user_secrets == {"ann": HASH, "bob": "pw:d"}
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.as_ == "message.posted"
    assert "pw:d" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LISTENER_PORT", "secret", "LISTENER_PORT: "),
        ("LISTENER_USERS", "secret", "LISTENER_USERS: write user:hash pairs"),
        ("LISTENER_USERS", "{secret", "LISTENER_USERS: is not valid JSON"),
        ("LISTENER_AS", "", "LISTENER_AS: "),
        ("LISTENER_QUEUE_TIMEOUT_S", "-1", "LISTENER_QUEUE_TIMEOUT_S: "),
        ("KAFKA_SECURITY_PROTOCOL", "secret", "KAFKA_SECURITY_PROTOCOL: "),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("LISTENER_AUTH", "none")
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    [line] = str(caught.value).splitlines()
    assert line.startswith(said)
    assert "secret" not in line


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "LISTENER_USERS: nobody could send events"),
        ({"LISTENER_USERS": "a:secret"}, "LISTENER_USERS: the entry of user 'a'"),
        ({"LISTENER_AUTH": "none", "CONTRACTS_DIR": "/does/not/exist"}, "CONTRACTS_DIR: "),
    ],
)
def test_the_process_ends_with_2_and_one_clear_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, str],
    said: str,
) -> None:
    monkeypatch.setenv("LISTENER_PORT", "0")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert main() == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"listener: {said}")
    assert "secret" not in line


def test_dead_letters_are_not_mixed_with_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENER_AUTH", "none")
    monkeypatch.setenv("KAFKA_TOPIC", "orders")
    monkeypatch.setenv("LISTENER_DEAD_LETTER_TOPIC", "orders")
    with pytest.raises(SettingsError, match="LISTENER_DEAD_LETTER_TOPIC"):
        read_settings()
    monkeypatch.setenv("LISTENER_DEAD_LETTER_TOPIC", "orders.dead")
    assert read_settings()[0].dead_letter_topic == "orders.dead"


def test_a_variable_that_is_no_setting_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LISTENER_AUTH", "none")
    monkeypatch.setenv("LISTENER_RATE_EVENT", "5")
    monkeypatch.setenv("LISTENER_HOST", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:  # so that it ends
        monkeypatch.setenv("LISTENER_PORT", str(taken.getsockname()[1]))
        assert main() == 1
    said = capfd.readouterr().err
    assert "LISTENER_RATE_EVENT is no setting and does nothing; LISTENER_RATE_EVENTS is one" in said
