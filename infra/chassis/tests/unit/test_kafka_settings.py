"""From environment variables to what aiokafka takes."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.kafka_settings import KafkaSettings

SASL = {"KAFKA_SASL_USERNAME": "ann", "KAFKA_SASL_PASSWORD": "s3cret-word"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KafkaSettings.model_fields:
        monkeypatch.delenv(f"KAFKA_{name.upper()}", raising=False)


def settings(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> KafkaSettings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return KafkaSettings()


def test_the_defaults_are_the_local_kafka() -> None:
    assert KafkaSettings().client_arguments() == {
        "bootstrap_servers": "127.0.0.1:19092",
        "security_protocol": "PLAINTEXT",
    }
    assert KafkaSettings().topic == "events"


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_sasl(monkeypatch: pytest.MonkeyPatch, mechanism: str) -> None:
    arguments = settings(
        monkeypatch,
        {
            **SASL,
            "KAFKA_BOOTSTRAP_SERVERS": "a:9092,b:9092",
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": mechanism,
        },
    ).client_arguments()
    assert arguments == {
        "bootstrap_servers": "a:9092,b:9092",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "ann",
        "sasl_plain_password": "s3cret-word",
    }


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_ssl_verifies_the_brokers(monkeypatch: pytest.MonkeyPatch, protocol: str) -> None:
    arguments = settings(
        monkeypatch, {**SASL, "KAFKA_SECURITY_PROTOCOL": protocol}
    ).client_arguments()
    context = arguments["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert ("sasl_plain_username" in arguments) == (protocol == "SASL_SSL")


def test_a_client_certificate_is_shown_to_the_brokers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    loaded: list[tuple[Any, ...]] = []
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", lambda *a: loaded.append(a[1:]))
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = settings(
        monkeypatch,
        {
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_SSL_CERTFILE": str(certificate),
            "KAFKA_SSL_KEYFILE": str(key),
        },
    )
    loaded.clear()
    made.client_arguments()
    assert loaded == [(str(certificate), str(key))]


def test_without_ssl_the_files_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings(monkeypatch, {"KAFKA_SSL_CAFILE": "/nowhere", "KAFKA_SSL_KEYFILE": "/nowhere"})
    assert "ssl_context" not in made.client_arguments()


@pytest.mark.parametrize("shown", [repr, str, lambda s: str(s.model_dump())])
def test_the_password_is_not_shown(monkeypatch: pytest.MonkeyPatch, shown: Any) -> None:
    made = settings(monkeypatch, {**SASL, "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"})
    assert "ann" in shown(made)
    assert "s3cret" not in shown(made)


@pytest.mark.parametrize(
    ("variables", "field", "says"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "security_protocol", "SASL_SSL"),
        ({"KAFKA_SASL_MECHANISM": "GSSAPI"}, "sasl_mechanism", "SCRAM-SHA-512"),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_PASSWORD": "s3cret-word"},
            "sasl_username",
            "SASL_SSL needs it",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_USERNAME": "ann"},
            "sasl_password",
            "SASL_PLAINTEXT needs it",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CAFILE": "/nowhere/ca.pem"},
            "ssl_cafile",
            "cannot be used",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CAFILE": __file__},
            "ssl_cafile",
            "cannot be used",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CERTFILE": "/nowhere/cert.pem"},
            "ssl_keyfile",
            "KAFKA_SSL_CERTFILE",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_KEYFILE": "/nowhere/key.pem"},
            "ssl_keyfile",
            "KAFKA_SSL_CERTFILE",
        ),
    ],
)
def test_what_cannot_work_is_a_fault_of_its_variable_at_the_start(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], field: str, says: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(monkeypatch, variables)
    (fault,) = caught.value.errors()
    assert fault["loc"] == (field,)
    assert says in fault["msg"]
    assert "s3cret" not in fault["msg"]
