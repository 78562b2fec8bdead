"""Several real Kafka nodes on this machine as one cluster, for tests of what happens when one is
gone.

Invariant: every node is broker and voter; with three, topics have three replicas and a write with
`acks=all` needs two of them, so any one node may be lost without losing an acked record.
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from local_kafka.broker import DEFAULT_GRACE_S, DEFAULT_START_TIMEOUT_S, Broker
from local_kafka.distribution import resolve
from local_kafka.ports import free_ports
from local_kafka.storage import new_cluster_id


def replication(brokers: int) -> dict[str, str]:
    """The settings that make every topic as safe as so many brokers allow."""
    copies = str(min(3, brokers))
    needed = str(min(2, brokers))
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": needed,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": needed,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": needed,
        # A dead follower leaves the in-sync set within seconds, not half a minute.
        "replica.lag.time.max.ms": "3000",
    }


class Cluster:
    """So many combined broker and controller nodes, each with its own directory under `data_dir`.

    Nodes are numbered from 0 here; Kafka knows node `i` as `node.id = i + 1`.
    """

    def __init__(
        self,
        data_dir: Path,
        brokers: int = 3,
        *,
        properties: Mapping[str, str] | None = None,
        heap: str = "256m",
    ) -> None:
        numbers = free_ports(2 * brokers)
        voters = {i + 1: numbers[2 * i + 1] for i in range(brokers)}
        settings = {**replication(brokers), **(properties or {})}
        cluster_id = new_cluster_id()
        distribution = resolve()
        self.nodes: tuple[Broker, ...] = tuple(
            Broker(
                data_dir / f"node-{i + 1}",
                numbers[2 * i],
                numbers[2 * i + 1],
                properties=settings,
                node_id=i + 1,
                voters=voters,
                cluster_id=cluster_id,
                heap=heap,
                distribution=distribution,
            )
            for i in range(brokers)
        )

    @property
    def bootstrap(self) -> str:
        """All nodes' addresses, separated by commas."""
        return ",".join(node.bootstrap for node in self.nodes)

    def start(self, timeout_s: float = DEFAULT_START_TIMEOUT_S) -> None:
        """Start all nodes at once and wait until each answers. Leaves none behind if one fails."""
        try:
            for node in self.nodes:
                node.launch()
            for node in self.nodes:
                node.wait_until_ready(timeout_s)
        except BaseException:
            self.kill()
            raise

    def stop(self, grace_s: float = DEFAULT_GRACE_S) -> None:
        """Stop the nodes one after the other, last first."""
        for node in reversed(self.nodes):
            node.stop(grace_s)

    def kill(self) -> None:
        """SIGKILL all nodes: no node waits for a quorum that is going away too."""
        for node in self.nodes:
            node.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
