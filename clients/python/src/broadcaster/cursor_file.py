"""A cursor kept in a file, so that a later process goes on where this one stood.

Invariant: the file holds a whole cursor or does not exist, whatever dies and when (write beside,
flush, rename). It may lag behind what was handed out, never run ahead of it: what comes after a
crash may be a repetition, never a loss.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from broadcaster.errors import CursorFileError
from contracts.cursor import parse_cursor
from contracts.errors import InvalidCursorError


@dataclass(slots=True)
class CursorFile:
    """`path` and when it was written last; at most one write per `interval_s` unless asked."""

    path: Path
    interval_s: float = 0.5
    _saved: str | None = None
    _saved_at: float = field(default=float("-inf"))

    def load(self) -> str | None:
        """The cursor in the file; None while there is none."""
        try:
            text = self.path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            if not self.path.parent.is_dir():
                raise CursorFileError(
                    f"{self.path}: its directory does not exist; create it first"
                ) from None
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise CursorFileError(f"{self.path} cannot be read as a cursor: {error}") from error
        if not text:
            return None
        try:
            parse_cursor(text)
        except InvalidCursorError as error:
            raise CursorFileError(
                f"{self.path} holds no cursor ({error}); remove it to begin anew"
            ) from error
        self._saved = text
        return text

    def note(self, cursor: str, now: float) -> None:
        """Save `cursor` if the last save is long enough ago; `now` in seconds of any clock."""
        if now - self._saved_at >= self.interval_s:
            self.save(cursor)
            self._saved_at = now

    def save(self, cursor: str) -> None:
        """Save `cursor` now, unless it is what the file holds."""
        if cursor == self._saved:
            return
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            with beside.open("w", encoding="ascii") as file:
                file.write(cursor + "\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise CursorFileError(f"{self.path} cannot be written: {error}") from error
        self._saved = cursor
