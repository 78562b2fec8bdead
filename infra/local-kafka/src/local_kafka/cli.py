"""The command `local-kafka`: arguments in, one clear line out. Other modules do all the work.

Exit codes: 0 done (or nothing to do), 1 refused or failed, 2 wrong usage, 3 `status` of no broker.
"""

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local_kafka import KAFKA_VERSION
from local_kafka.broker import Broker
from local_kafka.distribution import Distribution, resolve
from local_kafka.errors import AlreadyRunning, InvalidSetting, LocalKafkaError
from local_kafka.foreground import run_in_foreground
from local_kafka.groups import Group, consumer_groups
from local_kafka.process import Lifetime
from local_kafka.properties import HOST
from local_kafka.status import status_of
from local_kafka.topics import LOG_APPEND_TIME, create_topic, delete_topic
from local_kafka.trimming import extent_of, trim
from local_kafka.waiting import run_apart

NOT_RUNNING = 3

app = typer.Typer(
    help="A real Apache Kafka on this machine, without Docker.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
topic_app = typer.Typer(help="Create and delete topics.", no_args_is_help=True)
app.add_typer(topic_app, name="topic")

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)

DataDir = Annotated[
    Path, typer.Option("--data-dir", envvar="KAFKA_DATA_DIR", help="Where records are kept.")
]
Port = Annotated[
    int,
    typer.Option("--port", envvar="KAFKA_PORT", min=1, max=65534, help="The next one is used too."),
]
Heap = Annotated[str, typer.Option("--heap", envvar="LOCAL_KAFKA_HEAP", help="The JVM's -Xmx.")]
Bootstrap = Annotated[
    str | None,
    typer.Option(
        "--bootstrap", envvar="KAFKA_BOOTSTRAP_SERVERS", help="Default: 127.0.0.1:KAFKA_PORT."
    ),
]

DATA_DIR = Path(".data/kafka")
PORT = 19092
HEAP = "512m"
START_TIMEOUT_S = 30


def main() -> None:
    """Run the command; an expected failure is one message and exit code 1, not a stack trace."""
    # What aiokafka logs is said by the error that follows, in one line.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        app()
    except LocalKafkaError as error:
        err.print(str(error), style="red", markup=False)
        sys.exit(1)


@app.command()
def start(
    data_dir: DataDir = DATA_DIR,
    port: Port = PORT,
    heap: Heap = HEAP,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay, and stop the broker on SIGTERM or SIGINT.")
    ] = False,
) -> None:
    """Start the broker (the first time: download it) and wait until it answers."""
    broker = Broker(data_dir, port, port + 1, heap=heap, distribution=_fetched())
    if foreground:
        run_in_foreground(broker, _say)
        return
    try:
        broker.start(lifetime=Lifetime.DETACHED)
    except AlreadyRunning:
        broker.wait_for_other(START_TIMEOUT_S)
        found = status_of(data_dir)
        _say(f"Kafka {KAFKA_VERSION} runs already at {found.bootstrap} (process {found.pid}).")
        return
    _say(f"Kafka {KAFKA_VERSION} is ready at {broker.bootstrap} (process {broker.pid}).")
    _say(f"Records: {broker.directory.root}   Log: {broker.log_path}")


@app.command()
def stop(data_dir: DataDir = DATA_DIR) -> None:
    """Stop the broker; its records stay."""
    broker = Broker(data_dir, PORT, PORT + 1)
    if (pid := broker.pid) is None:
        broker.stop()  # forgets a pid file that a killed broker left
        _say(f"Kafka is not running on {broker.directory.root}.")
    elif broker.stop():
        _say(f"Kafka stopped (process {pid}).")
    else:
        _say(f"Kafka did not stop in time and was killed (process {pid}). Acked records are safe.")


@app.command()
def status(
    data_dir: DataDir = DATA_DIR,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Say whether the broker runs, and which records it has. Exit code 3 if it does not run."""
    found = status_of(data_dir)
    if as_json:
        sys.stdout.write(json.dumps(found.as_json(), indent=2) + "\n")
    elif found.running:
        _say(f"Kafka {KAFKA_VERSION} runs at {found.bootstrap} (process {found.pid}).")
        _say(f"Records: {found.data_dir}")
        if found.topics is None:
            _say("It does not answer (yet).")
        else:
            rows = [(t.topic, t.partition, t.start, t.end) for t in found.topics]
            _table(("topic", "partition", "start", "end"), rows, "No topics.")
    else:
        _say(f"Kafka is not running on {found.data_dir}. Start it with `local-kafka start`.")
    if not found.running:
        raise typer.Exit(NOT_RUNNING)


@app.command()
def wipe(
    data_dir: DataDir = DATA_DIR,
    force: Annotated[bool, typer.Option("--force", help="Stop a running broker first.")] = False,
) -> None:
    """Delete the data directory with all records."""
    broker = Broker(data_dir, PORT, PORT + 1)
    if not broker.directory.root.exists():
        _say(f"There is nothing to delete at {broker.directory.root}.")
        return
    if broker.pid is not None:
        if not force:
            raise AlreadyRunning(
                f"Kafka runs on {broker.directory.root}, so nothing was deleted. "
                "Stop it first, or say --force."
            )
        broker.stop()
    broker.directory.delete()
    _say(f"Deleted {broker.directory.root} with all its records.")


@app.command()
def fetch() -> None:
    """Download Kafka ahead of the first start, e.g. while there is a network."""
    distribution = _fetched()
    java = distribution.java
    _say(f"Kafka {KAFKA_VERSION} is there. It runs on Java {java.version} ({java.executable}).")


@app.command()
def groups(bootstrap: Bootstrap = None, port: Port = PORT) -> None:
    """Show consumer groups with members, committed offsets and lag."""
    found = run_apart(consumer_groups(_address(bootstrap, port)))
    if not found:
        _say("No consumer groups.")
    for group in found:
        _print_group(group)


@app.command("trim")
def trim_topic(
    topic: Annotated[str, typer.Option("--topic")],
    partition: Annotated[int | None, typer.Option("--partition", min=0)] = None,
    before: Annotated[int | None, typer.Option("--before", help="Keep from this offset.")] = None,
    keep: Annotated[int | None, typer.Option("--keep", help="Keep so many newest.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Keep nothing.")] = False,
    bootstrap: Bootstrap = None,
    port: Port = PORT,
) -> None:
    """Make Kafka forget the oldest records of a topic."""
    extent = extent_of(before, keep, everything)
    for found in run_apart(trim(_address(bootstrap, port), topic, extent, partition)):
        _say(f"{topic}-{found.partition}: start {found.old_start} → {found.new_start}")


@topic_app.command("create")
def topic_create(
    name: str,
    partitions: Annotated[int, typer.Option("--partitions", min=1)] = 1,
    config: Annotated[list[str] | None, typer.Option("--config", help="key=value")] = None,
    bootstrap: Bootstrap = None,
    port: Port = PORT,
) -> None:
    """Create a topic; all is well if it is there with as many partitions."""
    settings = {**LOG_APPEND_TIME, **parse_config(config or [])}
    created = run_apart(create_topic(_address(bootstrap, port), name, partitions, settings))
    _say(f"Topic {name} {'created' if created else 'exists already'}, {partitions} partition(s).")


@topic_app.command("delete")
def topic_delete(name: str, bootstrap: Bootstrap = None, port: Port = PORT) -> None:
    """Delete a topic with all its records."""
    deleted = run_apart(delete_topic(_address(bootstrap, port), name))
    _say(f"Topic {name} {'deleted' if deleted else 'does not exist'}.")


def parse_config(pairs: list[str]) -> dict[str, str]:
    """`key=value` each. Raises `InvalidSetting`."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise InvalidSetting(f"--config wants key=value, not {pair!r}.")
        settings[key] = value
    return settings


def _address(bootstrap: str | None, port: int) -> str:
    return bootstrap or f"{HOST}:{port}"


def _fetched() -> Distribution:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=err)
    task = bar.add_task(f"Downloading Kafka {KAFKA_VERSION} (first time only)")

    def show(done: int, total: int, _name: str) -> None:
        bar.start()  # not before there is something to show: an empty bar is a blank line
        bar.update(task, completed=done, total=total)

    try:
        return resolve(show)
    finally:
        if bar.live.is_started:
            bar.stop()


def _say(line: str) -> None:
    out.print(line, markup=False)


def _print_group(group: Group) -> None:
    _say(f"{group.name}: {group.state}, {len(group.members)} member(s)")
    for member in group.members:
        held = ", ".join(f"{tp.topic}-{tp.partition}" for tp in member.partitions) or "nothing"
        _say(f"  {member.client_id} at {member.host} has {held}")
    rows = [
        (p.topic, p.partition, *("-" if v is None else v for v in (p.committed, p.end, p.lag)))
        for p in group.positions
    ]
    _table(("topic", "partition", "committed", "end", "lag"), rows, "  Nothing committed.")


def _table(columns: tuple[str, ...], rows: Sequence[tuple[object, ...]], empty: str) -> None:
    if not rows:
        _say(empty)
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(str, row))
    out.print(table)
