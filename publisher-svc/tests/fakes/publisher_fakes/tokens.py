"""Tokens as an issuer makes them, good and bad."""

from __future__ import annotations

import base64
import time
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

DAY_S = 86_400
"""Tokens that are made with the tests must outlast their run."""
SECRET = "a secret of thirty-two bytes or more"


def pem_of(key: Any) -> str:
    """A public key."""
    found: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found.decode()


def private_pem_of(key: Any) -> str:
    """A private key."""
    found: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return found.decode()


def token(
    key: Any = SECRET,
    algorithm: str = "HS256",
    headers: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    """Of ann for a day, unless `claims` say otherwise; a claim that is None is left out."""
    said = {"sub": "ann", "exp": int(time.time()) + DAY_S, **claims}
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, key, algorithm, headers)


def raw_token(header: bytes, payload: bytes, signature: bytes = b"") -> str:
    """Whatever these bytes are."""
    parts = (header, payload, signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def unsigned(**claims: Any) -> str:
    """``alg: none``, which anybody can make."""
    said = {"sub": "ann", "exp": int(time.time()) + DAY_S, **claims}
    return raw_token(b'{"alg":"none","typ":"JWT"}', orjson.dumps(said))
