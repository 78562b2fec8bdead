"""The real websocat, as the original's users run it: typed lines in, printed frames out."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

BINARY = Path(sys.executable).with_name("websocat")


class Websocat:
    """One running websocat. Lines that it prints are parsed as frames."""

    def __init__(self, url: str, *options: str) -> None:
        self._process = subprocess.Popen(
            [str(BINARY), "--exit-on-eof", *options, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def type_line(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def frame(self, timeout_s: float = 5) -> dict[str, Any]:
        """The next frame that it prints."""
        try:
            frame: dict[str, Any] = json.loads(self._lines.get(timeout=timeout_s))
        except queue.Empty:
            raise AssertionError(f"websocat printed nothing within {timeout_s} s") from None
        return frame

    def frame_of(self, kind: str, timeout_s: float = 5) -> dict[str, Any]:
        """The next frame of a type."""
        deadline_s = time.monotonic() + timeout_s
        while (frame := self.frame(max(0.01, deadline_s - time.monotonic())))["type"] != kind:
            continue
        return frame

    def rest(self, timeout_s: float = 10) -> list[dict[str, Any]]:
        """All frames up to its end, which the server's close brings."""
        self._process.wait(timeout_s)
        self._reader.join(timeout_s)
        frames = []
        while not self._lines.empty():
            frames.append(json.loads(self._lines.get()))
        return frames

    def end(self) -> str:
        """End it; gives what it said on stderr."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)
        assert self._process.stderr is not None
        return self._process.stderr.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
