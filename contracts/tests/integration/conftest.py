"""The fixture of directories, shared with the suites beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

WriteContracts = Callable[[Mapping[str, Any]], Path]
