"""Set containment of two schemas, asked of jsonschema-rs in a process of its own.

The library's procedure may take long or much memory on a hostile schema, and nothing can interrupt
it within this process. So it runs in a child with a limit of each; when that is exceeded the answer
is "unknown". Its "yes" is a proof, its "no" a hint of where to look for an instance.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

_MEMORY_BYTES = 2 * 1024**3
_MAX_DOCUMENT = 4_000_000
"""Characters of both schemas; larger ones are not asked about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``yes``, ``no`` or ``unknown``; `difference` accepts what only the writer does, if told."""

    contained: str
    difference: Any = None


class Containing(Protocol):
    """Who answers whether one schema contains another."""

    def ask(self, writer: Any, reader: Any, limit_s: float) -> Answer:
        """Whether `reader` accepts all that `writer` does; unknown after `limit_s` seconds."""

    def close(self) -> None:
        """End what was begun."""


class Containment:
    """Asks a child process, which is started when first needed and ended by `close`."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._child: subprocess.Popen[bytes] | None = None

    def ask(self, writer: Any, reader: Any, limit_s: float) -> Answer:
        """Whether `reader` accepts all that `writer` does; unknown after `limit_s` seconds."""
        question = json.dumps([writer, reader]).encode() + b"\n"
        if len(question) > _MAX_DOCUMENT or limit_s <= 0:
            return Answer("unknown")
        deadline = time.monotonic() + limit_s
        try:
            child = self._started()
            line = _exchange(child, question, deadline)
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            self.close()
            return Answer("unknown")
        contained, difference = json.loads(line)
        return Answer(contained, difference)

    def close(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is None:
            return
        atexit.unregister(child.kill)
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with suppress(OSError):  # what it still held goes nowhere
                    stream.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(  # noqa: S603 - this interpreter, this module
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            atexit.register(self._child.kill)  # for who is ended in the midst of a question
        return self._child


def _exchange(child: subprocess.Popen[bytes], question: bytes, deadline: float) -> bytes:
    """The answer's line; less than a line if time or the child ended."""
    if child.stdin is None or child.stdout is None:
        return b""
    answer = bytearray()
    pending = memoryview(question)
    os.set_blocking(child.stdin.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdin, selectors.EVENT_WRITE)
        selector.register(child.stdout, selectors.EVENT_READ)
        while not answer.endswith(b"\n"):
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready and time.monotonic() >= deadline:
                break
            for key, _ in ready:
                if key.fileobj is child.stdin:
                    pending = pending[os.write(child.stdin.fileno(), pending[:65536]) :]
                    if not pending:
                        selector.unregister(child.stdin)
                else:
                    part = os.read(child.stdout.fileno(), 65536)
                    if not part:
                        return bytes(answer)
                    answer += part
    return bytes(answer)


def decide_here(writer: Any, reader: Any) -> list[Any]:
    """The answer and the difference, asked in this process and without a limit."""
    import jsonschema_rs

    try:
        emitted = jsonschema_rs.canonicalize(writer, validate_formats=True, offline=True)
        accepted = jsonschema_rs.canonicalize(reader, validate_formats=True, offline=True)
        contained = str(accepted.covers(emitted).value)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return ["unknown", None]
    if contained == "yes":
        return [contained, None]
    try:
        difference = emitted.subtract(accepted).to_json_schema()
        return [contained, json.loads(json.dumps(difference, default=float))]
    except (ValueError, TypeError):
        return [contained, None]


def serve() -> None:
    """Answer questions from standard input, a line each, until it ends."""
    with suppress(ImportError):  # not every system has such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(decide_here(*json.loads(line))).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
