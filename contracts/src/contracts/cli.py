"""The command `contracts`: what a team runs by hand and in its CI.

Each command prints for a person and says by its exit status whether all is well: 0 yes, 1 no, 2 the
command could not be carried out. Only `replay` opens a socket, to Kafka, and `resubmit`, to a
listener. The commands that compare, write, replay and resubmit are in modules of their own. What
only one command needs is imported by it, since `check` runs in every CI and before every commit.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.text import Text

from contracts.authoring import example, new
from contracts.catalogue import shipped_directory
from contracts.check import Report, check_directory
from contracts.comparing import diff
from contracts.compatibility.decision import TIME_LIMIT_S
from contracts.console import ContractsDir, catalogue_of, count, err, out, print_fault, unusable
from contracts.errors import InvalidCatalogueError
from contracts.event_file import NotRead, read_events
from contracts.judge import Accepted, Judge, Rejected
from contracts.replaying import replay
from contracts.report import Format, render, summary
from contracts.resubmitting import resubmit

app = typer.Typer(
    name="contracts",
    help="Event contracts: check, compare and write them; validate and replay events by them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"broadcaster-contracts {version('broadcaster-contracts')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print it and exit."),
    ] = False,
) -> None:
    """Event contracts: check, compare and write them; validate and replay events by them."""


class Service(StrEnum):
    """The services that documents describe."""

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
    format_: Annotated[
        Format, typer.Option("--format", help="For people, or for the programs of a CI.")
    ] = Format.TEXT,
    time_limit: Annotated[
        float, typer.Option(min=0.1, help="Seconds for one comparison; beyond, it is undecided.")
    ] = TIME_LIMIT_S,
) -> None:
    """Check schemas, references, examples, names and compatibility of a directory of contracts."""
    place = directory or shipped_directory()
    report = check_directory(place, time_limit_s=time_limit)
    if directory is None:
        err.print("No directory is named: these are the contracts that come with the package.")
    if format_ is Format.TEXT:
        _print_report(report)
    else:
        typer.echo(render(report, format_, place))
    if report.faults:
        raise typer.Exit(1)


def _print_report(report: Report) -> None:
    for fault in report.faults:
        print_fault(fault, "error", "red")
    for note in report.notes:
        print_fault(note, "note", "yellow")
    if report.faults:
        out.print(Text(f"{summary(report)}: {count(report.faults, 'fault')}", style="bold red"))
    else:
        out.print(Text(f"{summary(report)}: all is well", style="green"))


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
        err.print("There is no event in the input: give one JSON object a line.", style="red")
        raise typer.Exit(1)
    err.print(f"{count(total, 'event')}: {total - refused} accepted, {refused} rejected")
    if refused:
        raise typer.Exit(1)


@app.command("list")
def list_(contracts_dir: ContractsDir = None) -> None:
    """List the event types and their versions."""
    from rich.table import Table

    table = Table("type", "version", "title", "file", box=None, header_style="bold", pad_edge=False)
    for versions in catalogue_of(contracts_dir).types.values():
        for contract in versions:
            schema = contract.schema
            title = schema.get("title", "") if isinstance(schema, dict) else ""
            cells = (contract.type, str(contract.version), str(title), contract.path)
            table.add_row(*map(Text, cells))
    out.print(table)


@app.command("asyncapi")
def asyncapi_(
    service: Annotated[
        Service | None, typer.Option(help="Whose document; without it, both in one.")
    ] = None,
    contracts_dir: ContractsDir = None,
) -> None:
    """Print the AsyncAPI 3.0 document of a service or of both, as JSON."""
    from contracts import asyncapi

    services = tuple(Service) if service is None else (service,)
    typer.echo(asyncapi.encode(asyncapi.document(services, catalogue_of(contracts_dir))), nl=False)


@app.command("openapi")
def openapi_(
    service: Annotated[Service, typer.Option(help="Whose document.")],
    contracts_dir: ContractsDir = None,
) -> None:
    """Print the OpenAPI 3.1 document of a service's HTTP endpoints, as JSON."""
    from contracts import openapi

    whole = openapi.document(service, catalogue_of(contracts_dir))
    typer.echo(openapi.encode(whole), nl=False)


for _command in (diff, new, example, replay, resubmit):
    app.command()(_command)


def main() -> None:
    """Run the command."""
    app()


def _judge(contracts_dir: Path | None) -> Judge:
    catalogue = catalogue_of(contracts_dir)
    try:
        return Judge(catalogue)
    except InvalidCatalogueError as error:
        raise unusable(error) from error


def _open(file: str) -> BinaryIO:
    if file == "-":
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        err.print(Text(f"{file}: cannot be read: {error.strerror}", style="red"))
        raise typer.Exit(2) from error


def _print_verdict(place: str, verdict: Accepted | Rejected | NotRead) -> None:
    match verdict:
        case Accepted():
            contract = f"{verdict.type}/{verdict.version}"
            out.print(Text.assemble(f"{place}: ", ("accepted", "green"), f" by {contract}"))
        case NotRead():
            out.print(Text.assemble(f"{place}: ", ("rejected", "red"), f" {verdict.reason}"))
        case _:
            problem = verdict.problem
            name = problem.type.value.name
            said = f" {name}: {problem.detail}"
            out.print(Text.assemble(f"{place}: ", ("rejected", "red"), said))
            for one in verdict.violations:
                out.print(Text(f"  {one.pointer or 'the event'}: {one.detail} ({one.keyword})"))
