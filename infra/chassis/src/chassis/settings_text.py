"""Settings as people write them: users and lists in one variable, and faults in words.

Invariant: a fault names its variable and never its value, since one may be a password.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode

_ORCHESTRATORS = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_[0-9]+_")
"""What Kubernetes sets in every container for a Service of the same name."""


def _users(value: Any) -> Any:
    """JSON (``{"ann": "$argon2id$…"}``), or ``ann:$argon2id$…`` pairs separated by blanks."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            raise ValueError("is not valid JSON; write an object of user and hash") from None
    pairs = [pair.partition(":") for pair in re.split(r"[\s;]+", text) if pair]
    if any(not user or not colon or not secret for user, colon, secret in pairs):
        raise ValueError("write user:hash pairs separated by blanks, or a JSON object")
    if len({user for user, _, _ in pairs}) < len(pairs):
        raise ValueError("names a user twice")
    return {user: secret for user, _, secret in pairs}


def _list(value: Any) -> Any:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


Users = Annotated[dict[str, SecretStr], NoDecode, BeforeValidator(_users)]
"""User → hash, or password where plain ones are allowed."""
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)]
"""Separated by commas or blanks."""


def secrets_of(users: Mapping[str, SecretStr]) -> dict[str, str]:
    """The same as `chassis.basic_auth` takes it."""
    return {user: secret.get_secret_value() for user, secret in users.items()}


def faults_of(error: ValidationError, prefix: str) -> list[str]:
    """A line a fault: the variable, what is wrong and what to do."""
    return [_fault(fault["loc"], fault["msg"], prefix) for fault in error.errors()]


def _fault(location: tuple[int | str, ...], message: str, prefix: str) -> str:
    said = message.removeprefix("Value error, ")
    if not location:  # of the whole: the message names the variable
        return said
    name = str(location[0])
    variable = name if name.isupper() else prefix + name.upper()
    return f"{variable}: {said[:1].lower()}{said[1:]}; correct or unset it"


def unknown_in(environment: Mapping[str, str], model: type[BaseSettings]) -> list[str]:
    """A line for each variable with the model's prefix that is none of its settings.

    A misspelt wall is no wall, and nothing else would say so.
    """
    prefix = model.model_config["env_prefix"]
    fields = model.model_fields.items()
    settings = [field.alias or prefix + name.upper() for name, field in fields]
    return [
        _unknown(name, settings)
        for name in environment
        if name.startswith(prefix) and name not in settings and not _ORCHESTRATORS.search(name)
    ]


def _unknown(name: str, settings: list[str]) -> str:
    nearest = difflib.get_close_matches(name, settings, n=1, cutoff=0.8)
    said = f"{name} is no setting and does nothing"
    return f"{said}; {nearest[0]} is one" if nearest else said
