"""Makes the fakes importable, as ``publisher_fakes.<port>``, and sets Hypothesis' profile."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "fakes"))

settings.register_profile(
    "publisher",
    deadline=None,  # machines are shared
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("publisher")
