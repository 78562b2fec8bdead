"""Three minutes of live events while replays come and go: memory stays flat, nothing breaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.ground import Ground
from bench.report.pages import section
from bench.scenarios import soak

pytestmark = [pytest.mark.kafka, pytest.mark.system]

MINUTES = 3


@pytest.mark.alongside
@pytest.mark.timeout(MINUTES * 60 + 300)
async def test_memory_is_flat_after_minutes_of_live_events_and_replays(
    kafka_bootstrap: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ground = Ground(kafka_bootstrap, tmp_path, runs=1, scale=MINUTES * 60 / soak.SECONDS)
    result = await soak.run(ground)
    with capsys.disabled():
        print(f"\n{section(result)}")
    missed = [f"{target.asked}: {target.measured}" for target in result.targets if not target.met]
    assert missed == []
