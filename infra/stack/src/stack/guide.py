"""Waits until every service is ready, then says exactly what to try next."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping

from stack.plan import DEMO, Plan, Service

_PATIENCE_S = 60.0
_EVERY_S = 0.2
_DEMO_USER = ("USERS", "PLAIN_PASSWORDS")
_ASKS_BY_DEFAULT = {"LISTENER": "basic", "PUBLISHER": "none"}


class Guide(threading.Thread):
    """A thread beside honcho's loop; it reads the probes and writes once."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        super().__init__(name="guide", daemon=True)
        self._plan = plan
        self._say = say
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Say nothing any more."""
        self._stopped.set()

    def run(self) -> None:
        """Wait for readiness, then speak."""
        deadline_s = time.monotonic() + _PATIENCE_S
        waiting = {service.name: service for service in self._plan.services}
        reasons: dict[str, str] = {}
        while waiting and not self._stopped.wait(_EVERY_S):
            for service in list(waiting.values()):
                reason = why_not_ready(service)
                if reason is None:
                    del waiting[service.name]
                else:
                    reasons[service.name] = reason
            if waiting and time.monotonic() > deadline_s:
                lines = [f"{name} is not ready: {reasons[name]}" for name in waiting]
                self._say("\n".join([*lines, "Still waiting; Ctrl-C ends everything."]))
                deadline_s += _PATIENCE_S
        if not self._stopped.is_set():
            self._say(next_steps(self._plan))


def why_not_ready(service: Service) -> str | None:
    """The service's own first reason; None when it is ready."""
    url = f"http://{service.address}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=2):
            return None
    except urllib.error.HTTPError as error:
        try:
            return str(json.loads(error.read())["reasons"][0]["detail"])
        except (ValueError, KeyError, IndexError):
            return f"it answers {error.code}"
    except OSError:
        return "it does not answer yet"


def next_steps(plan: Plan) -> str:
    """What to type, in words."""
    listener, publishers = plan.services[0], plan.publishers
    subscribe = f"ws://{publishers[0].address}/websocket"
    header, demo, hint = _credentials(listener.environment, "LISTENER")
    seeing = _credentials(publishers[0].environment, "PUBLISHER")[0]
    lines = [
        "",
        "Broadcaster is ready. In another terminal:",
        "",
        f"  subscribe            .venv/bin/websocat {seeing}{subscribe}",
        f"  publish, type lines  .venv/bin/websocat {header}ws://{listener.address}/websocket",
        f"  replay everything    .venv/bin/websocat {seeing}'{subscribe}?since=earliest'",
        f"  the last five min.   .venv/bin/broadcaster tail --since -5m {subscribe}",
        f"  a demonstration      {demo}",
        "",
        *hint,
    ]
    if len(publishers) > 1:
        ports = ", ".join(str(service.port) for service in publishers)
        lines.append(f"  {len(publishers)} publishers, on ports {ports}: a cursor serves on each.")
    if plan.dead_letters is not None:
        look = f"ws://{plan.dead_letters.address}/websocket?since=earliest"
        whose = _credentials(plan.dead_letters.environment, "PUBLISHER")[0]
        lines.append(f"  your dead letters    .venv/bin/websocat {whose}'{look}'")
    kafka = f"records in {plan.kafka_dir}" if plan.local_kafka else "not started by this command"
    lines += [
        f"  Kafka at {plan.bootstrap} ({kafka}), topic {plan.topic}.",
        "  Ctrl-C here, or make stop, ends everything; records stay.",
        "",
    ]
    return "\n".join(lines)


def _credentials(service: Mapping[str, str], prefix: str) -> tuple[str, str, list[str]]:
    """websocat's header, the command of the demonstration, and what must be said beside them."""
    if service.get(f"{prefix}_AUTH", _ASKS_BY_DEFAULT[prefix]) in ("", "none"):
        return "", "make demo", []
    if service.get(f"{prefix}_AUTH") == "bearer":
        return "-H='Authorization: Bearer …' ", "make demo", []
    if all(service.get(f"{prefix}_{name}") == DEMO[f"LISTENER_{name}"] for name in _DEMO_USER):
        return "-H='Authorization: Basic dXNlcjpwd2Q=' ", "make demo", []
    return (
        "-H='Authorization: Basic …' ",
        "BROADCASTER_USER=… BROADCASTER_PASSWORD=… make demo",
        [
            "  The … of the header is what  printf 'USER:PASSWORD' | base64  prints for one of",
            f"  your {prefix}_USERS.",
            "",
        ],
    )
