"""The same bytes to many sockets in one system call: Linux's io_uring, by its system calls alone.

A write costs the kernel a few microseconds and Python about one; here Python's part is paid once
for all. Nothing is ever in flight when `SendRing.send` returns: sends that could wait are told not
to, so each is over, with its result, within the call, and whoever closes a socket between two calls
needs to tell nobody.

Sources: io_uring_setup(2), io_uring_enter(2), linux/io_uring.h.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import struct
import sys
from array import array
from collections.abc import Iterable

from chassis.errors import SendRingUnavailableError

ENTRIES = 4096
"""Sends in one system call; more take several."""

_SETUP, _ENTER = 425, 426  # the same number on every architecture that Python runs on but alpha
_SUBMIT_ALL = 1 << 7
"""Go on after a send that fails; Linux 5.18."""
_SINGLE_MMAP = 1 << 0
_GET_EVENTS = 1 << 0
_OFFSET_OF_ENTRIES = 0x10000000
_SEND = 26
_FLAGS = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL if sys.platform == "linux" else 0

_PARAMETERS = struct.Struct("=7I12x" + "10I" * 2)
"""struct io_uring_params: sizes and flags, offsets of the submissions, of the completions."""
_SENT, _DONE = 64, 16
"""Bytes of struct io_uring_sqe and io_uring_cqe."""
_COUNTER = 0xFFFFFFFF


class SendRing:
    """See the module. For one thread.

    Raises:
        SendRingUnavailableError: this system has no io_uring, or does not let us use it.
    """

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise SendRingUnavailableError("there is no io_uring but on Linux")
        # Not CDLL, which lets other threads in at each call and waits for them; nothing waits here.
        self._syscall = ctypes.PyDLL(None, use_errno=True).syscall
        self._syscall.restype = ctypes.c_long
        self._syscall.argtypes = [ctypes.c_long] * 7
        self._views: list[memoryview] = []
        self._maps: list[mmap.mmap] = []
        self._ring = -1
        try:
            self._open()
            self._try()
        except (OSError, ValueError) as error:
            self.close()
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SendRingUnavailableError(
                f"io_uring cannot be used here ({reason}); a container's seccomp profile or "
                "kernel.io_uring_disabled may forbid it, and it takes Linux 5.18"
            ) from None

    @property
    def is_open(self) -> bool:
        """It can be used; it ends by itself if the kernel refuses it later."""
        return self._ring >= 0

    def send(self, sockets: array[int], data: bytes) -> dict[int, int]:
        """Send `data` to each descriptor (an array of ints), in order, without waiting for room.

        Gives, by index, where not all was taken: how many bytes were, or the negative of an errno
        (``-EAGAIN``: no room; ``-EBADF``: no such descriptor, as -1 never is). If the kernel takes
        no more submissions, the rest get ``-ECANCELED`` and the ring is closed.
        """
        short: dict[int, int] = {}
        sent = 0
        while sent < len(sockets):
            if not self.is_open:
                short |= dict.fromkeys(range(sent, len(sockets)), -errno.ECANCELED)
                break
            at = self._words[self._submitted] & (self._size - 1)
            part = sockets[sent : sent + self._size - at]
            for index, result in self._send(at, part, data):
                short[sent + index] = result
            sent += len(part)
        return short

    def close(self) -> None:
        """Give everything back; it may be called twice."""
        for view in self._views:
            view.release()
        for each in self._maps:
            each.close()
        self._views, self._maps = [], []
        if self._ring >= 0:
            os.close(self._ring)
            self._ring = -1

    def _open(self) -> None:
        parameters = bytearray(_PARAMETERS.size)
        _PARAMETERS.pack_into(parameters, 0, 0, 0, _SUBMIT_ALL, *[0] * 24)
        there = (ctypes.c_char * len(parameters)).from_buffer(parameters)
        self._ring = self._call(_SETUP, ENTRIES, ctypes.addressof(there))
        self._size, completions, _, _, _, features, _, *offsets = _PARAMETERS.unpack(parameters)
        if not features & _SINGLE_MMAP:
            raise ValueError("Linux is too old")
        _, tail, _, _, _, _, order, *_ = offsets[:10]
        done, done_tail, _, _, _, results, *_ = offsets[10:]
        self._done_size = completions
        length = max(order + self._size * 4, results + completions * _DONE)
        rings = self._map(length, 0)
        self._words = self._view(rings, "I")
        self._submitted, self._done, self._done_tail = tail // 4, done // 4, done_tail // 4
        self._words[order // 4 : order // 4 + self._size] = array("I", range(self._size))
        # A completion is: the number of its submission (64 bits), a result, flags (32 bits each).
        completed = slice(results, results + completions * _DONE)
        self._numbers = self._view(rings, "Q", completed)
        self._results = self._view(rings, "i", completed)
        self._prepare()

    def _prepare(self) -> None:
        """What is the same of every submission is written once."""
        entries = self._map(self._size * _SENT, _OFFSET_OF_ENTRIES)
        words, longs = self._view(entries, "I"), self._view(entries, "Q")
        self._view(entries, "B")[::_SENT] = bytes([_SEND]) * self._size
        words[7::16] = array("I", [_FLAGS]) * self._size
        longs[4::8] = array("Q", range(self._size))
        self._descriptors = self._view(entries, "i")  # the second of 16 words
        self._addresses, self._lengths = longs, words  # the third of 8 longs, the seventh word

    def _map(self, length: int, offset: int) -> mmap.mmap:
        shared = mmap.MAP_SHARED | mmap.MAP_POPULATE
        self._maps.append(mmap.mmap(self._ring, length, flags=shared, offset=offset))
        return self._maps[-1]

    def _view(self, memory: mmap.mmap, items: str, part: slice = slice(None)) -> memoryview:
        whole = memoryview(memory)
        some = whole[part]
        self._views += [some.cast(items), some, whole]  # type: ignore[call-overload]
        return self._views[-3]

    def _send(self, at: int, sockets: array[int], data: bytes) -> Iterable[tuple[int, int]]:
        """From the submission numbered `at` on, and not beyond the ring's last."""
        count, words = len(sockets), self._words
        address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
        self._descriptors[at * 16 + 1 : (at + count) * 16 : 16] = sockets
        self._addresses[at * 8 + 2 : (at + count) * 8 : 8] = array("Q", [address]) * count
        self._lengths[at * 16 + 6 : (at + count) * 16 : 16] = array("I", [len(data)]) * count
        words[self._submitted] = (words[self._submitted] + count) & _COUNTER
        submitted = self._submit(count)
        short = self._completed(at, submitted, len(data))
        if submitted < count:
            self.close()
            short += [(index, -errno.ECANCELED) for index in range(submitted, count)]
        return short

    def _submit(self, count: int) -> int:
        """Hand over `count` submissions; gives how many the kernel took and completed."""
        submitted = completed = 0
        while completed < count:
            left = count - submitted
            try:
                taken = self._call(_ENTER, self._ring, left, count - completed, _GET_EVENTS)
            except InterruptedError:
                continue
            except OSError:
                break
            if left and not taken:
                break
            submitted += taken
            completed = (self._words[self._done_tail] - self._words[self._done]) & _COUNTER
        return submitted

    def _completed(self, at: int, count: int, wanted: int) -> list[tuple[int, int]]:
        """Take `count` completions, of the submissions from `at` on; gives index and result of
        those that fall short. Some may have changed places.
        """
        first = self._words[self._done]
        place = first & (self._done_size - 1)
        results = self._results[place * 4 + 2 : (place + count) * 4 : 4]
        short = []
        if results != memoryview(array("i", [wanted]) * count):
            numbers = self._numbers[place * 2 : (place + count) * 2 : 2]
            pairs = zip(numbers.tolist(), results.tolist(), strict=True)
            short = [(number - at, result) for number, result in pairs if result != wanted]
            numbers.release()
        results.release()
        self._words[self._done] = (first + count) & _COUNTER
        return short

    def _call(self, number: int, *arguments: int) -> int:
        padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
        result: int = self._syscall(number, *padded)
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result

    def _try(self) -> None:
        """One real send; a sandbox may have the calls and not what they do."""
        here, there = socket.socketpair()
        with here, there:
            if self.send(array("i", [here.fileno()]), b"?"):
                raise ValueError("a send on it fails")
