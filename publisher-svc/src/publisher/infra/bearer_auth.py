"""Bearer tokens (RFC 6750) that are JWTs (RFC 7519), verified by keys that are known here.

Invariant: only a key decides by which algorithm a signature is verified, and a token without a
subject and an end is none. Whatever cannot be read is a token that is not valid, never a failure.
Tokens are neither kept nor logged. Who issues them, and who may do what, is not decided here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import jwt

from publisher.infra.token_keys import TokenKey

MOST_BYTES = 8192
LEEWAY_S = 5.0
"""By so much the issuer's clock may differ."""
_FAR_S = 10 * 365 * 24 * 3600.0
_MOST_NAME_BYTES = 1024


class TokenFault(Enum):
    """Why a token proves nothing."""

    EXPIRED = "expired"
    NOT_VALID = "not valid"


@dataclass(frozen=True, slots=True)
class Proof:
    """Whose token it is, and for how long it still is one."""

    principal: str
    left_s: float


class BearerAuth:
    """Tells whose a token is."""

    def __init__(
        self, keys: Sequence[TokenKey], *, audience: str | None = None, issuer: str | None = None
    ) -> None:
        """Without `audience` a token that names one is meant for somebody else."""
        self._keys = tuple(keys)
        self._audience = audience
        self._issuer = issuer

    def proven(self, token: str) -> Proof | TokenFault:
        """Of a token as it was sent."""
        if not token.isascii() or len(token) > MOST_BYTES:
            return TokenFault.NOT_VALID
        try:
            header = jwt.get_unverified_header(token)
            claims = self._claims(token, header.get("alg"), header.get("kid"))
            return _proof(claims)
        except jwt.ExpiredSignatureError:
            return TokenFault.EXPIRED
        except Exception:  # noqa: BLE001 - JSON of strangers: deep, huge, of any type
            return TokenFault.NOT_VALID

    def _claims(self, token: str, algorithm: object, kid: object) -> dict[str, Any]:
        """By the first key that fits: the one named, or any that has no name to differ by."""
        error: Exception = jwt.InvalidSignatureError("no key fits")
        for key in self._keys:
            named = key.kid is not None and kid is not None
            if algorithm not in key.algorithms or (named and key.kid != kid):
                continue
            try:
                return jwt.decode(
                    token,
                    key.key,
                    algorithms=list(key.algorithms),
                    audience=self._audience,
                    issuer=self._issuer,
                    leeway=LEEWAY_S,
                    options={"require": ["exp", "sub"]},
                )
            except jwt.InvalidSignatureError as wrong:
                error = wrong
        raise error


def _proof(claims: dict[str, Any]) -> Proof | TokenFault:
    name = claims["sub"]
    if not name or len(name.encode()) > _MOST_NAME_BYTES:
        return TokenFault.NOT_VALID
    now_s = time.time()
    ends_s = min(int(claims["exp"]), now_s + _FAR_S)
    return Proof(name, ends_s + LEEWAY_S - now_s)
