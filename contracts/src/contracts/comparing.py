"""The command `contracts diff`: what lies between two states of the contracts, or two versions.

A state is a directory, or a git revision of one. A contract that changed in place is judged both
ways, since its events are already stored and its consumers already run.
"""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.text import Text

from contracts.catalogue import Catalogue
from contracts.compatibility.decision import TIME_LIMIT_S, Breaks, Compatible, Decider
from contracts.compatibility.history import Comparison, compare
from contracts.compatibility.policy import Direction, Policy, read_policy
from contracts.compatibility.sets import Change, Kind, compare_sets
from contracts.compatibility.version import Version
from contracts.console import directory_catalogue, find_contract, out, refused
from contracts.errors import InvalidCatalogueError

_GIT_LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class _State:
    catalogue: Catalogue
    policy: Policy


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="Directory, git revision, or TYPE/N.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Directory, git revision, or TYPE/N.")],
    directory: Annotated[
        Path,
        typer.Option(
            "--dir",
            "--contracts-dir",
            help="The directory of contracts that revisions and versions mean.",
        ),
    ] = Path(),
    time_limit: Annotated[float, typer.Option(min=0.1, help="Seconds for one comparison.")] = (
        TIME_LIMIT_S
    ),
) -> None:
    """Say what changed between A and B, and whom it breaks; exit 1 if it breaks the policy."""
    with ExitStack() as stack:
        decider = stack.enter_context(closing(Decider(time_limit)))
        try:
            if _names_version(before) and _names_version(after):
                well = _versions(before, after, directory, decider)
            else:
                old, new = (_state(one, directory, stack) for one in (before, after))
                well = _all_told(_changes(old, new, decider))
        except InvalidCatalogueError as error:
            raise refused(str(error)) from error
    if not well:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    well: bool = True


def _names_version(name: str) -> bool:
    type_, slash, version = name.rpartition("/")
    return bool(type_ and slash and version.isdigit()) and not Path(name).exists()


def _versions(before: str, after: str, directory: Path, decider: Decider) -> bool:
    catalogue = directory_catalogue(directory)
    older, newer = (find_contract(catalogue, name) for name in (before, after))
    policy, _ = read_policy(directory, catalogue.types)
    asked = policy.compatibility(newer.type).directions()
    pair = Version(older), Version(newer)
    return _all_told(_verdicts(*pair, asked, decider, policy))


def _state(name: str, directory: Path, stack: ExitStack) -> _State:
    place = Path(name)
    if not place.is_dir():
        place = Path(stack.enter_context(TemporaryDirectory(prefix="contracts-")))
        _extract(name, directory, place)
    catalogue = directory_catalogue(place)
    return _State(catalogue, read_policy(place, catalogue.types)[0])


def _extract(revision: str, directory: Path, place: Path) -> None:
    """Write the tree that `directory` was in `revision` to `place`."""
    if revision.startswith("-"):
        raise refused(f"{revision} is neither a directory nor a git revision.")
    try:
        prefix = _git(directory, "rev-parse", "--show-prefix").decode().strip()
        tree = f"{revision}:{prefix.rstrip('/')}" if prefix else revision
        # from the top: within a folder, archive means that folder of the tree
        top = Path(_git(directory, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
        archive = _git(top, "archive", "--format=tar", tree)
    except (subprocess.SubprocessError, OSError) as error:
        told = getattr(error, "stderr", None) or str(error).encode()
        message = f"{revision} is neither a directory nor a git revision with {directory}"
        raise refused(f"{message}: {told.decode(errors='replace').strip()}") from error
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(place, filter="data")


def _git(directory: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(directory), *arguments]
    done = subprocess.run(command, capture_output=True, check=True, timeout=_GIT_LIMIT_S)  # noqa: S603
    return done.stdout


def _all_told(lines: Iterable[_Line]) -> bool:
    """Print all lines; whether all is well."""
    well = True
    for line in lines:
        out.print(Text(line.text, style="" if line.well else "red"))
        well &= line.well
    return well


def _changes(old: _State, new: _State, decider: Decider) -> Iterator[_Line]:
    nothing = True
    for change in compare_sets(old.catalogue, new.catalogue, new.policy, decider):
        nothing = False
        yield _heading(change)
        for one in change.comparisons:
            yield _line(one, change.asked)
    if nothing:
        yield _Line("nothing changed that events or consumers could notice")


def _heading(change: Change) -> _Line:
    name = change.contract.name
    match change.kind:
        case Kind.REMOVED:
            return _Line(f"{name} {change.faults()[0].what}", well=False)
        case Kind.REWORDED:
            return _Line(f"{name} changed in words only")
        case Kind.CHANGED:
            return _Line(f"{name} changed in place (a new version would leave its events alone):")
        case _:
            after = f", after {change.against.name}:" if change.against is not None else ""
            return _Line(f"{name} added{after}")


def _verdicts(
    older: Version,
    newer: Version,
    asked: tuple[Direction, ...],
    decider: Decider,
    policy: Policy,
) -> Iterator[_Line]:
    for direction in Direction:
        one = compare(older, newer, direction, decider, policy.waivers)
        yield _line(one, asked)


def _line(one: Comparison, asked: tuple[Direction, ...]) -> _Line:
    return _Line(f"  {one.direction}: {_said(one)}", _good(one) or one.direction not in asked)


def _good(one: Comparison) -> bool:
    return isinstance(one.verdict, Compatible) or one.waiver is not None


def _said(one: Comparison) -> str:
    if isinstance(one.verdict, Compatible):
        return "compatible"
    if one.waiver is not None:
        return f"waived: {one.waiver.reason}"
    fault = one.fault()
    word = "breaks" if isinstance(one.verdict, Breaks) else "undecided"
    return f"{word}: {fault.what.partition(': ')[2] if fault else ''}"
