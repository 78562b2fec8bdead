"""The decision: can consumers of one version take what producers of another emit?

Three answers. `Compatible` is proved, place by place or by set containment, and no instance that
was tried speaks against it. `Breaks` carries an instance that the writer's own schema accepts and
the reader's refuses, both said by the validator. Everything else is `Undecided`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from contracts.compatibility.containment import Answer, Containing, Containment
from contracts.compatibility.depth import OutOfTimeError, deeply
from contracts.compatibility.normal import Normal
from contracts.compatibility.proof import Gap, Proof
from contracts.compatibility.samples import Samples
from contracts.compatibility.variants import Variants
from contracts.compatibility.version import Version
from contracts.explanation import explain
from contracts.violation import Violation

TIME_LIMIT_S = 10.0
"""For one pair of versions."""
_TRIED_IF_PROVED = 150
_TRIED = 20_000
_TRIED_AT_GAP = 300
_ROUNDS = 12
_MAX_ITEMS = 50
"""Of an array that are looked at when an example is made smaller."""


@dataclass(frozen=True, slots=True)
class Compatible:
    """Everything that the writer emits is understood by the reader."""


@dataclass(frozen=True, slots=True)
class Breaks:
    """The writer emits `instance`, and the reader refuses it for `violations`."""

    instance: Any
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """Neither is known; `places` are those that no proof was found for."""

    reason: str
    places: tuple[str, ...] = ()


Verdict: TypeAlias = Compatible | Breaks | Undecided


class Decider:
    """Decides, each pair within `time_limit_s`; `close` ends what it started."""

    def __init__(
        self,
        time_limit_s: float = TIME_LIMIT_S,
        seed: int = 2026,
        containment: Containing | None = None,
    ) -> None:
        """Decide nothing yet; the same `seed` tries the same instances.

        Where nothing else helps, `containment` is asked: a process of its own, if none is given.
        """
        self._time_limit_s = time_limit_s
        self._seed = seed
        self._containment = containment or Containment()

    def close(self) -> None:
        """End the process that was asked."""
        self._containment.close()

    def decide(self, writer: Version, reader: Version) -> Verdict:
        """Whether consumers of `reader` understand all that producers of `writer` emit."""
        deadline = time.monotonic() + self._time_limit_s
        if writer.digest == reader.digest and writer.normal.draft == reader.normal.draft:
            return Compatible()
        try:
            return deeply(lambda: self._decide(writer, reader, deadline), deadline)
        except OutOfTimeError:
            return Undecided("no answer was found within the time limit")
        except (RecursionError, ValueError) as error:
            return Undecided(f"the schemas cannot be compared: {error}")

    def _decide(self, writer: Version, reader: Version, deadline: float) -> Verdict:
        bar = _bar(writer.normal, reader.normal)
        half = (deadline + time.monotonic()) / 2
        proof = Proof(writer.normal, reader.opened, deadline=half)
        proved = bar is None and proof.succeeds()
        answer = Answer("unknown")
        if not proved and bar is None:
            left = (deadline - time.monotonic()) / 2
            answer = self._containment.ask(writer.emitted, reader.opened.document(), left)
            proved = answer.contained == "yes"
        candidates = self._candidates(writer, reader, answer, proof.gaps)
        tried = islice(candidates, _TRIED_IF_PROVED if proved else _TRIED)
        instance = _first(tried, writer, reader, deadline)
        if instance is not _NONE:
            return _break(_smallest(instance, writer, reader, deadline), reader)
        if proved:
            return Compatible()
        late = " within the time limit" if time.monotonic() >= deadline else ""
        reason = bar or f"no proof and no example of a break was found{late}"
        return Undecided(reason, tuple(dict.fromkeys(map(_place, proof.gaps))))

    def _candidates(
        self, writer: Version, reader: Version, answer: Answer, gaps: Sequence[Gap]
    ) -> Iterator[Any]:
        yield from writer.examples
        yield from ({}, [], "", 0, None)
        if isinstance(answer.difference, dict):
            yield from self._of_difference(answer.difference)
        rng = random.Random(self._seed)  # noqa: S311 - samples, not secrets
        samples = Samples(writer.normal, rng)
        variants = Variants(samples, writer.normal, reader.normal)
        for _ in range(10):
            yield samples.plain()
        for gap in gaps:
            yield from islice(variants.at(gap.path, gap.certain), _TRIED_AT_GAP)
        focus = {step for gap in gaps for step in gap.path}
        if focus:
            yield from islice(variants.everywhere(focus), _TRIED // 4)
        for _ in range(_ROUNDS):
            yield from islice(variants.everywhere(), _TRIED // 4)

    def _of_difference(self, schema: dict[str, Any]) -> Iterator[Any]:
        definitions = schema.get("$defs", {})
        if any(not str(one).startswith("#/$defs/") for one in _references(schema)):
            return
        root = {name: value for name, value in schema.items() if name != "$defs"}
        rng = random.Random(self._seed)  # noqa: S311 - samples, not secrets
        difference = Normal(root, definitions, 20)
        samples = Samples(difference, rng)
        yield samples.plain()
        yield from islice(Variants(samples, difference).everywhere(), 300)


_NONE = object()


def _references(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _bar(writer: Normal, reader: Normal) -> str | None:
    """What keeps these two from being compared by their normal forms."""
    if writer.opaque or reader.opaque:
        return writer.opaque or reader.opaque
    if writer.draft == reader.draft:
        return None
    # the form is wider than the original there, which does no harm to a plain writer's
    return reader.draft_bound or (writer.draft_bound if _has_negations(writer) else None)


def _has_negations(normal: Normal) -> bool:
    pending: list[Any] = [normal.root, *normal.definitions.values()]
    while pending:
        node = pending.pop()
        if isinstance(node, Mapping):
            if not {"not", "if", "oneOf"}.isdisjoint(node):
                return True
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return False


def _is_break(value: Any, writer: Version, reader: Version) -> bool:
    return writer.emits(value) and not reader.understands(value)


def _first(values: Iterator[Any], writer: Version, reader: Version, deadline: float) -> Any:
    for value in values:
        if _is_break(value, writer, reader):
            return value
        if time.monotonic() > deadline:
            break
    return _NONE


def _smallest(value: Any, writer: Version, reader: Version, deadline: float) -> Any:
    """With every member and item left out that the break does not need."""
    changed = True
    while changed and time.monotonic() < deadline:
        changed = False
        for smaller in _smaller(value):
            if _is_break(smaller, writer, reader):
                value, changed = smaller, True
                break
    return value


def _smaller(value: Any) -> Iterator[Any]:
    """Every value with one member or item less, at any depth; the larger parts first."""
    if isinstance(value, dict):
        for name in value:
            yield {other: one for other, one in value.items() if other != name}
        for name, inner in value.items():
            for smaller in _smaller(inner):
                yield {**value, name: smaller}
    elif isinstance(value, list):
        if len(value) > 4:
            yield value[: len(value) // 2]
        for index in range(min(len(value), _MAX_ITEMS)):
            yield [*value[:index], *value[index + 1 :]]
        for index, inner in enumerate(value[:_MAX_ITEMS]):
            for smaller in _smaller(inner):
                yield [*value[:index], smaller, *value[index + 1 :]]


def _break(instance: Any, reader: Version) -> Breaks:
    words = _Everything()
    judge = reader.judge if reader.opened_judge.is_valid(instance) else reader.opened_judge
    errors = islice(judge.iter_errors(instance), 10)
    return Breaks(instance, tuple(dict.fromkeys(explain(one, instance, words) for one in errors)))


class _Everything(frozenset[str]):
    """Says of every word that it may be told: a made-up instance holds no secrets."""

    def __contains__(self, word: object) -> bool:
        return True


def _place(gap: Gap) -> str:
    return f"/data{''.join(f'/{step}' for step in gap.path)} ({gap.keyword})"
