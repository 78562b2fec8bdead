"""A table of edits to schemas, each with what it does to consumers, decided by hand.

`backward`: consumers of the newer version take all events of the older. `forward`: consumers of the
older take all events of the newer. Consumers ignore members that they do not know, and producers
emit only those that their schema declares.
"""

from __future__ import annotations

from .edit import Edit
from .edits_of_combinations import COMBINED
from .edits_of_drafts import DRAFTS
from .edits_of_members import MEMBERS
from .edits_of_patterns import PATTERNS
from .edits_of_unions import UNIONS
from .edits_of_values import ARRAYS, VALUES

EDITS: tuple[Edit, ...] = (
    *MEMBERS,
    *VALUES,
    *PATTERNS,
    *ARRAYS,
    *COMBINED,
    *UNIONS,
    *DRAFTS,
)
