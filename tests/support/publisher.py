"""A publisher process with eyes: its readiness, metrics and log lines, and waits for each."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx

from support.services import PublisherProcess

_POLL_S = 0.02


def eventually(
    holds: Callable[[], bool],
    what: str,
    *,
    timeout_s: float = 10.0,
    explain: Callable[[], str] = lambda: "",
) -> None:
    """Wait until `holds()`; fails with `what` and `explain()` when the time is up."""
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"not within {timeout_s:g} s: {what}\n{explain()}")
        time.sleep(_POLL_S)


class Publisher(PublisherProcess):
    """See the module. ``instance=None`` makes it ephemeral."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        log_dir: Path,
        instance: str | None = "test",
        **settings: object,
    ) -> None:
        super().__init__(bootstrap, topic, log_dir, instance or "ephemeral", **settings)
        self.log_path = log_dir / f"publisher-{self.port}.log"
        if instance is None:
            del self.environment["PUBLISHER_INSTANCE"]
        self._http = httpx.Client(base_url=self.http_url, trust_env=False, timeout=5)

    @property
    def group(self) -> str:
        """Its consumer group; for one with a stable name."""
        prefix, name = (self.environment[f"PUBLISHER_{n}"] for n in ("GROUP_PREFIX", "INSTANCE"))
        return f"{prefix}.{name}"

    @property
    def returncode(self) -> int | None:
        """The exit status, None while it runs."""
        return None if self._process is None else self._process.poll()

    def close(self) -> None:
        """Kill it if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self.kill()
        self._http.close()

    def answer(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:
        """One HTTP request."""
        return self._http.request(method, path, **more)

    def readiness(self) -> tuple[int, list[str]]:
        """Status and reasons of ``/readyz``; ``(0, [])`` while nobody answers."""
        try:
            answer = self.answer("/readyz")
        except httpx.TransportError:
            return 0, []
        return answer.status_code, [each["reason"] for each in answer.json().get("reasons", [])]

    def wait_reason(self, reason: str, *, timeout_s: float = 15.0) -> Self:
        """Until ``/readyz`` answers 503 with this reason alone."""
        self.wait_that(
            lambda: self.readiness() == (503, [reason]), f"not ready: {reason}", timeout_s=timeout_s
        )
        return self

    def wait_that(self, holds: Callable[[], bool], what: str, *, timeout_s: float = 10.0) -> None:
        """Until `holds()`; fails at once when the process ends meanwhile."""
        eventually(
            lambda: holds() or self.returncode is not None,
            what,
            timeout_s=timeout_s,
            explain=self.last_words,
        )
        assert self.returncode is None, f"ended with {self.returncode}\n{self.last_words()}"

    def log_lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """Its structured lines; those of one `event`, if given."""
        text = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [line for line in lines if event is None or line.get("event") == event]

    def complaints(self) -> list[str]:
        """What it logged as an error, and everything that is no structured line (a traceback)."""
        text = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        return [
            line
            for line in text.splitlines()
            if not line.startswith("{") or json.loads(line)["level"] in {"error", "critical"}
        ]
