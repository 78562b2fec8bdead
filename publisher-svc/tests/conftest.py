"""Makes the fakes importable, as ``publisher_fakes.<port>``, and sets Hypothesis' profile."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

sys.path.insert(0, str(Path(__file__).parent / "fakes"))

settings.register_profile(
    "publisher",
    deadline=None,  # machines are shared
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
# For runs that only ask whether something fails (tests/mutants): the same examples each time, and
# no search for the smallest one.
settings.register_profile(
    "unshrunk",
    settings.get_profile("publisher"),
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    database=None,
)
settings.load_profile("unshrunk" if os.environ.get("HYPOTHESIS_UNSHRUNK") else "publisher")
