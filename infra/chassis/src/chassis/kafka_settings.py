"""How to reach Kafka: the same environment variables for both services.

Invariant: settings that stand can be used: credentials are there, files can be read. Whether Kafka
takes them is not known here.
"""

from __future__ import annotations

import ssl
from typing import Any, Literal

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class KafkaSettings(BaseSettings):
    """``KAFKA_*`` variables; the defaults are those of the local Kafka."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", extra="ignore")

    bootstrap_servers: str = "127.0.0.1:19092"
    topic: str = "events"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None

    @field_validator("sasl_username", "sasl_password")
    @classmethod
    def _given_for_sasl(cls, value: Any, info: ValidationInfo) -> Any:
        protocol = info.data.get("security_protocol", "")
        if not value and protocol.startswith("SASL"):
            raise ValueError(f"{protocol} needs it; set it, or choose another protocol")
        return value

    @field_validator("ssl_cafile")
    @classmethod
    def _readable(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and info.data.get("security_protocol", "").endswith("SSL"):
            try:
                _ssl_context(value, None, None)
            except OSError as error:
                raise ValueError(f"the file cannot be used: {error.strerror or error}") from None
        return value

    @field_validator("ssl_keyfile")
    @classmethod
    def _fits_the_certificate(cls, value: str | None, info: ValidationInfo) -> str | None:
        certificate = info.data.get("ssl_certfile")
        if not (certificate or value) or not info.data.get("security_protocol", "").endswith("SSL"):
            return value
        if certificate is None:
            raise ValueError("a key without its certificate; set KAFKA_SSL_CERTFILE too")
        try:
            _ssl_context(None, certificate, value)
        except OSError as error:
            raise ValueError(
                f"it and KAFKA_SSL_CERTFILE cannot be used: {error.strerror or error}"
            ) from None
        return value

    def client_arguments(self) -> dict[str, Any]:
        """Keyword arguments that every aiokafka client takes."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL"):
            password = self.sasl_password.get_secret_value() if self.sasl_password else None
            arguments |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": password,
            }
        if self.security_protocol.endswith("SSL"):
            arguments["ssl_context"] = _ssl_context(
                self.ssl_cafile, self.ssl_certfile, self.ssl_keyfile
            )
        return arguments


def _ssl_context(cafile: str | None, certfile: str | None, keyfile: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=cafile)
    if certfile:
        context.load_cert_chain(certfile, keyfile)
    return context
