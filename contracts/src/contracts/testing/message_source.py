"""Where Pact's core fetches the message that it verifies: a server on the loopback, for a while.

Pact's own leaves its socket open. Invariant: nothing is left when the context is over.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from contracts.testing.pact_library import MEDIA_TYPE

HOST = "127.0.0.1"
PATH = "/message"
_METADATA = base64.b64encode(json.dumps({"contentType": MEDIA_TYPE}).encode()).decode()


class MessageSource:
    """Gives `contents` to whoever asks."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.contents = b""


@contextmanager
def message_source() -> Iterator[MessageSource]:
    """A source on a free port of the loopback."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Pact asks so, with the message's description."""
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", MEDIA_TYPE)
            self.send_header("Pact-Message-Metadata", _METADATA)
            self.send_header("Content-Length", str(len(source.contents)))
            self.end_headers()
            self.wfile.write(source.contents)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer((HOST, 0), Answer) as server:
        source = MessageSource(server.server_port)
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield source
        finally:
            server.shutdown()
            thread.join()
