"""Waiting until a broker really answers, from synchronous code.

"Answers" means: speaks ApiVersions, and its metadata lists the node itself, which it does only
after recovery and registration with the controller. Decides nothing about processes; the caller
says through `still_alive` when waiting has become pointless.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

Answer = TypeVar("Answer")

_POLL_S = 0.03
_ANSWER_TIMEOUT_MS = 3000


def run_apart(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a coroutine to its end on another thread's loop: the caller may be inside one."""
    results: list[Answer] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(asyncio.run(coroutine))
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            failures.append(error)

    thread = threading.Thread(target=work, name="local-kafka-client")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def wait_for_answer(
    host: str, port: int, node_id: int, timeout_s: float, still_alive: Callable[[], bool]
) -> bool:
    """True as soon as the broker answers; False when the time is up or `still_alive` says no."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and still_alive():
        # A plain connect first: aiokafka writes an error to the log for every refused one.
        if _accepts(host, port) and run_apart(_lists_itself(f"{host}:{port}", node_id)):
            return True
        time.sleep(_POLL_S)
    return False


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


async def _lists_itself(bootstrap: str, node_id: int) -> bool:
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=_ANSWER_TIMEOUT_MS)
    try:
        await client.bootstrap()
        return node_id in {broker.nodeId for broker in client.cluster.brokers()}
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
