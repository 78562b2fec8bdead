"""The command ``broadcaster-stack``: run, stop. Kafka first, then the topic, then the services.

honcho supervises the services: when one ends, all end. Kafka is stopped after them if it was
started here; its records stay.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import typer
from honcho import manager as honcho_manager
from honcho.printer import Printer

from stack import run_file
from stack.errors import AlreadyRunningError, StackError, StepFailedError
from stack.guide import Guide
from stack.plan import Plan, Topic, plan_stack
from stack.preflight import check_ports

STOP_TIMEOUT_S = 30
honcho_manager.KILL_WAIT = 12  # a service drains for up to 10 s; honcho would kill it after 5

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command; an expected failure is one line and exit status 1."""
    try:
        app()
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


@app.command()
def run() -> None:
    """Start Kafka (unless KAFKA_BOOTSTRAP_SERVERS names one), the topic and the services."""
    plan = plan_stack(os.environ, Path.cwd())
    if run_file.running(plan.run_file) is not None:
        raise AlreadyRunningError("Broadcaster runs already here; `make stop` ends it.")
    check_ports(plan)
    run_file.write(plan.run_file)
    # A stop that comes before honcho listens for it must still clean up behind us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        status = _run(plan)
    finally:
        if plan.local_kafka:
            _step([*_kafka_command(plan, "stop")], check=False)
        run_file.remove(plan.run_file)
    sys.exit(status)


@app.command()
def stop() -> None:
    """End the stack that runs here; records stay."""
    plan = plan_stack(os.environ, Path.cwd())
    process = run_file.running(plan.run_file)
    if process is None:
        sys.stdout.write(
            f"Broadcaster is not running on {plan.data_dir}. What was started with another "
            "BROADCASTER_DATA_DIR is stopped with the same.\n"
        )
        if plan.local_kafka:
            _step([*_kafka_command(plan, "stop")], check=False)
        return
    process.send_signal(signal.SIGTERM)
    deadline_s = time.monotonic() + STOP_TIMEOUT_S
    while run_file.running(plan.run_file) is not None:
        if time.monotonic() > deadline_s:
            raise StackError(
                f"Broadcaster (process {process.pid}) did not stop within {STOP_TIMEOUT_S} s; "
                "look at its terminal, or end that process yourself."
            )
        time.sleep(0.1)
    sys.stdout.write("Broadcaster has stopped; its records stay.\n")


def _run(plan: Plan) -> int:
    if plan.local_kafka:
        _step(_kafka_command(plan, "start"))
    for topic in plan.topics:
        _step(_topic_command(plan, topic))
    manager = honcho_manager.Manager(Printer(sys.stdout))
    for service in plan.services:
        command = shlex.join(["exec", sys.executable, "-m", service.module]).replace(
            "'exec'", "exec"
        )
        manager.add_process(service.name, command, env=dict(service.environment))
    guide = Guide(plan, lambda text: print(text, flush=True))  # noqa: T201 - to the person
    guide.start()
    manager.loop()
    guide.stop()
    stopped_by_us = manager.returncode in (130, 143)
    return 0 if stopped_by_us else int(manager.returncode or 0)


def _kafka_command(plan: Plan, verb: str) -> list[str]:
    command = [sys.executable, "-m", "local_kafka", verb, "--data-dir", str(plan.kafka_dir)]
    return [*command, "--port", str(plan.kafka_port)] if verb == "start" else command


def _topic_command(plan: Plan, topic: Topic) -> list[str]:
    command = [sys.executable, "-m", "local_kafka", "topic", "create", topic.name]
    settings = [part for setting in topic.settings for part in ("--config", setting)]
    return [
        *(*command, "--partitions", str(topic.partitions), "--bootstrap", plan.bootstrap),
        *settings,
    ]


def _step(command: list[str], *, check: bool = True) -> None:
    """Run a command that speaks for itself."""
    finished = subprocess.run(command, check=False)  # noqa: S603 - our own commands
    if check and finished.returncode != 0:
        raise StepFailedError("Broadcaster was not started; the line above says why.")
