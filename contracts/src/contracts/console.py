"""What the commands of `contracts` share: how they print, and how they find contracts.

Data goes to standard output, everything about it to standard error, as plain text where no terminal
is. Exit statuses: 0 all is well, 1 it is not, 2 the command could not be carried out.
"""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from contracts.catalogue import Catalogue, Contract, load_catalogue, serving_catalogue
from contracts.errors import Fault, InvalidCatalogueError

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)

ContractsDir = Annotated[
    Path | None,
    typer.Option(
        "--contracts-dir",
        "--dir",
        envvar="CONTRACTS_DIR",
        help="A directory with schemas/<type>/<version>.json, before the shipped contracts.",
    ),
]


def catalogue_of(contracts_dir: Path | None) -> Catalogue:
    """What a service would judge by; exits when it cannot be loaded."""
    try:
        return serving_catalogue(contracts_dir)
    except InvalidCatalogueError as error:
        raise unusable(error) from error


def directory_catalogue(directory: Path) -> Catalogue:
    """What one directory holds, and nothing else; exits when it cannot be loaded."""
    try:
        return load_catalogue(directory)
    except InvalidCatalogueError as error:
        raise unusable(error) from error


def find_contract(catalogue: Catalogue, name: str) -> Contract:
    """The contract ``order.placed/2``, or the newest of ``order.placed``; exits without one."""
    type_, slash, version = name.rpartition("/")
    if not slash:
        type_, version = name, ""
    versions = catalogue.types.get(type_, ())
    for contract in reversed(versions):
        if not version or str(contract.version) == version:
            return contract
    known = ", ".join(
        [c.name for c in versions] or catalogue.types.keys() or ["there are none at all"]
    )
    raise refused(f"There is no contract {name}. There are: {known}.")


def unusable(error: InvalidCatalogueError) -> typer.Exit:
    """Print why a directory cannot be used; status 2."""
    for fault in error.faults:
        print_fault(fault, "error", "red")
    return typer.Exit(2)


def refused(message: str) -> typer.Exit:
    """Print why a command cannot be carried out; status 2."""
    err.print(Text(message, style="red"))
    return typer.Exit(2)


def print_fault(fault: Fault, word: str, style: str) -> None:
    """One line about one file."""
    out.print(Text.assemble((f"{word} ", style), str(fault)))


def count(things: Sized | int, name: str) -> str:
    """``2 events``, ``1 event``."""
    number = things if isinstance(things, int) else len(things)
    return f"{number} {name}{'' if number == 1 else 's'}"
