"""Keys of tokens: what a key is decides what it may be used for, and what must not be there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from publisher_fakes.tokens import pem_of, private_pem_of

from publisher.infra.token_keys import InvalidKeysError, read_keys, secret_key

RSA = rsa.generate_private_key(65537, 2048)
P256, P384, P521 = (
    ec.generate_private_key(c()) for c in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
)
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
ED = ed25519.Ed25519PrivateKey.generate()
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")


def jwk(algorithm: Any, key: Any, **members: Any) -> dict[str, Any]:
    found: dict[str, Any] = {**algorithm.to_jwk(key, as_dict=True), **members}
    return found


def written(tmp_path: Path, content: str | dict[str, Any]) -> Path:
    path = tmp_path / "keys"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_pem_blocks_one_after_the_other(tmp_path: Path) -> None:
    keys = [each.public_key() for each in (RSA, P256, P384, P521, ED)]
    found = read_keys(written(tmp_path, "of ann\n" + "\n".join(map(pem_of, keys))))
    assert [each.algorithms for each in found] == [
        RSA_ALGORITHMS, ("ES256",), ("ES384",), ("ES512",), ("EdDSA",),
    ]  # fmt: skip
    assert not any(name.startswith("HS") for each in found for name in each.algorithms)


def test_a_jwk_set(tmp_path: Path) -> None:
    keys = [
        jwk(RSAAlgorithm, RSA.public_key(), kid="a", use="sig"),
        jwk(RSAAlgorithm, RSA.public_key(), kid="b", alg="PS256"),
        jwk(ECAlgorithm, P256.public_key()),
        jwk(OKPAlgorithm, ED.public_key(), kid="d"),
        jwk(RSAAlgorithm, RSA.public_key(), use="enc"),
        {"kty": "of the future"},
        "none",
    ]
    found = read_keys(written(tmp_path, {"keys": keys}))
    assert [(each.kid, each.algorithms) for each in found] == [
        ("a", RSA_ALGORITHMS), ("b", ("PS256",)), (None, ("ES256",)), ("d", ("EdDSA",)),
    ]  # fmt: skip
    [alone] = read_keys(written(tmp_path, keys[2]))  # type: ignore[arg-type] # a dict, this one
    assert alone.algorithms == ("ES256",)


BAD: dict[str, tuple[str | dict[str, Any], str]] = {
    "no key": ("", "no public key"),
    "an empty set": ({"keys": []}, "no public key"),
    "no set": ({"keys": 7}, "no array"),
    "no JSON": ("{", "not valid JSON"),
    "deep": ('{"keys":' + "[" * 100_000, "not valid JSON"),
    "a private PEM": (private_pem_of(P256), "private key"),
    "a private JWK": (jwk(ECAlgorithm, P256), "secret or private"),
    "a secret": ({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "secret or private"),
    "a weak RSA": (pem_of(WEAK.public_key()), "2048 bits"),
    "Ed448": (pem_of(ed448.Ed448PrivateKey.generate().public_key()), "none of RSA"),
    "a curve": (pem_of(ec.generate_private_key(ec.SECP256K1()).public_key()), "none of RSA"),
    "HS of RSA": (jwk(RSAAlgorithm, RSA.public_key(), alg="HS256"), "cannot be read"),
    "ES of RSA": (jwk(RSAAlgorithm, RSA.public_key(), alg="ES256"), "cannot be read"),
    "none of RSA": (jwk(RSAAlgorithm, RSA.public_key(), alg="none"), "cannot be read"),
    "a broken JWK": ({"keys": [{"kty": "RSA", "n": 7}]}, "cannot be read"),
    "a broken PEM": (
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "is no public key",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_must_not_be_there_is_refused(tmp_path: Path, case: str) -> None:
    content, said = BAD[case]
    with pytest.raises(InvalidKeysError, match=said):
        read_keys(written(tmp_path, content))


def test_a_secret_has_32_bytes_at_least() -> None:
    assert secret_key("x" * 32).algorithms == ("HS256",)
    with pytest.raises(InvalidKeysError, match="32 bytes") as caught:
        secret_key("x" * 31)
    assert "xxx" not in str(caught.value)
