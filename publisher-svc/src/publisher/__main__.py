"""``python -m publisher``: settings from the environment, then the composition root, or workers."""

from __future__ import annotations

import argparse
import os
import sys

from pydantic import ValidationError

from chassis.kafka_settings import KafkaSettings
from chassis.server import run
from chassis.settings_text import faults_of
from publisher.main import main as run_publisher
from publisher.settings import PublisherSettings
from publisher.workers import WRONG_SETTINGS, run_workers


def main() -> None:
    """Run until told to stop. A wrong setting is one line and exit status 2."""
    if (workers := _arguments().workers) is not None:
        os.environ["PUBLISHER_WORKERS"] = workers
    try:
        settings, kafka = PublisherSettings(), KafkaSettings()
    except ValidationError as error:
        prefix = "KAFKA_" if error.title == "KafkaSettings" else "PUBLISHER_"
        sys.stderr.write("".join(f"publisher: {line}\n" for line in faults_of(error, prefix)))
        sys.exit(WRONG_SETTINGS)
    if settings.workers > 1:
        sys.exit(run(run_workers(settings)))
    sys.exit(run(run_publisher(settings, kafka)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="publisher",
        description="Broadcasts a Kafka topic to subscribers. Settings are PUBLISHER_ and KAFKA_ "
        "environment variables, see docs/operations.md.",
    )
    parser.add_argument(
        "--workers", metavar="N", help="so many processes on the one port (PUBLISHER_WORKERS)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
