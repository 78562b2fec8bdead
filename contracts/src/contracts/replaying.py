"""The command `contracts replay`: a candidate schema before the events that Kafka retains.

It answers, before a deployment, whether consumers of the candidate understand what is stored. It
reads only, counts everything, and names the first offenders; payloads are never printed.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import orjson
import typer
from rich.text import Text

from contracts.catalogue import Contract, read_catalogue
from contracts.compatibility.version import Version
from contracts.compiled import CompiledContract
from contracts.console import catalogue_of, count, err, find_contract, out, refused
from contracts.documents import Documents, read_json
from contracts.errors import ContractsError, InvalidCatalogueError
from contracts.explanation import words_of
from contracts.retained import Record, Retained, retained
from contracts.since import Point, parse_point
from contracts.violation import Violation

_VERSION_SHOWN = 80


@dataclass(slots=True)
class Tally:
    """What a replay has seen so far."""

    limit: int
    """Of offenders that are named."""
    records: int = 0
    foreign: int = 0
    """Records that are no events."""
    others: int = 0
    """Events of other types."""
    understood: int = 0
    refused: int = 0
    by_version: Counter[str] = field(default_factory=Counter)
    offenders: list[tuple[Record, tuple[Violation, ...]]] = field(default_factory=list)


class Candidate:
    """The schema that the events are held against."""

    def __init__(self, contract: Contract, *, strict: bool) -> None:
        """With `strict` as the listener judges, else as consumers read: unknown members ignored."""
        self.contract = contract
        self._version = Version(contract)
        self._understands = self._version.judge.is_valid if strict else self._version.understands
        judge = self._version.judge if strict else self._version.opened_judge
        self._compiled = CompiledContract(contract, judge, words_of(contract.documents))

    def judge(self, record: Record, tally: Tally) -> None:
        """Count one record."""
        tally.records += 1
        event = _event(record.value)
        if event is None:
            tally.foreign += 1
        elif event.get("type") != self.contract.type:
            tally.others += 1
        elif "data_base64" not in event and self._understands(event.get("data")):
            tally.understood += 1
        else:
            tally.refused += 1
            tally.by_version[_version_named(event)] += 1
            if len(tally.offenders) < tally.limit:
                tally.offenders.append((record, self._compiled.violations(event)))


def replay(  # noqa: PLR0913, PLR0917 - its parameters are the command's options
    type_: Annotated[str, typer.Argument(metavar="TYPE[/N]", help="Whose events are judged.")],
    since: Annotated[str, typer.Option(help="Where to begin: earliest, -1h, a time, a cursor, …")],
    until: Annotated[str, typer.Option(help="Where to end, not included.")] = "now",
    schema: Annotated[
        Path | None, typer.Option(help="The candidate, a schema file; else a contract.")
    ] = None,
    contracts_dir: Annotated[
        Path | None,
        typer.Option(
            "--contracts-dir", "--dir", envvar="CONTRACTS_DIR", help="Where the candidate lies."
        ),
    ] = None,
    bootstrap: Annotated[
        str, typer.Option(envvar="KAFKA_BOOTSTRAP_SERVERS", help="host:port, separated by commas.")
    ] = "127.0.0.1:19092",
    topic: Annotated[str, typer.Option(envvar="KAFKA_TOPIC")] = "events",
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse unknown members where the schema is closed.")
    ] = False,
    offenders: Annotated[int, typer.Option(min=0, help="Refused events that are named.")] = 10,
) -> None:
    """Judge a candidate schema by the events that Kafka retains; exit 1 if it refuses any."""
    import asyncio
    import logging

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what fails is told, once, below
    try:
        points = parse_point(since), parse_point(until)
        candidate = Candidate(_candidate(type_, schema, contracts_dir), strict=strict)
        tally = Tally(offenders)
        asyncio.run(_replay(candidate, tally, points, bootstrap, topic))
    except InvalidCatalogueError as error:
        raise refused(str(error)) from error
    except ContractsError as error:
        raise refused(f"It cannot be replayed: {error}.") from error
    _print(candidate, tally)
    if tally.refused:
        raise typer.Exit(1)


def _candidate(type_: str, schema: Path | None, contracts_dir: Path | None) -> Contract:
    if schema is None:
        return find_contract(catalogue_of(contracts_dir), type_)
    name = type_.partition("/")[0]
    # alone, or with the files around it when it lies in a directory of contracts
    top = next((p for p in schema.resolve().parents if p.name == "schemas"), None)
    if top is not None:
        _, documents, _ = read_catalogue(top.parent)
        path = schema.resolve().relative_to(top.parent).as_posix()
        if path in documents.by_path:
            return Contract(name, 0, path, documents)
    content = read_json(str(schema), schema)
    path = "schemas/candidate.json"
    alone = Documents(schema.parent, MappingProxyType({path: content}), MappingProxyType({}))
    return Contract(name, 0, path, alone)


async def _replay(
    candidate: Candidate, tally: Tally, points: tuple[Point, Point], bootstrap: str, topic: str
) -> None:
    now_ms = time.time_ns() // 1_000_000
    async with retained(bootstrap, topic, *points, now_ms) as reading:
        await _judge_all(candidate, tally, reading)


async def _judge_all(candidate: Candidate, tally: Tally, reading: Retained) -> None:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as progress:
        task = progress.add_task("offsets", total=reading.span.offsets)
        done = 0
        async for batch in reading.batches():
            for record in batch:
                candidate.judge(record, tally)
            done += len(batch)
            progress.update(task, completed=done)


def _event(value: bytes | None) -> dict[str, Any] | None:
    if value is None:
        return None
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and "specversion" in event else None


def _version_named(event: dict[str, Any]) -> str:
    named = event.get("dataschema")
    return named[-_VERSION_SHOWN:] if isinstance(named, str) else "no dataschema"


def _print(candidate: Candidate, tally: Tally) -> None:
    for record, violations in tally.offenders:
        out.print(Text(f"{record.partition}:{record.offset} refused", style="red"))
        for one in violations[:5]:
            out.print(Text(f"  {one.pointer or 'the event'}: {one.detail} ({one.keyword})"))
    if tally.refused > len(tally.offenders):
        out.print(f"… and {tally.refused - len(tally.offenders)} more")
    for named, number in tally.by_version.most_common(10):
        out.print(Text(f"refused, of {named}: {number}"))
    judged = tally.understood + tally.refused
    out.print(
        Text(
            f"{count(tally.records, 'record')}: {judged} of type {candidate.contract.type}, "
            f"{tally.understood} understood, {tally.refused} refused; "
            f"{tally.others} of other types, {tally.foreign} no events",
            style="bold red" if tally.refused else "green",
        )
    )
