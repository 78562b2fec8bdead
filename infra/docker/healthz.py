"""The images' HEALTHCHECK: does this container's service answer ``/healthz``?

Liveness only: a service that waits for Kafka is healthy and not ready, and restarting it would not
help. Uses the standard library alone and no proxy, whatever the environment says.

Usage: healthz.py LISTENER|PUBLISHER   the prefix of the service's settings; exit status 0 or 1
"""

from __future__ import annotations

import os
import sys
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

_SAME_MACHINE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - looked up, not bound
_TIMEOUT_S = 3


def main(prefix: str) -> int:
    """Ask once; gives the exit status."""
    host = os.environ[f"{prefix}_HOST"]
    url = f"http://{_SAME_MACHINE.get(host, host)}:{os.environ[f'{prefix}_PORT']}/healthz"
    try:
        build_opener(ProxyHandler({})).open(url, timeout=_TIMEOUT_S).close()
    except (URLError, OSError) as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
