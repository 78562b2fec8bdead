"""What is looked at before anything starts: a refusal is one line and leaves nothing behind."""

from __future__ import annotations

import errno
import socket

from stack.errors import PortInUseError
from stack.plan import Plan, Service


def check_ports(plan: Plan) -> None:
    """Raise for the first service whose port is taken, or wanted by another part of the stack.

    The ports of a local Kafka are looked at by the command that starts it.

    Raises:
        PortInUseError: names the variable to set.
    """
    wanted: dict[int, str] = {}
    if plan.local_kafka:
        wanted = {plan.kafka_port: "Kafka", plan.kafka_port + 1: "Kafka's controller"}
    for service in plan.services:
        variable = _variable(service)
        if service.port in wanted:
            raise PortInUseError(
                f"Port {service.port}, wanted by {wanted[service.port]} and {service.name}: "
                f"nothing was started. Choose another port with {variable}=PORT make run; "
                "PUBLISHER_PORT is the first publisher's, the others take the ports after it."
            )
        wanted[service.port] = service.name
        if not _is_free(service.port):
            raise PortInUseError(
                f"Port {service.port}, wanted by {service.name}, is in use by another program: "
                f"nothing was started. Stop that program, or choose another port with "
                f"{variable}=PORT make run."
            )


def _variable(service: Service) -> str:
    return "LISTENER_PORT" if service.module == "listener" else "PUBLISHER_PORT"


def _is_free(port: int) -> bool:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
    return True
