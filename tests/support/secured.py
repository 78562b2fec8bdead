"""A Kafka that asks who is there: TLS, SASL or client certificates, and rights (ACLs) per user.

The harness itself comes by an unprotected listener as a super user; services come by the protected
ones and may do what they were granted, no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import trustme
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from local_kafka.admin import check
from local_kafka.broker import Broker
from local_kafka.ports import free_ports

PASSWORD = "of-%s"
"""Every user's, with the name in it."""
USERS = ("listener", "publisher")
_ALLOW = 3


class Resource(IntEnum):
    """What rights are about; numbers as on Kafka's wire."""

    TOPIC = 2
    GROUP = 3
    CLUSTER = 4


class Operation(IntEnum):
    """What may be done with it."""

    READ = 3
    WRITE = 4
    DELETE = 6
    DESCRIBE = 8
    IDEMPOTENT_WRITE = 12


class Pattern(IntEnum):
    """How a resource is named."""

    LITERAL = 3
    PREFIXED = 4


@dataclass(frozen=True, slots=True)
class Secured:
    """The broker, where its protected listeners are, and the files that they need."""

    broker: Broker
    sasl: str
    certificates: str
    directory: Path

    def settings(self, way: str, user: str) -> dict[str, str]:
        """``KAFKA_*`` variables with which a service comes as `user`."""
        common = {"KAFKA_SSL_CAFILE": str(self.directory / "ca.pem")}
        if way == "SSL":
            return common | {
                "KAFKA_BOOTSTRAP_SERVERS": self.certificates,
                "KAFKA_SECURITY_PROTOCOL": "SSL",
                "KAFKA_SSL_CERTFILE": str(self.directory / f"{user}.pem"),
            }
        return common | {
            "KAFKA_BOOTSTRAP_SERVERS": self.sasl,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": way,
            "KAFKA_SASL_USERNAME": user,
            "KAFKA_SASL_PASSWORD": PASSWORD % user,
        }

    async def grant(
        self, user: str, resource: Resource, name: str, *operations: Operation,
        pattern: Pattern = Pattern.LITERAL,
    ) -> None:  # fmt: skip
        """Let `user` do it, whichever way it comes."""
        client = AIOKafkaClient(bootstrap_servers=self.broker.bootstrap)
        await client.bootstrap()
        try:
            for operation in operations:
                request = CreateAclsRequest(
                    resource, name, pattern, f"User:{user}", "*", operation, _ALLOW
                )
                answer = await client.send(client.get_random_node(), request)
                for code, message in answer.creation_responses:
                    check(code, f"{user} {operation.name} {name}", message)
        finally:
            await client.close()


@contextmanager
def secured_kafka(directory: Path) -> Iterator[Secured]:
    """Start it; SCRAM users too."""
    directory.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / "ca.pem")
    _write_certificate(authority, directory / "broker.pem", "127.0.0.1")
    for user in USERS:
        _write_certificate(authority, directory / f"{user}.pem", user)
    plain, controller, sasl, certificates = free_ports(4)
    users = " ".join(f'user_{user}="{PASSWORD % user}"' for user in USERS)
    login = "org.apache.kafka.common.security.plain.PlainLoginModule"
    local = "127.0.0.1"
    served = (
        f"PLAINTEXT://{local}:{plain},SASLED://{local}:{sasl},CERTIFIED://{local}:{certificates}"
    )
    properties = {
        "listeners": f"{served},CONTROLLER://{local}:{controller}",
        "advertised.listeners": served,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "SASLED:SASL_SSL,CERTIFIED:SSL",
        "listener.name.sasled.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasled.plain.sasl.jaas.config": f"{login} required {users};",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(directory / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(directory / "ca.pem"),
        "listener.name.certified.ssl.client.auth": "required",
        "listener.name.certified.ssl.principal.mapping.rules": "RULE:^.*CN=([a-z]+).*$/$1/",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    broker = Broker(directory / "kafka", plain, controller, properties=properties)
    broker.start()
    try:
        yield Secured(broker, f"{local}:{sasl}", f"{local}:{certificates}", directory)
    finally:
        broker.kill()


def _write_certificate(authority: trustme.CA, path: Path, name: str) -> None:
    """Key and certificate in one file; Kafka takes PKCS 8 keys alone."""
    issued = authority.issue_cert(name, common_name=name)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem + b"".join(each.bytes() for each in issued.cert_chain_pems))
