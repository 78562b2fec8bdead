"""Waits until every service is ready, then says exactly what to try next."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from stack.plan import Plan, Service

_PATIENCE_S = 60.0
_EVERY_S = 0.2


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
    url = f"http://localhost:{service.port}/readyz"
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
    listener, *publishers = plan.services
    subscribe = f"ws://localhost:{publishers[0].port}/websocket"
    ingest = f"ws://localhost:{listener.port}/websocket"
    lines = [
        "",
        "Broadcaster is ready. In another terminal:",
        "",
        "  subscribe            .venv/bin/websocat " + subscribe,
        "  publish, type lines  .venv/bin/websocat "
        "-H='Authorization: Basic dXNlcjpwd2Q=' " + ingest,
        f"  replay everything    .venv/bin/websocat '{subscribe}?since=earliest'",
        f"  the last five min.   .venv/bin/broadcaster tail --since -5m {subscribe}",
        "  a demonstration      make demo",
        "",
    ]
    if len(publishers) > 1:
        ports = ", ".join(str(service.port) for service in publishers)
        lines.append(f"  {len(publishers)} publishers, on ports {ports}: a cursor serves on each.")
    kafka = f"records in {plan.kafka_dir}" if plan.local_kafka else "not started by this command"
    lines += [
        f"  Kafka at {plan.bootstrap} ({kafka}), topic {plan.topic}.",
        "  Ctrl-C here, or make stop, ends everything; records stay.",
        "",
    ]
    return "\n".join(lines)
