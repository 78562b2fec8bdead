"""This process's place in its instance's consumer group, and who else is in it.

Invariant: of two processes with one name the later one leaves, whichever of them notices first:
before it joins, or, if both started in the same moment, when it has been assigned partitions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from publisher.domain.errors import PublisherError
from publisher.domain.incarnation import Incarnation
from publisher.infra.kafka_group import Member, group_members


class TwinInstanceError(PublisherError):
    """Another process uses this instance's name; two would split the partitions between them."""

    code = "twin-instance"


class KafkaMembership:
    """See the module."""

    def __init__(
        self,
        arguments: dict[str, Any],
        group: str,
        incarnation: Incarnation,
        *,
        session_s: float,
        retry_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._arguments = arguments
        self._group = group
        self._incarnation = incarnation
        self._session_s = session_s
        self._retry_s = retry_s
        self._clock = clock

    @property
    def client_id(self) -> str:
        """What the group shows of this process."""
        return str(self._incarnation)

    async def wait_for_the_name(self, waiting: Callable[[str], None]) -> None:
        """Until nobody is in the group whom this process must not join; `waiting` is told why not.

        A member that was killed stays in it for the session time-out: that is waited for.

        Raises:
            TwinInstanceError: somebody stays.
            PublisherError: the broker is away or refuses.
        """
        deadline_s = self._clock() + self._session_s + 2
        while rivals := await self._among(self._incarnation.rivals):
            detail = self._in_use(rivals[0])
            waiting(detail)
            if self._clock() > deadline_s:
                raise TwinInstanceError(detail)
            await asyncio.sleep(self._retry_s)

    async def leave_to_an_elder(self) -> None:
        """Look at the group after an assignment.

        Raises:
            TwinInstanceError: one that started earlier is in it.
            PublisherError: the broker is away or refuses.
        """
        if elders := await self._among(self._incarnation.elders):
            raise TwinInstanceError(f"{self._in_use(elders[0])}; it started earlier")

    async def _among(self, chosen: Callable[[list[str]], list[str]]) -> list[Member]:
        members = await group_members(self._arguments, self._group)
        wanted = set(chosen([each.client_id for each in members]))
        return [each for each in members if each.client_id in wanted]

    def _in_use(self, holder: Member) -> str:
        return (
            f"the instance name {self._incarnation.instance} is in use: {holder.client_id} at "
            f"{holder.host} is in the group {self._group}; stop it or choose another "
            "PUBLISHER_INSTANCE"
        )
