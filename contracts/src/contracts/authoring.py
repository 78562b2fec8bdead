"""The commands `contracts new` and `contracts example`: a contract to begin with, events to try.

What they write is checked before they say that it is well. Nothing that exists is overwritten.
"""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from contracts.catalogue import Contract, read_catalogue, type_fault
from contracts.check import check_directory
from contracts.compatibility.samples import Samples
from contracts.compatibility.variants import Variants
from contracts.compatibility.version import Version
from contracts.console import (
    ContractsDir,
    catalogue_of,
    count,
    err,
    find_contract,
    out,
    print_fault,
    refused,
)
from contracts.documents import SCHEMAS
from contracts.errors import InvalidCatalogueError
from contracts.examples import EXAMPLES, whole_event

_TRIES = 2000
_SEED_DIGITS = 18


def new(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="The event type: order.shipped.")],
    directory: Annotated[
        Path,
        typer.Option(
            "--dir", "--contracts-dir", help="The directory of contracts; made if it is not there."
        ),
    ] = Path(),
) -> None:
    """Write a contract to begin with, or the next version of one, with examples that pass check."""
    wrong = type_fault(type_)
    if wrong is not None:
        raise refused(f"{type_} cannot be an event type: {wrong}.")
    versions: tuple[Contract, ...] = ()
    if (directory / SCHEMAS).is_dir():
        catalogue, _, _ = read_catalogue(directory)
        versions = catalogue.types.get(type_, ())
    files = _next_version(versions[-1], directory) if versions else _first_version(type_)
    taken = [path for path in files if (directory / path).exists()]
    if taken:
        raise refused(f"{taken[0]} exists already; nothing was written.")
    for path, text in files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        out.print(Text.assemble(("wrote ", "green"), str(file)))
    report = check_directory(directory)
    for fault in report.faults:
        print_fault(fault, "error", "red")
    if report.faults:
        raise typer.Exit(1)
    err.print("It passes contracts check. Edit the schema, then its examples, then check again.")


def _first_version(type_: str) -> dict[str, str]:
    title = re.sub(r"[._\-]+", " ", type_).capitalize()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": "When this is published, and what it says.",
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"description": "Of what it is about.", "type": "string", "minLength": 1},
            "note": {"type": "string", "maxLength": 2000},
        },
    }
    examples = {
        "valid/smallest": {"id": "1"},
        "valid/full": {"id": "1", "note": "As it was."},
        "invalid/missing-id": {"note": "As it was."},
        "invalid/id-is-empty": {"id": ""},
    }
    folder = f"{EXAMPLES}/{type_}/1"
    written = {f"{folder}/{name}.json": one for name, one in examples.items()}
    files = {f"{SCHEMAS}/{type_}/1.json": schema} | written
    return {path: _text(one) for path, one in files.items()}


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _next_version(newest: Contract, directory: Path) -> dict[str, str]:
    """The newest version again, one number on, with its examples as they are."""
    number = newest.version + 1
    schema = (directory / newest.path).read_text(encoding="utf-8")
    files = {f"{SCHEMAS}/{newest.type}/{number}.json": schema.replace(*_own_id(newest, number))}
    folder = directory / EXAMPLES / newest.type
    for file in sorted((folder / str(newest.version)).rglob("*.json")):
        inner = file.relative_to(folder / str(newest.version)).as_posix()
        text = file.read_text(encoding="utf-8")
        # a whole event names its version
        text = text.replace(f'/{newest.name}"', f'/{newest.type}/{number}"')
        files[f"{EXAMPLES}/{newest.type}/{number}/{inner}"] = text
    return files


def _own_id(newest: Contract, number: int) -> tuple[str, str]:
    """What is to be replaced in the text so that the copy has an `$id` of its own."""
    schema = newest.schema
    name = schema.get("$id") if isinstance(schema, dict) else None
    if not isinstance(name, str):
        return "", ""
    changed = re.sub(rf"{newest.version}(?=\D*$)", str(number), name)
    return f'"{name}"', f'"{changed if changed != name else f"{name}-{number}"}"'


def example(
    name: Annotated[str, typer.Argument(metavar="TYPE[/N]", help="Without N the newest version.")],
    number: Annotated[int, typer.Option("--count", min=1, max=100_000)] = 1,
    seed: Annotated[
        int | None, typer.Option(help="The same seed gives the same events; else any.")
    ] = None,
    data_only: Annotated[
        bool, typer.Option("--data", help="Only the data, without the event around it.")
    ] = False,
    contracts_dir: ContractsDir = None,
) -> None:
    """Print valid events of a type, made from its schema, a line each."""
    contract = find_contract(catalogue_of(contracts_dir), name)
    rng = random.Random(uuid.uuid4().int % 10**_SEED_DIGITS if seed is None else seed)  # noqa: S311
    try:
        version = Version(contract)
        made = list(islice(_valid(version, rng, number), number))
    except InvalidCatalogueError as error:
        raise refused(str(error)) from error
    for data in made:
        identity = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        event = {**whole_event(contract, data), "id": identity}
        typer.echo(json.dumps(data if data_only else event, ensure_ascii=False))
    if len(made) < number:
        err.print(f"Only {count(made, 'valid event')} could be made from the schema.", style="red")
        raise typer.Exit(1)


def _valid(version: Version, rng: random.Random, wanted: int) -> Iterator[Any]:
    """Data that the schema accepts: made from it, else its golden examples again."""
    samples = Samples(version.normal, rng)
    tries = max(_TRIES, 4 * wanted)
    made = (samples.plain() for _ in range(tries))
    found = False
    for value in chain(made, islice(Variants(samples, version.normal).everywhere(), _TRIES)):
        if version.judge.is_valid(value) and version.declares_all_of(value):
            found = True
            yield value
    while not found and version.examples:
        yield rng.choice(version.examples)
