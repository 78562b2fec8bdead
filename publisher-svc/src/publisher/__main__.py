"""``python -m publisher``: settings from the environment, then the composition root."""

from __future__ import annotations

import sys

from pydantic import ValidationError

from chassis.kafka_settings import KafkaSettings
from chassis.server import run
from publisher.main import main as run_publisher
from publisher.settings import PublisherSettings


def main() -> None:
    """Run until told to stop. A wrong setting is one line and exit status 2."""
    try:
        settings, kafka = PublisherSettings(), KafkaSettings()
    except ValidationError as error:
        for wrong in error.errors():
            prefix = "KAFKA" if error.title == "KafkaSettings" else "PUBLISHER"
            name = "_".join([prefix, *(str(part).upper() for part in wrong["loc"])])
            sys.stderr.write(f"publisher: the setting {name} is not usable: {wrong['msg']}\n")
        sys.exit(2)
    sys.exit(run(run_publisher(settings, kafka)))


if __name__ == "__main__":
    main()
