"""Keeps the generated documents in contracts/ true to the code: AsyncAPI and OpenAPI.

Usage: generated.py [--check]   Without --check the files are written; with it, exit status 1 and a
line per file that is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

from contracts import asyncapi, openapi
from contracts.catalogue import load_catalogue
from contracts.services import LISTENER, PUBLISHER, SERVICES

CONTRACTS = Path(__file__).parents[2] / "contracts"


def texts() -> dict[str, str]:
    """Name → what the file must hold."""
    catalogue = load_catalogue(CONTRACTS)
    own = {
        f"openapi.{service}.json": openapi.encode(openapi.document(service, catalogue))
        for service in SERVICES
    }
    both = asyncapi.encode(asyncapi.document([LISTENER, PUBLISHER], catalogue))
    return {"asyncapi.json": both, **own}


def main() -> int:
    """Write or check; gives the exit status."""
    check = "--check" in sys.argv[1:]
    stale = 0
    for name, text in texts().items():
        file = CONTRACTS / name
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        if check:
            stale += 1
            sys.stdout.write(f"contracts/{name} is stale; run: make generated\n")
        else:
            file.write_text(text, encoding="utf-8")
            sys.stdout.write(f"contracts/{name} written\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
