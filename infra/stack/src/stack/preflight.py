"""What is looked at before anything starts: a refusal is one line and leaves nothing behind."""

from __future__ import annotations

import errno
import socket

from stack.errors import PortInUseError
from stack.plan import Plan, Service


def check_ports(plan: Plan) -> None:
    """Raise for the first service whose port is taken.

    Raises:
        PortInUseError: names the variable to set.
    """
    for service in plan.services:
        if not _is_free(service.port):
            raise PortInUseError(
                f"Port {service.port}, wanted by {service.name}, is in use by another program: "
                f"nothing was started. Stop that program, or choose another port with "
                f"{_variable(service)}=PORT make run."
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
