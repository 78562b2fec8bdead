"""What subscribers ask for, and what the topic holds, in tests that draw from it."""

from __future__ import annotations

from hypothesis import strategies as st

from chassis.websocket_deflate import deflated_text_frame
from publisher.domain.encoding import websocket_batch
from publisher.domain.filter import EVERYTHING, Filter

FILTERS = [
    EVERYTHING,
    Filter(),
    Filter(types=frozenset({"a"})),
    Filter(prefixes=("b.",)),
    Filter(keys=frozenset({b"k"})),
]
KINDS = st.sampled_from(["a", "a", "b.x", "k", "foreign", "tombstone", "hole"])
BATCH = websocket_batch("batch", 250)
DEFLATED = websocket_batch("batch-deflate", 600, deflated_text_frame)
