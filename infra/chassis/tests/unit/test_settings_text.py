"""Users and lists as people write them, and faults in words."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings_text import Names, Users, faults_of, secrets_of, unknown_in


class Some(BaseSettings):
    """Settings of a service."""

    users: Users = {}
    names: Names = ()
    port: int = Field(default=1, alias="OTHER_PORT")

    @model_validator(mode="after")
    def _whole(self) -> Some:
        if self.names and not self.users:
            raise ValueError("SOME_NAMES: nobody has them")
        return self


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("ann:a bob:b:c", {"ann": "a", "bob": "b:c"}),
        (" ann:a;\nbob:b:c ", {"ann": "a", "bob": "b:c"}),
        ('{"ann": "a", "b b": "c"}', {"ann": "a", "b b": "c"}),
        ("", {}),
    ],
)
def test_users(monkeypatch: pytest.MonkeyPatch, text: str, users: dict[str, str]) -> None:
    monkeypatch.setenv("USERS", text)
    assert secrets_of(Some().users) == users


@pytest.mark.parametrize("text", ["a, b", "a b", "a,b,", " a ,, b"])
def test_lists(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("USERS", "x:y")
    monkeypatch.setenv("NAMES", text)
    assert Some().names == ("a", "b")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("USERS", "secret", "SOME_USERS: write user:hash pairs"),
        ("USERS", ":secret", "SOME_USERS: write user:hash pairs"),
        ("USERS", "{secret", "SOME_USERS: is not valid JSON"),
        ("USERS", "ann:a ann:secret", "SOME_USERS: names a user twice"),
        ("OTHER_PORT", "secret", "OTHER_PORT: input should be a valid integer"),
        ("NAMES", "secret", "SOME_NAMES: nobody has them"),
    ],
)
def test_a_fault_names_the_variable_and_not_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        Some()
    [line] = faults_of(caught.value, "SOME_")
    assert line.startswith(said)
    assert "secret" not in line


class Prefixed(BaseSettings):
    """Settings of a service whose variables begin alike."""

    model_config = SettingsConfigDict(env_prefix="SOME_")

    auth: str = ""
    as_: str = Field(default="", alias="SOME_AS")
    port: int = Field(default=1, alias="OTHER_PORT")


def test_a_variable_that_is_no_setting_is_told_with_what_may_have_been_meant() -> None:
    environment = {
        "SOME_AUHT": "secret",
        "SOME_XYZXYZ": "",
        "SOME_AUTH": "",
        "some_auth": "",
        "SOME_AS": "",
        "OTHER_PORT": "",
        "OTHERS": "",
    }
    assert unknown_in(environment, Prefixed) == [
        "SOME_AUHT is no setting and does nothing; SOME_AUTH is one",
        "SOME_XYZXYZ is no setting and does nothing",
    ]


def test_what_kubernetes_sets_for_a_service_of_that_name_is_no_misspelling() -> None:
    names = [
        "SOME_SERVICE_HOST",
        "SOME_SERVICE_PORT_HTTP",
        "SOME_PORT_80_TCP",
        "SOME_PORT_80_TCP_ADDR",
    ]
    assert unknown_in(dict.fromkeys(names, ""), Prefixed) == []
