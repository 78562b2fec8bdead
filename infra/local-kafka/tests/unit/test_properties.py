"""What is written into server.properties."""

from dataclasses import replace
from pathlib import Path

import pytest

from local_kafka.cluster import replication
from local_kafka.errors import InvalidSetting
from local_kafka.properties import Node, escape, server_properties

NODE = Node(Path("/data/kafka"), 19092, 19093)


def parsed(node: Node) -> dict[str, str]:
    return dict(line.split("=", 1) for line in server_properties(node).splitlines())


def test_a_node_alone_is_its_own_quorum() -> None:
    settings = parsed(NODE)

    assert settings["controller.quorum.voters"] == "1@127.0.0.1:19093"
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093"
    assert settings["log.dirs"] == "/data/kafka/logs"


def test_nodes_of_a_cluster_name_all_voters() -> None:
    settings = parsed(replace(NODE, node_id=2, voters={1: 201, 2: 202}))

    assert settings["node.id"] == "2"
    assert settings["controller.quorum.voters"] == "1@127.0.0.1:201,2@127.0.0.1:202"


def test_given_properties_win_over_defaults() -> None:
    assert parsed(NODE)["offsets.topic.replication.factor"] == "1"

    settings = parsed(replace(NODE, properties=replication(3)))

    assert settings["offsets.topic.replication.factor"] == "3"
    assert settings["min.insync.replicas"] == "2"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (r"C:\kafka", r"C:\\kafka"),
        ("k é", r"k \u00e9"),
        ("📦", r"\ud83d\udce6"),
        (" leading", r"\ leading"),
        ("two\nlines", r"two\nlines"),
    ],
)
def test_values_are_escaped_as_java_reads_them(value: str, written: str) -> None:
    assert escape(value) == written


def test_a_comma_in_the_path_is_refused_since_kafka_would_split_it() -> None:
    with pytest.raises(InvalidSetting, match="comma"):
        server_properties(replace(NODE, data_dir=Path("/data/a,b")))
