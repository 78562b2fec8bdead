"""The provider's side of message pacts: every event that it would send, against each expectation.

Pact's core judges, from the local file that the consumer's tests wrote. No broker, no network but
the loopback.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.catalogue import Catalogue
from contracts.testing.errors import ContractBroken
from contracts.testing.golden import golden_events
from contracts.testing.message_source import HOST, PATH, MessageSource, message_source
from contracts.testing.pact_library import PROVIDER, pact_library

_MAX_TOLD = 3

Deliver = Callable[[str], Mapping[str, Mapping[str, Any]]]
"""Contract (``order.placed/2``) → the events of it that the provider would send, by a name each."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a consumer expects of events of a contract."""

    description: str
    contract: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was verified, so that a test can tell that something was."""

    expectations: int
    events: int


def expectations(file: Path) -> list[Expectation]:
    """What a pact file expects.

    Raises:
        ContractBroken: it expects nothing, or not events of a contract.
    """
    interactions = json.loads(file.read_text(encoding="utf-8")).get("interactions", [])
    found = [
        Expectation(each["description"], state["name"])
        for each in interactions
        if each.get("type") == "Asynchronous/Messages"
        for state in each.get("providerStates", [])[:1]
    ]
    if not found or len(found) < len(interactions):
        raise ContractBroken(
            f"{file.name}: each expectation is an asynchronous message whose provider state is the "
            "contract, such as order.placed/2"
        )
    return found


def golden_deliveries(catalogue: Catalogue) -> Deliver:
    """The provider's golden examples as what it would send."""

    def deliver(contract: str) -> dict[str, dict[str, Any]]:
        return {each.name: each.event for each in golden_events(catalogue, [contract])}

    return deliver


def verify_pact(file: Path, deliver: Deliver) -> Verified:
    """Hold every event that `deliver` gives against every expectation in `file`.

    Raises:
        ContractBroken: an event lacks what the consumer reads, or there is no event to judge by.
    """
    found = expectations(file)
    broken: list[str] = []
    total = 0
    with message_source() as source:
        for each in found:
            events = deliver(each.contract)
            if not events:
                raise ContractBroken(
                    f"{file.name}: there is no event of {each.contract} to verify "
                    f"{each.description!r} with"
                )
            for name, event in events.items():
                total += 1
                fault = _fault(file, each, event, source)
                if fault is not None:
                    broken.append(f"{each.description!r}, {each.contract}:{name}: {fault}")
    if broken:
        raise ContractBroken(_told(file, broken))
    return Verified(len(found), total)


def _told(file: Path, broken: list[str]) -> str:
    more = len(broken) - _MAX_TOLD
    rest = [f"and {more} more"] if more > 0 else []
    head = f"{file.name} is not kept by what the provider sends:"
    return "\n".join([head, *broken[:_MAX_TOLD], *rest])


def _fault(
    file: Path, expectation: Expectation, event: Mapping[str, Any], source: MessageSource
) -> str | None:
    source.contents = json.dumps(event).encode()
    verifier = (
        pact_library()
        .Verifier(PROVIDER, host=HOST)
        .add_transport(protocol="message", port=source.port, path=PATH)
        .filter(f"^{re.escape(expectation.description)}$")
        .set_coloured_output(enabled=False)
        .set_error_on_empty_pact(enabled=True)
        .add_source(file)
    )
    try:
        verifier.verify()
    except RuntimeError:
        return _mismatches(verifier)
    return None


def _mismatches(verifier: Any) -> str:
    """What Pact found, each with its place; a failure of another kind in Pact's own words."""
    told = [
        f"{each.get('path', '')} {each.get('mismatch', each)}".strip()
        for error in verifier.results["errors"]
        for each in error["mismatch"].get("mismatches", [error["mismatch"]])
    ]
    return "; ".join(told) or verifier.output(strip_ansi=True)
