"""Waits until every service is ready, then says exactly what to try next."""

from __future__ import annotations

import json
import shlex
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
    producing = _door(listener.environment, "LISTENER")
    seeing = _door(publishers[0].environment, "PUBLISHER")
    tail = f"{seeing.variables}.venv/bin/broadcaster tail --since -5m {subscribe}"
    lines = [
        "",
        "Broadcaster is ready. In another terminal:",
        "",
        f"  subscribe            .venv/bin/websocat {seeing.header}{subscribe}",
        "  publish, type lines  .venv/bin/websocat "
        f"{producing.header}ws://{listener.address}/websocket",
        f"  replay everything    .venv/bin/websocat {seeing.header}'{subscribe}?since=earliest'",
        f"  the last five min.   {tail}",
        f"  a demonstration      {_demonstration(plan, producing, seeing)}",
    ]
    doors = [producing, seeing]
    if plan.dead_letters is not None:
        look = f"ws://{plan.dead_letters.address}/websocket?since=earliest"
        whose = _door(plan.dead_letters.environment, "PUBLISHER")
        lines.append(f"  your dead letters    .venv/bin/websocat {whose.header}'{look}'")
        doors.append(whose)
    lines += ["", *_explained(doors)]
    if len(publishers) > 1:
        ports = ", ".join(str(service.port) for service in publishers)
        lines.append(f"  {len(publishers)} publishers, on ports {ports}: a cursor serves on each.")
    kafka = f"records in {plan.kafka_dir}" if plan.local_kafka else "not started by this command"
    lines += [
        f"  Kafka at {plan.bootstrap} ({kafka}), topic {plan.topic}.",
        f"  Ctrl-C here, or {_end(listener.environment)}, ends everything; records stay.",
        "",
    ]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Door:
    """What a service wants to be sent: by websocat, by `broadcaster`, and whose it is."""

    header: str = ""
    variables: str = ""
    others: str = ""
    """The variable that names the users, where they are not the demo's."""


_DEMOS = _Door(
    "-H='Authorization: Basic dXNlcjpwd2Q=' ", "BROADCASTER_USER=user BROADCASTER_PASSWORD=pwd "
)
_TOKENS = _Door("-H='Authorization: Bearer …' ", "BROADCASTER_TOKEN=… ")


def _door(service: Mapping[str, str], prefix: str) -> _Door:
    asked = service.get(f"{prefix}_AUTH", _ASKS_BY_DEFAULT[prefix])
    if asked in ("", "none"):
        return _Door()
    if asked == "bearer":
        return _TOKENS
    if all(service.get(f"{prefix}_{name}") == DEMO[f"LISTENER_{name}"] for name in _DEMO_USER):
        return _DEMOS
    same = service.get(f"{prefix}_USERS") == service.get("LISTENER_USERS")
    users = "LISTENER_USERS" if same else f"{prefix}_USERS"
    who = "BROADCASTER_USER=… BROADCASTER_PASSWORD=… "
    return _Door("-H='Authorization: Basic …' ", who, users)


def _demonstration(plan: Plan, *doors: _Door) -> str:
    """`make demo` with what it does not know by itself: it is the demo's user, on usual ports."""
    words = ""
    usual = {"LISTENER": "localhost:8080", "PUBLISHER": "localhost:8081"}
    for service, (name, address) in zip(plan.services, usual.items(), strict=False):
        if service.address != address:
            words += f"BROADCASTER_{name}_URL=ws://{service.address}/websocket "
    told = dict.fromkeys(door.variables for door in doors if door != _DEMOS)
    return f"{words}{''.join(told)}make demo"


def _explained(doors: list[_Door]) -> list[str]:
    """What the … stand for."""
    lines = []
    if users := dict.fromkeys(door.others for door in doors if door.others):
        lines += [
            "  The … of Basic is what  printf 'USER:PASSWORD' | base64  prints for one of",
            f"  your {' or '.join(users)}.",
        ]
    if _TOKENS in doors:
        lines.append("  The … of Bearer is a token; docs/operations.md makes one.")
    return [*lines, ""] if lines else []


def _end(environment: Mapping[str, str]) -> str:
    where = environment.get("BROADCASTER_DATA_DIR")
    return f"BROADCASTER_DATA_DIR={shlex.quote(where)} make stop" if where else "make stop"
