"""Tokens: whose they are, and everything that is none."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from publisher_fakes.tokens import DAY_S, SECRET, pem_of, raw_token, token, unsigned

from publisher.infra.bearer_auth import LEEWAY_S, BearerAuth, Proof, TokenFault
from publisher.infra.token_keys import TokenKey, secret_key

RSA, OTHER = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = TokenKey(RSA.public_key(), ("RS256", "PS256"), "r")
EC_KEY = TokenKey(EC.public_key(), ("ES256",))

BY_SECRET = BearerAuth([secret_key(SECRET)])
BY_PUBLIC = BearerAuth([RSA_KEY, EC_KEY])
NOW = int(time.time())


def hs_signed_with(secret: bytes) -> str:
    """As a forger would: PyJWT itself refuses to sign with a public key."""
    header, payload = b'{"alg":"HS256"}', orjson.dumps({"sub": "ann", "exp": NOW + DAY_S})
    unsigned_ = raw_token(header, payload).rstrip(".")
    signature = hmac.digest(secret, unsigned_.encode(), hashlib.sha256)
    return f"{unsigned_}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_whose_it_is_and_for_how_long() -> None:
    proof = BY_SECRET.proven(token(sub="zoë", exp=int(time.time()) + 60))
    assert isinstance(proof, Proof)
    assert proof.principal == "zoë"
    assert 50 < proof.left_s <= 60 + LEEWAY_S
    far = BY_SECRET.proven(token(exp=10**30))
    assert isinstance(far, Proof)
    assert far.left_s > 10**8
    for good in (
        token(RSA, "RS256"),
        token(RSA, "PS256", {"kid": "r"}),
        token(EC, "ES256"),
        token(EC, "ES256", {"kid": "what it calls it"}),
    ):
        assert isinstance(BY_PUBLIC.proven(good), Proof)


NOT_VALID: dict[str, Any] = {
    "nothing": "",
    "no token": "ann",
    "alg none": unsigned(),
    "alg none, with another's signature": unsigned() + token().rpartition(".")[2],
    "alg None": raw_token(b'{"alg":"None"}', orjson.dumps({"sub": "ann", "exp": NOW + DAY_S})),
    "another secret": token("another secret of thirty-two bytes or more"),
    "another algorithm with the secret": token("x" + SECRET * 2, "HS512"),
    "HS512 with the very secret": token(SECRET * 2, "HS512"),
    "changed": token()[:-4] + "AAAA",
    "without its signature": token().rpartition(".")[0] + ".",
    "two parts": token().rpartition(".")[0],
    "not yet valid": token(nbf=NOW + DAY_S),
    "issued in the future": token(iat=NOW + DAY_S),
    "no sub": token(sub=None),
    "an empty sub": token(sub=""),
    "a long sub": token(sub="x" * 2000),
    "no exp": token(exp=None),
    "for somebody else": token(aud="somebody else"),
    "far too long": token(x="x" * 9000),
    "not ASCII": token() + "ä",
    "with blanks": f" {token()}",
    "a critical header": token(headers={"crit": ["x"], "x": 1}),
    "a detached payload": token(headers={"crit": ["b64"], "b64": False}),
    "by a key that is not known": token(OTHER, "RS256"),
}


@pytest.mark.parametrize("case", NOT_VALID)
@pytest.mark.parametrize("auth", [BY_SECRET, BY_PUBLIC], ids=["secret", "public keys"])
def test_what_proves_nothing(auth: BearerAuth, case: str) -> None:
    assert auth.proven(NOT_VALID[case]) is TokenFault.NOT_VALID


def test_a_public_key_is_no_secret() -> None:
    for key in (RSA.public_key(), EC.public_key()):
        forged = hs_signed_with(pem_of(key).encode())
        assert BY_PUBLIC.proven(forged) is TokenFault.NOT_VALID
    assert BY_PUBLIC.proven(token()) is TokenFault.NOT_VALID
    assert BY_SECRET.proven(token(RSA, "RS256")) is TokenFault.NOT_VALID
    forged = hs_signed_with(SECRET.encode())
    assert isinstance(BY_SECRET.proven(forged), Proof), "the forger's way is a way"


def test_a_key_that_is_named_is_the_only_one() -> None:
    assert BY_PUBLIC.proven(token(RSA, "RS256", {"kid": "s"})) is TokenFault.NOT_VALID
    assert BY_PUBLIC.proven(token(OTHER, "RS256", {"kid": "r"})) is TokenFault.NOT_VALID
    rolled = BearerAuth([TokenKey(OTHER.public_key(), ("RS256",)), RSA_KEY])
    assert isinstance(rolled.proven(token(RSA, "RS256")), Proof)


def test_expired_is_told_apart_only_where_the_signature_is_right() -> None:
    assert BY_SECRET.proven(token(exp=NOW - 60)) is TokenFault.EXPIRED
    assert BY_SECRET.proven(unsigned(exp=NOW - 60)) is TokenFault.NOT_VALID
    assert BY_SECRET.proven(token("x" * 40, exp=NOW - 60)) is TokenFault.NOT_VALID
    within = BY_SECRET.proven(token(exp=int(time.time()) - 2))
    assert isinstance(within, Proof)
    assert 0 < within.left_s < LEEWAY_S


def test_audience_and_issuer_where_they_are_named() -> None:
    auth = BearerAuth([secret_key(SECRET)], audience="broadcaster", issuer="https://id.example")
    good: dict[str, Any] = {"aud": "broadcaster", "iss": "https://id.example"}
    assert isinstance(auth.proven(token(**good)), Proof)
    assert isinstance(auth.proven(token(**{**good, "aud": ["x", "broadcaster"]})), Proof)
    for wrong in (
        {"aud": "other"}, {"aud": None}, {"aud": ["x"]}, {"aud": [7]}, {"iss": None},
        {"iss": "https://evil.example"}, {"iss": ["https://id.example"]},
    ):  # fmt: skip
        told = {**good, **wrong}
        header = b'{"alg":"HS256"}'
        said = {
            "sub": "ann",
            "exp": NOW + DAY_S,
            **{k: v for k, v in told.items() if v is not None},
        }
        signed = hs_signed_payload(header, orjson.dumps(said))
        assert auth.proven(signed) is TokenFault.NOT_VALID, wrong


def hs_signed_payload(header: bytes, payload: bytes) -> str:
    unsigned_ = raw_token(header, payload).rstrip(".")
    signature = hmac.digest(SECRET.encode(), unsigned_.encode(), hashlib.sha256)
    return f"{unsigned_}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "payload",
    [
        b"7", b"[]", b"null", b"", b"{", b'"ann"', b"[" * 3000, b"\xff",
        *(b'{"sub":"ann","exp":%b}' % exp for exp in (
            b"null", b"true", b'"x"', b"[]", b"{}", b"NaN", b"Infinity", b"-Infinity", b"1e999",
            b"-1", b"9" * 5000, b"1e-400")),
        *(b'{"exp":99999999999,"sub":%b}' % sub for sub in (
            b"7", b"null", b"[]", b'["ann"]', b'"\\ud800"', b"true")),
    ],
)  # fmt: skip
def test_claims_of_the_oddest_kind_prove_nothing(payload: bytes) -> None:
    proven = BY_SECRET.proven(hs_signed_payload(b'{"alg":"HS256"}', payload))
    assert isinstance(proven, TokenFault)


@pytest.mark.parametrize(
    "header",
    [b"", b"7", b"[]", b"{}", b"[" * 3000, b'{"alg":7}', b'{"alg":["HS256"]}', b'{"alg":null}',
     b'{"alg":"HS256","kid":7}', b'{"alg":"hs256"}'],
)  # fmt: skip
def test_nor_do_headers(header: bytes) -> None:
    payload = orjson.dumps({"sub": "ann", "exp": NOW + DAY_S})
    assert isinstance(BY_SECRET.proven(hs_signed_payload(header, payload)), TokenFault)


@given(st.text() | st.tuples(st.binary(), st.binary(), st.binary()).map(lambda p: raw_token(*p)))
def test_nor_does_anything_else(text: str) -> None:
    assert BY_SECRET.proven(text) is TokenFault.NOT_VALID
    assert BY_PUBLIC.proven(text) is TokenFault.NOT_VALID
