"""`contracts resubmit`: dead letters judged anew, and what is valid by now sent again.

Reads what a publisher of the dead letters' topic gives, frames or bare events, a line each. An
event keeps its id, source and time. Invariant: without ``--to`` nothing is sent; nothing is sent
that the contracts at hand refuse. Sends batches over HTTP; whoever sends twice stores twice, unless
the listener still knows the first.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import orjson
import typer
from rich.text import Text

from contracts.console import ContractsDir, catalogue_of, count, err, out
from contracts.dead_letter import DeadLetter, read_dead_letter
from contracts.envelope import BATCH_MEDIA_TYPE
from contracts.judge import Accepted, Judge

if TYPE_CHECKING:
    from urllib.error import HTTPError

_BATCH_EVENTS = 100
_BATCH_BYTES = 1 << 20
_TIMEOUT_S = 60.0


class ResubmitError(Exception):
    """The listener did not take a batch as such; the message says what it answered."""

    code = "resubmit"
    retriable = True


def resubmit(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(metavar="FILE", help="Dead letters, a line each; - is standard input."),
    ],
    to: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The listener's /events; without it, only judge."),
    ] = None,
    user: Annotated[str | None, typer.Option(envvar="BROADCASTER_USER")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="BROADCASTER_PASSWORD", help="Better by the variable.")
    ] = None,
    contracts_dir: ContractsDir = None,
) -> None:
    """Judge dead letters anew; send again what is valid by now. Exit 1 if anything remains."""
    judge = Judge(catalogue_of(contracts_dir))
    judged = list(_judged(judge, file))
    valid = [event for event, is_valid in judged if is_valid and event is not None]
    remaining = len(judged) - len(valid)
    if not judged:
        err.print(
            "No line is a dead letter; `broadcaster tail --json` gives them, from their topic."
        )
    if to is None:
        err.print(f"{count(judged, 'dead letter')}: {len(valid)} valid now, {remaining} not")
        err.print("Nothing was sent; name the listener's address with --to.")
        raise typer.Exit(1 if remaining else 0)
    if to.partition(":")[0] not in {"http", "https"}:
        err.print("--to: write the listener's address, like http://localhost:8080/events")
        raise typer.Exit(2)
    stored = 0
    try:
        for batch in _batches(valid):
            stored += _told(batch, _send(to, batch, user, password))
    except ResubmitError as error:
        err.print(Text(f"{error}. {stored} were stored before.", style="red"))
        raise typer.Exit(2) from error
    err.print(f"{count(judged, 'dead letter')}: {stored} stored, {len(judged) - stored} remain")
    raise typer.Exit(1 if stored < len(judged) else 0)


def _judged(judge: Judge, stream: BinaryIO) -> Iterator[tuple[dict[str, Any] | None, bool]]:
    """The event of each dead letter, and whether it is valid now."""
    for number, line in enumerate(stream, start=1):
        letter = _letter(line)
        if letter is None:
            continue
        if letter.event is None:
            _print(number, "no whole event in it", "yellow")
            yield None, False
            continue
        verdict = judge.judge(letter.event)
        valid = isinstance(verdict, Accepted)
        said = "valid now" if isinstance(verdict, Accepted) else verdict.problem.detail
        _print(number, f"{letter.event.get('id')}: {said}", "green" if valid else "red")
        yield dict(letter.event), valid


def _letter(line: bytes) -> DeadLetter | None:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if isinstance(value, dict) and value.get("type") == "event":  # a publisher's frame
        value = value.get("event")
    return read_dead_letter(value) if isinstance(value, dict) else None


def _batches(events: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for event in events:
        length = len(orjson.dumps(event))
        if batch and (len(batch) >= _BATCH_EVENTS or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch


def _send(
    to: str, batch: list[dict[str, Any]], user: str | None, password: str | None
) -> list[dict[str, Any]]:
    """The listener's result for each event."""
    import urllib.error
    import urllib.request

    headers = {"content-type": BATCH_MEDIA_TYPE}
    if user is not None:
        secret = base64.b64encode(f"{user}:{password or ''}".encode()).decode()
        headers["authorization"] = f"Basic {secret}"
    request = urllib.request.Request(to, orjson.dumps(batch), headers)  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            document = json.load(answer)
    except urllib.error.HTTPError as error:
        document = _problem(error)
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", error)
        raise ResubmitError(f"{to} does not answer as a listener: {why}") from error
    results = document.get("results")
    if not isinstance(results, list):
        raise ResubmitError(f"{to} refused: {document.get('detail', 'it does not say why')}")
    return results


def _problem(error: HTTPError) -> dict[str, Any]:
    try:
        document = json.load(error)
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {"detail": f"HTTP status {error.code}"}


def _told(batch: list[dict[str, Any]], results: list[dict[str, Any]]) -> int:
    stored = 0
    for event, result in zip(batch, results, strict=False):
        if result.get("type") == "ack":
            stored += 1
            place = f"partition {result.get('partition')}, offset {result.get('offset')}"
            known = " (it was there already)" if result.get("duplicate") else ""
            out.print(Text(f"{event.get('id')}: stored at {place}{known}", style="green"))
        else:
            detail = result.get("problem", {}).get("detail", "refused")
            out.print(Text(f"{event.get('id')}: {detail}", style="red"))
    return stored


def _print(number: int, said: str, style: str) -> None:
    out.print(Text(f"line {number}: {said}", style=style))
