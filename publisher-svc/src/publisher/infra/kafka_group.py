"""The instance's consumer group as the broker sees it: is a twin in it, and can it be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError, for_code
from aiokafka.protocol.admin import DeleteGroupsRequest

from publisher.infra.kafka_connection import KafkaRefusedError, away


@dataclass(frozen=True, slots=True)
class Member:
    """A consumer in the group."""

    client_id: str
    host: str


async def group_members(arguments: dict[str, Any], group: str) -> list[Member]:
    """The group's members; one that was killed is among them for its session time-out.

    Raises:
        PublisherError: the broker is away or refuses.
    """
    admin = AIOKafkaAdminClient(**arguments, request_timeout_ms=5000)
    try:
        await admin.start()
        response: Any
        (response,) = await admin.describe_consumer_groups([group])
    except GroupCoordinatorNotAvailableError:
        return []  # a new cluster that never had a group: there is no coordinator yet
    except (KafkaError, OSError) as error:
        raise away(error) from error
    finally:
        await admin.close()
    (_, _, _, _, _, members, *_) = response.groups[0]
    return [Member(member[1], member[2].lstrip("/")) for member in members]


async def delete_group(arguments: dict[str, Any], group: str) -> None:
    """Delete the group of an instance that will not come back.

    Raises:
        PublisherError: the broker is away or refuses.
    """
    admin = AIOKafkaAdminClient(**arguments, request_timeout_ms=5000)
    try:
        await admin.start()
        node = await admin.find_coordinator(group)
        answer: Any = await admin._send_request(DeleteGroupsRequest([group]), node)
        error_code = answer.results[0][1]
    except (KafkaError, OSError) as error:
        raise away(error) from error
    finally:
        await admin.close()
    if error_code != 0:
        raise KafkaRefusedError(
            f"the group {group} was not deleted: {for_code(error_code).__name__}"
        )
