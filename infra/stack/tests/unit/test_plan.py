"""What the stack consists of, from the environment alone."""

from __future__ import annotations

from pathlib import Path

from stack.guide import next_steps
from stack.plan import plan_stack

ROOT = Path("somewhere")


def test_by_default_one_publisher_on_a_local_kafka_with_the_demos_user() -> None:
    plan = plan_stack({}, ROOT)
    assert (plan.local_kafka, plan.bootstrap, plan.topic) == (True, "127.0.0.1:19092", "events")
    listener, publisher = plan.services
    assert (listener.port, publisher.port) == (8080, 8081)
    assert listener.environment["LISTENER_USERS"] == "user:pwd"
    assert publisher.environment["PUBLISHER_INSTANCE"] == "publisher-1"
    assert plan.kafka_dir == ROOT / ".data" / "kafka"


def test_each_publisher_has_a_stable_name_and_a_port_of_its_own() -> None:
    plan = plan_stack({"PUBLISHERS": "3", "PUBLISHER_PORT": "9001"}, ROOT)
    names = [each.environment["PUBLISHER_INSTANCE"] for each in plan.services[1:]]
    assert names == ["publisher-1", "publisher-2", "publisher-3"]
    assert [each.environment["PUBLISHER_PORT"] for each in plan.services[1:]] == [
        "9001", "9002", "9003",
    ]  # fmt: skip
    assert "9001, 9002, 9003" in next_steps(plan)


def test_a_named_cluster_is_used_and_none_is_started() -> None:
    plan = plan_stack({"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"}, ROOT)
    assert not plan.local_kafka
    assert {each.environment["KAFKA_BOOTSTRAP_SERVERS"] for each in plan.services} == {"kafka:9092"}


def test_what_the_caller_sets_wins_over_the_demo() -> None:
    plan = plan_stack(
        {"LISTENER_USERS": "ann:$argon2id$x", "LISTENER_PLAIN_PASSWORDS": "false"}, ROOT
    )
    assert plan.services[0].environment["LISTENER_USERS"] == "ann:$argon2id$x"
    assert plan.services[0].environment["LISTENER_PLAIN_PASSWORDS"] == "false"
