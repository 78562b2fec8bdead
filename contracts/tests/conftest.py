"""Directories of contracts, written for a test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

WriteContracts = Callable[[Mapping[str, Any]], Path]


@pytest.fixture
def write_contracts(tmp_path: Path) -> WriteContracts:
    """Path below the directory → JSON value, or text to be written as it is."""

    def write(files: Mapping[str, Any]) -> Path:
        for path, content in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            text = content if isinstance(content, str) else json.dumps(content)
            file.write_text(text, encoding="utf-8")
        return tmp_path

    return write
