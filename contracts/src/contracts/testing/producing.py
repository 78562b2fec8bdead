"""The producer's promise: what my code emits is valid for the contract version that I mean.

Envelope and data are judged as the listener judges them, so what passes here is accepted there.
`id`, `source` and `time` may be absent, since the listener fills them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from contracts.catalogue import Catalogue, Contract
from contracts.event_file import FILLED
from contracts.examples import whole_event
from contracts.judge import Accepted, Judge, Rejected
from contracts.testing.errors import ContractBroken
from contracts.testing.named import contract_named


class ProducerContract:
    """Checks what is emitted. Made once for a catalogue; cheap to call."""

    def __init__(self, catalogue: Catalogue, judge: Judge | None = None) -> None:
        self._catalogue = catalogue
        self._judge = judge or Judge(catalogue)

    def check(self, event: Mapping[str, Any] | str | bytes, contract: str) -> dict[str, Any]:
        """`event`, parsed: a CloudEvent that is valid for `contract` (``order.placed/2``).

        Without ``dataschema`` an event is of the newest version, as at the listener.

        Raises:
            ContractBroken: it is not; the message names every place.
        """
        wanted = contract_named(self._catalogue, contract)
        parsed = _parsed(event)
        verdict = self._judge.judge({**FILLED, **parsed})
        if isinstance(verdict, Rejected):
            raise ContractBroken(_told(wanted, verdict))
        _require_meant(wanted, verdict, parsed)
        return parsed

    def check_data(self, data: Any, contract: str) -> Any:
        """`data` itself, which is valid as the data of an event of `contract`.

        Raises:
            ContractBroken: it is not; the message names every place.
        """
        wanted = contract_named(self._catalogue, contract)
        envelope = whole_event(wanted, None)
        verdict = self._judge.judge({**envelope, "data": data})
        if isinstance(verdict, Rejected):
            raise ContractBroken(_told(wanted, verdict))
        return data


def _parsed(event: Mapping[str, Any] | str | bytes) -> dict[str, Any]:
    value: object = event
    if isinstance(event, str | bytes):
        try:
            value = orjson.loads(event)
        except orjson.JSONDecodeError as error:
            raise ContractBroken(f"what was emitted is not JSON: {error.msg}") from error
    if not isinstance(value, Mapping) or "specversion" not in value:
        raise ContractBroken(
            "what was emitted is no CloudEvent: a JSON object that has specversion; to check data "
            "alone use check_data"
        )
    # through JSON, as on the wire: a tuple is an array there, and an object that JSON lacks shows
    try:
        parsed: dict[str, Any] = orjson.loads(orjson.dumps(dict(value)))
    except orjson.JSONEncodeError as error:
        raise ContractBroken(f"what was emitted cannot be written as JSON: {error}") from error
    return parsed


def _require_meant(wanted: Contract, verdict: Accepted, event: Mapping[str, Any]) -> None:
    if (verdict.type, verdict.version) == (wanted.type, wanted.version):
        return
    judged_by = f"{verdict.type}/{verdict.version}"
    if verdict.type != wanted.type:
        hint = f"its type is {verdict.type}"
    elif event.get("dataschema") is None:
        hint = f"it has no dataschema, so the newest version applies; end it in /{wanted.name}"
    else:
        hint = f"its dataschema ends in /{judged_by}"
    raise ContractBroken(f"the event is judged by {judged_by}, not by {wanted.name}: {hint}")


def _told(wanted: Contract, rejected: Rejected) -> str:
    lines = [f"the event is not valid for {wanted.name}: {rejected.problem.detail}"]
    lines += [
        f"  {each.pointer or 'the event'}: {each.detail} ({each.keyword})"
        for each in rejected.violations
    ]
    return "\n".join(lines)
