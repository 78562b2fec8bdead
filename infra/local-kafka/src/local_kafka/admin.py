"""A connection to Kafka's administration, with its errors as exceptions of this package.

aiokafka's admin client answers with error codes where one expects exceptions; `check` is the one
place that turns a code into an error, so no caller may skip it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from local_kafka.errors import KafkaRefused

_CONTROLLER_S, _ASK_AGAIN_S = 10.0, 0.05


def check(error_code: int, subject: str, message: str | None = None) -> None:
    """Raise `KafkaRefused` unless the code says that all is well."""
    if error_code != 0:
        name = for_code(error_code).__name__
        raise KafkaRefused(f"{subject}: Kafka answered {name}{f' ({message})' if message else ''}.")


@asynccontextmanager
async def administration(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client. Raises `KafkaRefused` if nobody answers, or for an error inside.

    A broker that has just come up answers before it knows the controller, and the client cannot do
    without: it is waited for.
    """
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    try:
        await client.start()
    except (KafkaError, OSError, TimeoutError) as error:
        await client.close()
        raise KafkaRefused(
            f"No Kafka answers at {bootstrap}. Start one with `local-kafka start`, or set "
            "KAFKA_BOOTSTRAP_SERVERS to where it is."
        ) from error
    try:
        await _know_the_controller(client, bootstrap)
        yield client
    except KafkaError as error:
        raise KafkaRefused(f"Kafka at {bootstrap} refused: {error}") from error
    finally:
        await client.close()


async def _know_the_controller(client: AIOKafkaAdminClient, bootstrap: str) -> None:
    metadata = client._client
    try:
        async with asyncio.timeout(_CONTROLLER_S):
            while metadata.cluster.controller is None:
                await metadata.force_metadata_update()
                await asyncio.sleep(_ASK_AGAIN_S)  # Kafka tells nobody when it has one
    except TimeoutError as error:
        raise KafkaRefused(
            f"Kafka at {bootstrap} answers and has known no controller for {_CONTROLLER_S:g} s. "
            "It may still be starting: try again, or see its log."
        ) from error
