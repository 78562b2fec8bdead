"""Lines of files and of stdin, as they come and without holding more than one of them.

The reading is done by a thread of its own with plain system calls: a terminal or a pipe that says
nothing then blocks neither the event loop nor the end of the program. What a line means is not
this module's concern.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from broadcaster.errors import InputError

MAX_LINE_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_CHUNKS_AHEAD = 4
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its ending; `text` is None where it was longer than the bound."""

    number: int
    text: bytes | None


@dataclass(slots=True)
class LineSplitter:
    """Chunks in, whole lines out; a line above `max_bytes` is dropped, and said to be."""

    max_bytes: int = MAX_LINE_BYTES
    _number: int = 0
    _rest: bytearray = field(default_factory=bytearray)
    _dropping: bool = False

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """The lines that `chunk` completes."""
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            yield self._complete(piece)
        self._hold(rest)

    def finish(self) -> Iterator[Line]:
        """A last line that has no ending."""
        if self._rest or self._dropping:
            yield self._complete(b"")

    def _complete(self, piece: bytes) -> Line:
        self._hold(piece)
        text = None if self._dropping else bytes(self._rest).removesuffix(b"\r")
        self._rest.clear()
        self._dropping = False
        self._number += 1
        if self._number == 1 and text is not None:
            text = text.removeprefix(_BOM)
        return Line(self._number, text)

    def _hold(self, piece: bytes) -> None:
        if self._dropping or len(self._rest) + len(piece) > self.max_bytes:
            self._dropping = True
            self._rest.clear()
        else:
            self._rest += piece


async def read_lines(name: str) -> AsyncGenerator[Line]:
    """The lines of the file `name`, or of stdin for ``-``.

    A ``.json`` file that is one JSON document, however it is laid out, is one line.

    Raises:
        InputError: the file cannot be read.
    """
    if name == "-":
        descriptor = os.dup(0)
    else:
        document = _document(Path(name))
        if document is not None:
            yield Line(1, document)
            return
        descriptor = _open(name)
    splitter = LineSplitter()
    async for chunk in _chunks(descriptor, name):
        for line in splitter.feed(chunk):
            yield line
    for line in splitter.finish():
        yield line


def check_readable(names: Iterable[str]) -> None:
    """Find out before anything is sent that one of the files is not there.

    Raises:
        InputError: which, and why.
    """
    for name in names:
        if name != "-":
            if Path(name).is_dir():
                raise InputError(f"{name} is a directory; name the files in it")
            if not Path(name).is_fifo():  # opening one twice would take its writer away
                os.close(_open(name))


def _open(name: str) -> int:
    try:
        return os.open(name, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from error


def _document(path: Path) -> bytes | None:
    """The whole of a ``.json`` file if it is one document; None where it has lines to be read."""
    if path.suffix != ".json":
        return None
    try:
        if path.stat().st_size > MAX_LINE_BYTES:
            return None
        content = path.read_bytes().removeprefix(_BOM).strip()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    with suppress(orjson.JSONDecodeError):
        orjson.loads(content)
        return content
    try:
        orjson.loads(content.partition(b"\n")[0])
    except orjson.JSONDecodeError as error:
        # one broken document must not become many texts, a line each
        raise InputError(f"{path} is neither a JSON document nor lines of JSON: {error}") from error
    return None


async def _chunks(descriptor: int, name: str) -> AsyncGenerator[bytes]:
    """What the thread reads, at most a few chunks ahead of who takes it."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    room = threading.Semaphore(_CHUNKS_AHEAD)

    def read() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody wants the rest
            try:
                chunk = b"?"
                while chunk:
                    room.acquire()
                    chunk = os.read(descriptor, _CHUNK_BYTES)
                    loop.call_soon_threadsafe(queue.put_nowait, chunk)
            except OSError as error:
                loop.call_soon_threadsafe(queue.put_nowait, error)
            finally:
                os.close(descriptor)

    # a daemon: a read that never returns must not keep the program from ending
    threading.Thread(target=read, name=f"read {name}", daemon=True).start()
    while True:
        taken = await queue.get()
        room.release()
        if isinstance(taken, OSError):
            raise InputError(f"{name} cannot be read: {taken.strerror}") from taken
        if not taken:
            return
        yield taken
