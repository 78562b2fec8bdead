"""The command `contracts`: what a team runs by hand and in its CI.

Each command reads files, prints for a person, and says by its exit status whether all is well:
0 yes, 1 no, 2 the command could not be carried out. It opens no socket.
"""

from __future__ import annotations

import sys
from collections.abc import Sized
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts import asyncapi
from contracts.catalogue import Catalogue, serving_catalogue, shipped_directory
from contracts.check import check_directory
from contracts.errors import Fault, InvalidCatalogueError
from contracts.event_file import NotRead, read_events
from contracts.judge import Accepted, Judge, Rejected

app = typer.Typer(
    name="contracts",
    help="Event contracts: check a directory of them, validate events by them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(highlight=False, soft_wrap=True, stderr=True)

ContractsDir = Annotated[
    Path | None,
    typer.Option(
        "--contracts-dir",
        envvar="CONTRACTS_DIR",
        help="A directory with schemas/<type>/<version>.json, before the shipped contracts.",
    ),
]


class Service(StrEnum):
    """The services that have an AsyncAPI document."""

    LISTENER = "listener"
    PUBLISHER = "publisher"


@app.command()
def check(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            envvar="CONTRACTS_DIR",
            help="A directory with schemas/ and examples/; without it, the shipped contracts.",
        ),
    ] = None,
) -> None:
    """Check schemas, references, examples and names of a directory of contracts."""
    report = check_directory(directory or shipped_directory())
    for fault in report.faults:
        _print_fault(fault, "error", "red")
    for note in report.notes:
        _print_fault(note, "note", "yellow")
    counted = f"{_count(report.contracts, 'contract')}, {_count(range(report.examples), 'example')}"
    if report.faults:
        _out.print(Text(f"{counted}: {_count(report.faults, 'fault')}", style="bold red"))
        raise typer.Exit(1)
    _out.print(Text(f"{counted}: all is well", style="green"))


@app.command()
def validate(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Events as NDJSON or JSON; - is standard input.")
    ],
    contracts_dir: ContractsDir = None,
) -> None:
    """Judge events as the listener does: a verdict for each; exit 1 if any is refused.

    As at the listener, id, source and time may be absent.
    """
    judge = _judge(contracts_dir)
    refused = total = 0
    with _open(file) as stream:
        for place, event in read_events(stream):
            verdict = event if isinstance(event, NotRead) else judge.judge(event)
            total += 1
            refused += not isinstance(verdict, Accepted)
            _print_verdict(place, verdict)
    if total == 0:
        _err.print("There is no event in the input: give one JSON object a line.", style="red")
        raise typer.Exit(1)
    _err.print(f"{_count(range(total), 'event')}: {total - refused} accepted, {refused} rejected")
    if refused:
        raise typer.Exit(1)


@app.command("list")
def list_(contracts_dir: ContractsDir = None) -> None:
    """List the event types and their versions."""
    table = Table("type", "version", "title", "file", box=None, header_style="bold", pad_edge=False)
    for versions in _catalogue(contracts_dir).types.values():
        for contract in versions:
            schema = contract.schema
            title = schema.get("title", "") if isinstance(schema, dict) else ""
            cells = (contract.type, str(contract.version), str(title), contract.path)
            table.add_row(*map(Text, cells))
    _out.print(table)


@app.command("asyncapi")
def asyncapi_(
    service: Annotated[
        Service | None, typer.Option(help="Whose document; without it, both in one.")
    ] = None,
    contracts_dir: ContractsDir = None,
) -> None:
    """Print the AsyncAPI 3.0 document of a service or of both, as JSON."""
    services = tuple(Service) if service is None else (service,)
    typer.echo(asyncapi.encode(asyncapi.document(services, _catalogue(contracts_dir))), nl=False)


def main() -> None:
    """Run the command."""
    app()


def _catalogue(contracts_dir: Path | None) -> Catalogue:
    try:
        return serving_catalogue(contracts_dir)
    except InvalidCatalogueError as error:
        raise _unusable(error) from error


def _judge(contracts_dir: Path | None) -> Judge:
    catalogue = _catalogue(contracts_dir)
    try:
        return Judge(catalogue)
    except InvalidCatalogueError as error:
        raise _unusable(error) from error


def _unusable(error: InvalidCatalogueError) -> typer.Exit:
    for fault in error.faults:
        _print_fault(fault, "error", "red")
    return typer.Exit(2)


def _open(file: str) -> BinaryIO:
    if file == "-":
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        _err.print(Text(f"{file}: cannot be read: {error.strerror}", style="red"))
        raise typer.Exit(2) from error


def _print_fault(fault: Fault, word: str, style: str) -> None:
    _out.print(Text.assemble((f"{word} ", style), str(fault)))


def _print_verdict(place: str, verdict: Accepted | Rejected | NotRead) -> None:
    match verdict:
        case Accepted():
            contract = f"{verdict.type}/{verdict.version}"
            _out.print(Text.assemble(f"{place}: ", ("accepted", "green"), f" by {contract}"))
        case NotRead():
            _out.print(Text.assemble(f"{place}: ", ("rejected", "red"), f" {verdict.reason}"))
        case _:
            problem = verdict.problem
            name = problem.type.value.name
            said = f" {name}: {problem.detail}"
            _out.print(Text.assemble(f"{place}: ", ("rejected", "red"), said))
            for one in verdict.violations:
                _out.print(Text(f"  {one.pointer or 'the event'}: {one.detail} ({one.keyword})"))


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
