"""HTTP Basic credentials (RFC 7617) checked against argon2 hashes, or plain ones for a demo.

Hashing is slow on purpose, so it runs in a small executor of its own, and a success is remembered
for a short time under an HMAC with a key of this process; neither password nor header is kept.
A guess costs its sender nothing, so only so many wait to be verified, and the threads that do it
come after the event loop's. Invariant: an unknown user costs what a wrong password costs. Failures
are never remembered. Who may do what is not decided here.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import os
import secrets
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import Enum

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from chassis.errors import ChassisError

CHALLENGE = 'Basic realm="broadcaster", charset="UTF-8"'
"""The value of ``WWW-Authenticate`` beside a 401."""

_MAX_HEADER = 1024
_THREADS = 2
_NICENESS = 10
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class InvalidUsersError(ChassisError):
    """The configured users cannot be used; the message says whose entry is wrong, not the entry."""

    code = "invalid-users"


class Busy(Enum):
    """Nothing is known of these credentials: too many others wait to be verified, or it is over."""

    BUSY = "credentials cannot be verified now, for too many wait; ask again"


class BasicAuth:
    """Tells the principal of an ``Authorization`` header."""

    def __init__(
        self,
        users: Mapping[str, str],
        *,
        plain: bool = False,
        remember_s: float = 60.0,
        remember_most: int = 1024,
        most_waiting: int = 100,
        on_full: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`users`: name → argon2 hash, or with `plain` name → password.

        At most `most_waiting` credentials wait to be verified, a hundred being some seconds' work;
        `on_full` is called for each that comes while they do, and is told `Busy`.

        Raises:
            InvalidUsersError: an entry is no argon2 hash and `plain` is not set.
        """
        self._plain = plain
        self._users = {name: _checked(name, secret, plain=plain) for name, secret in users.items()}
        self._dummy = secrets.token_hex() if plain else _HASHER.hash(secrets.token_hex())
        self._remember_s = remember_s
        self._remember_most = remember_most
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._seen: OrderedDict[bytes, tuple[float, str]] = OrderedDict()
        self._most_waiting = most_waiting
        self._on_full = on_full
        self._closed = False
        self._waiting: dict[bytes, asyncio.Future[bool]] = {}
        self._executor = ThreadPoolExecutor(
            _THREADS, thread_name_prefix="basic-auth", initializer=_come_after_others
        )

    async def authenticate(self, header: str | None) -> str | Busy | None:
        """The principal that `header` proves, or None: missing, malformed or wrong."""
        if header is None or len(header) > _MAX_HEADER:
            return None
        digest = hmac.digest(self._key, header.encode("utf-8", "surrogateescape"), "sha256")
        known = self._seen.get(digest)
        if known is not None and self._clock() < known[0]:
            return known[1]
        credentials = _credentials(header)
        if credentials is None:
            return None
        user, password = credentials
        secret = self._users.get(user)
        checked = secret if secret is not None else self._dummy
        matches: bool | Busy
        if self._plain:  # at once: what a client sent that leaves in the next moment is still read
            matches = hmac.compare_digest(checked.encode(), password.encode())
        else:
            matches = await self._in_turn(digest, checked, password)
        if isinstance(matches, Busy):
            return matches
        if secret is None or not matches:
            return None
        self._remember(digest, user)
        return user

    def close(self) -> None:
        """Verify no more: whoever waits or comes is told `Busy`."""
        self._closed = True
        for verifying in list(self._waiting.values()):
            verifying.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _in_turn(self, digest: bytes, secret: str, password: str) -> bool | Busy:
        """Those that send the same at once share one verification."""
        verifying = self._waiting.get(digest)
        if verifying is None:
            if self._closed:
                return Busy.BUSY
            if len(self._waiting) >= self._most_waiting:
                self._on_full()
                return Busy.BUSY
            verifying = asyncio.ensure_future(self._verify(secret, password))
            self._waiting[digest] = verifying
            verifying.add_done_callback(lambda _: self._waiting.pop(digest))
        try:
            return await asyncio.shield(verifying)
        except asyncio.CancelledError:
            if not verifying.cancelled():
                raise  # it is the one who waits that was given up
            return Busy.BUSY

    async def _verify(self, secret: str, password: str) -> bool:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, _verify, secret, password)

    def _remember(self, digest: bytes, user: str) -> None:
        self._seen[digest] = (self._clock() + self._remember_s, user)
        self._seen.move_to_end(digest)
        while len(self._seen) > self._remember_most:
            self._seen.popitem(last=False)


def _checked(name: str, secret: str, *, plain: bool) -> str:
    if plain:
        return secret
    try:
        _HASHER.check_needs_rehash(secret)
    except InvalidHashError as error:
        raise InvalidUsersError(
            f"the entry of user {name!r} is not an argon2 hash; make one with: "
            "python -c \"from argon2 import PasswordHasher; print(PasswordHasher().hash('…'))\""
        ) from error
    return secret


def _come_after_others() -> None:
    """For a thread just started. Elsewhere than on Linux a priority is the whole process'."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


def _verify(secret: str, password: str) -> bool:
    try:
        return _HASHER.verify(secret, password)
    except Argon2Error:
        return False


def _credentials(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    user, colon, password = decoded.partition(":")
    return (user, password) if colon else None
