"""The command ``broadcaster``: options in, exit status out.

Exit status: 0 all is well, 1 something was not delivered or nothing answers, 2 the request was
refused, 130 and 143 stopped by Ctrl-C or SIGTERM. Each subcommand is a module of this package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli.demo import DemoOptions, run_demo
from broadcaster.cli.publish import PublishOptions, run_publish
from broadcaster.cli.running import run
from broadcaster.cli.tail import TailOptions, run_tail
from broadcaster.connection import BasicAuth, BearerAuth

PUBLISHER_URL = "ws://localhost:8081/websocket"
LISTENER_URL = "ws://localhost:8080/websocket"

app = typer.Typer(
    name="broadcaster",
    help="Follow and publish events of a Broadcaster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

PublisherUrl = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="URL",
        envvar="BROADCASTER_PUBLISHER_URL",
        help=f"The publisher, or several instances of it. Default: {PUBLISHER_URL}",
    ),
]
ListenerUrl = Annotated[
    str,
    typer.Option("--url", envvar="BROADCASTER_LISTENER_URL", help="The listener."),
]
User = Annotated[
    str | None, typer.Option("--user", envvar="BROADCASTER_USER", help="For HTTP Basic.")
]
Password = Annotated[
    str | None,
    typer.Option(
        "--password",
        envvar="BROADCASTER_PASSWORD",
        help="Better given in the environment, where other users do not see it.",
        show_envvar=True,
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="BROADCASTER_TOKEN",
        help="A bearer token for the publisher, instead of user and password; "
        "better given in the environment.",
        show_envvar=True,
    ),
]


@app.command()
def tail(  # noqa: PLR0913 - one parameter per option
    url: PublisherUrl = None,
    *,
    since: Annotated[
        str | None,
        typer.Option(
            help="Where to start: earliest, 42, 0:42,1:17, a time, -15m, last:100. Default: now."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="An exclusive end: as --since, or now. Default: never.")
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only events of this type (order.* allowed); repeatable."),
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="Only events of this partition key; repeatable.")
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="One JSON object a line: partition, offset, event, as sent."),
    ] = False,
    on_expired: Annotated[
        str | None,
        typer.Option(metavar="earliest", help="Start at what is left if events have expired."),
    ] = None,
    on_ahead: Annotated[
        str | None,
        typer.Option(metavar="tip", help="Start live if the cursor is beyond the log's end."),
    ] = None,
    batch: Annotated[
        bool,
        typer.Option("--batch", help="Take several events in a frame, compressed: fewer bytes."),
    ] = False,
    user: User = None,
    password: Password = None,
    token: Token = None,
    cursor_file: Annotated[
        Path | None,
        typer.Option(
            help="Keep the cursor in this file; if it holds one, go on from it (not --since)."
        ),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after this many events.")] = None,
) -> None:
    """Show events as they are broadcast, resuming by itself when the connection is cut."""
    options = TailOptions(
        urls=tuple(url or [PUBLISHER_URL]),
        since=since,
        until=until,
        types=tuple(type_ or ()),
        keys=tuple(key or ()),
        as_json=json,
        on_expired=on_expired,
        on_ahead=on_ahead,
        batch=batch,
        auth=BearerAuth(token) if token else _credentials(user, password),
        cursor_file=cursor_file,
        count=count,
    )
    raise typer.Exit(run(run_tail(options), address="BROADCASTER_PUBLISHER_URL"))


@app.command()
def publish(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="Files of events, one a line (a .json file: one document); - or none: stdin.",
        ),
    ] = None,
    *,
    url: ListenerUrl = LISTENER_URL,
    type_: Annotated[
        str | None,
        typer.Option("--type", help="Lines that are no events become data of this type."),
    ] = None,
    user: User = None,
    password: Password = None,
    in_flight: Annotated[
        int, typer.Option(min=1, help="Events sent without an answer; 1 keeps the order strictly.")
    ] = 500,
) -> None:
    """Publish events and wait until each is stored; say which were refused, and why."""
    options = PublishOptions(
        url=url,
        files=tuple(files or ["-"]),
        type_=type_,
        auth=_credentials(user, password),
        in_flight=in_flight,
    )
    raise typer.Exit(run(run_publish(options), address="BROADCASTER_LISTENER_URL"))


@app.command()
def demo(
    *,
    listener: Annotated[
        str, typer.Option(envvar="BROADCASTER_LISTENER_URL", help="The listener.")
    ] = LISTENER_URL,
    publisher: Annotated[
        str, typer.Option(envvar="BROADCASTER_PUBLISHER_URL", help="The publisher.")
    ] = PUBLISHER_URL,
    user: User = None,
    password: Password = None,
    token: Token = None,
) -> None:
    """Publish some events to running services and show them arriving, live and replayed."""
    subscriber = BearerAuth(token) if token else None
    options = DemoOptions(listener, publisher, _credentials(user, password), subscriber=subscriber)
    address = "BROADCASTER_LISTENER_URL and BROADCASTER_PUBLISHER_URL"
    raise typer.Exit(run(run_demo(options), address=address))


def _credentials(user: str | None, password: str | None) -> BasicAuth | None:
    if not user and not password:
        return None
    if not user:
        raise typer.BadParameter("a password without --user (or BROADCASTER_USER)")
    return BasicAuth(user, password or "")


def main() -> None:
    """The entry point of the command."""
    app()
