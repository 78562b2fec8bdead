"""The keys that tokens are signed with: a secret, or public keys in a file (JWKS or PEM).

Invariant: what a key is decides which algorithms it may be used with (RFC 8725, section 3.1); what
a token says of itself decides nothing. Private and symmetric keys have no place in such a file, and
keys that are too weak none anywhere. Read once, at the start.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt import PyJWK
from jwt.exceptions import PyJWTError

LEAST_SECRET_BYTES = 32
_LEAST_RSA_BITS = 2048
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_CURVE = {"secp256r1": ("ES256",), "secp384r1": ("ES384",), "secp521r1": ("ES512",)}
_KNOWN_KINDS = {"RSA", "EC", "OKP"}
_PEM = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


class InvalidKeysError(Exception):
    """The keys cannot be used; the message says what to do and holds nothing of them."""

    code = "invalid-keys"
    retriable = False


@dataclass(frozen=True, slots=True)
class TokenKey:
    """One key, the algorithms that it may be used with, and its name, if it has one."""

    key: Any
    algorithms: tuple[str, ...]
    kid: str | None = None


def secret_key(secret: str) -> TokenKey:
    """A secret that issuer and publisher share.

    Raises:
        InvalidKeysError: it is too short to be one.
    """
    encoded = secret.encode()
    if len(encoded) < LEAST_SECRET_BYTES:
        raise InvalidKeysError(
            f"is shorter than {LEAST_SECRET_BYTES} bytes; make one with: openssl rand -base64 32"
        )
    return TokenKey(encoded, ("HS256",))


def read_keys(path: Path) -> tuple[TokenKey, ...]:
    """The public keys in a file.

    Raises:
        InvalidKeysError: there are none, or some that must not be there.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidKeysError(f"the file cannot be read: {error.strerror or error}") from error
    keys = _of_jwks(content) if content.lstrip().startswith(b"{") else _of_pem(content)
    if not keys:
        raise InvalidKeysError("the file has no public key; it takes PEM, or a JWK set")
    return tuple(keys)


def _of_pem(content: bytes) -> list[TokenKey]:
    keys = []
    for block in _PEM.finditer(content):
        kind, text = block[1].decode(), block[0]
        if "PRIVATE" in kind:
            raise InvalidKeysError("the file has a private key; only the issuer may know that")
        try:
            certified = kind == "CERTIFICATE"
            key: Any = (
                load_pem_x509_certificate(text).public_key()
                if certified
                else load_pem_public_key(text)
            )
        except (ValueError, UnsupportedAlgorithm) as error:
            raise InvalidKeysError(f"a block in the file, {kind}, is no public key") from error
        keys.append(TokenKey(key, _algorithms(key)))
    return keys


def _of_jwks(content: bytes) -> list[TokenKey]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidKeysError("the file is not valid JSON") from error
    listed = document.get("keys", [document])
    if not isinstance(listed, list):
        raise InvalidKeysError('"keys" of the file is no array')
    return [key for each in listed if (key := _of_jwk(each)) is not None]


def _of_jwk(jwk: Any) -> TokenKey | None:
    """None for what is not for signatures, or of a kind that is not known (RFC 7517, section 5)."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    if jwk.get("kty") == "oct" or "d" in jwk:
        raise InvalidKeysError("the file has a secret or private key; it is for public ones alone")
    if jwk.get("kty") not in _KNOWN_KINDS:
        return None
    name = f"the key {jwk.get('kid')!r}"
    try:
        key = PyJWK(jwk).key
    except (PyJWTError, ValueError, TypeError, NotImplementedError) as error:
        raise InvalidKeysError(f"{name} in the file cannot be read") from error
    allowed = _algorithms(key)
    if (said := jwk.get("alg")) is not None:
        if said not in allowed:
            raise InvalidKeysError(f"{name} in the file is not for the algorithm that it names")
        allowed = (said,)
    kid = jwk.get("kid")
    return TokenKey(key, allowed, kid if isinstance(kid, str) else None)


def _algorithms(key: Any) -> tuple[str, ...]:
    match key:
        case RSAPublicKey() if key.key_size < _LEAST_RSA_BITS:
            raise InvalidKeysError(f"an RSA key in the file has fewer than {_LEAST_RSA_BITS} bits")
        case RSAPublicKey():
            return _RSA
        case EllipticCurvePublicKey() if key.curve.name in _BY_CURVE:
            return _BY_CURVE[key.curve.name]
        case Ed25519PublicKey():
            return ("EdDSA",)
        case _:
            raise InvalidKeysError("a key in the file is none of RSA, P-256, P-384, P-521, Ed25519")
