"""The integration suites of both services, on Apache Kafka's own image."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.kafka_container import KafkaContainer

pytestmark = [
    pytest.mark.docker,
    pytest.mark.kafka,
    pytest.mark.timeout(1500),
    pytest.mark.alongside(niceness=5),
]

ROOT = Path(__file__).parents[2]
SUITES = ["listener-svc/tests/integration", "publisher-svc/tests/integration"]


def test_the_integration_suites_pass_on_the_image(
    kafka: KafkaContainer, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "support.own_broker", *SUITES]
    environment = {
        **os.environ,
        "TEST_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "PYTHONPATH": str(ROOT / "tests"),  # -p is read before pytest's own setting of it
        "COLUMNS": "120",
    }
    suites = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1400,
        check=False,
    )
    closing = suites.stdout.rstrip().rpartition("\n")[2]
    with capsys.disabled():
        print(f"\non {kafka.image}: {closing}")
    assert suites.returncode == 0, suites.stdout[-8000:] + suites.stderr[-2000:]
    passed = re.search(r"(\d+) passed", closing)
    assert passed is not None
    assert int(passed[1]) > 20
    assert "skipped" not in closing
