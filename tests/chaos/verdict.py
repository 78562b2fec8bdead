"""The verdict on a scene: what producers and subscribers were told, against the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from chaos.ledger import Ledger
from chaos.load import Told
from chaos.row import Row
from chaos.subscriber import Subscriber


def verdict(
    row: Row,
    ledger: Ledger,
    told: Sequence[Told],
    subscribers: Sequence[Subscriber],
    *,
    forgets: bool,
    tolerated: set[str],
) -> Row:
    """`row` with its numbers and complaints. See `Scene` for the rest."""
    return _of_subscribers(
        _of_producers(row, ledger, told), ledger, subscribers, forgets, tolerated
    )


def _of_producers(row: Row, ledger: Ledger, told: Sequence[Told]) -> Row:
    complaints = list(row.complaints)
    stored = ledger.stored
    lost = untrue = 0
    unknown: set[str] = set()
    tries: dict[str, int] = {}
    for each in told:
        lost += sum(not set(at) <= set(stored.get(name, ())) for name, at in each.acked.items())
        untrue += sum(bool(stored.get(name)) for name in each.never_stored())
        unknown |= each.unknown
        tries |= each.tries
        if each.refused:
            complaints.append(f"refused: {dict(Counter(each.refused.values()))}")
    if untrue:
        complaints.append(f"{untrue} of which 'unavailable' was said are stored")
    twice = {name for name, places in stored.items() if len(places) > 1}
    if often := [name for name in twice if len(stored[name]) > tries.get(name, 1)]:
        complaints.append(f"{len(often)} stored more often than sent: {often[:3]}")
    return replace(
        row,
        sent=len(tries),
        acked=sum(len(each.acked) for each in told),
        unknown=len(unknown),
        lost=lost,
        twice=len(twice),
        twice_known=len(twice - unknown),
        complaints=tuple(complaints),
    )


def _of_subscribers(
    row: Row,
    ledger: Ledger,
    subscribers: Sequence[Subscriber],
    forgets: bool,
    tolerated: set[str],
) -> Row:
    complaints = list(row.complaints)
    stretches = [(each.manner.name, one) for each in subscribers for one in each.stretches]
    if not forgets:
        for name, stretch in stretches:
            if odd := ledger.phantoms(stretch):
                complaints.append(f"{name} got what is not there: {odd[:3]}")
        for _, stretch in stretches:
            ledger.delivered(stretch)
    delivered = gaps = repeated = 0
    for name, stretch in stretches:
        if untold := ledger.untold(stretch):
            complaints.append(f"{name} was not told that {untold[:3]} were lost")
        found = ledger.judge(stretch)
        delivered += found.delivered
        gaps += len(found.gaps)
        repeated += len(found.repeated)
        if found.gaps or found.repeated:
            complaints.append(
                f"{name} from {stretch.start} to {stretch.positions}, told {stretch.told}: "
                f"gaps {found.gaps[:3]}, repeated {found.repeated[:3]}"
            )
    for each in subscribers:
        complaints += [f"{each.manner.name}: {said}" for said in each.violations]
        final = {problem["type"] for problem in each.told if not problem["retriable"]}
        if more := final - tolerated:
            complaints.append(f"{each.manner.name} was told {sorted(more)}")
    return replace(
        row, delivered=delivered, gaps=gaps, duplicated=repeated, complaints=tuple(complaints)
    )
