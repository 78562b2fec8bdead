"""What the stack consists of, from the environment alone."""

from __future__ import annotations

import io
import urllib.request
from pathlib import Path

import pytest

from stack.errors import PortInUseError, WrongSettingError
from stack.guide import next_steps, why_not_ready
from stack.plan import plan_stack
from stack.preflight import check_ports

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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LISTENER_PORT", "abc"),
        ("LISTENER_PORT", ""),
        ("LISTENER_PORT", "0"),
        ("PUBLISHER_PORT", "65536"),
        ("KAFKA_PORT", "-1"),
        ("PUBLISHERS", "0"),
        ("TOPIC_PARTITIONS", "1.5"),
    ],
)
def test_a_number_that_cannot_be_is_one_line_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(WrongSettingError, match=f"^{name}: .*whole number from 1") as refused:
        plan_stack({name: value}, ROOT)
    assert "\n" not in str(refused.value)


def test_publishers_that_do_not_fit_below_the_highest_port_are_refused() -> None:
    with pytest.raises(WrongSettingError, match=r"PUBLISHERS: .* from 1 to 1,"):
        plan_stack({"PUBLISHERS": "2", "PUBLISHER_PORT": "65535"}, ROOT)


@pytest.mark.parametrize(
    ("told", "both"),
    [
        ({"LISTENER_PORT": "8081"}, "8081, wanted by listener and publisher-1"),
        ({"LISTENER_PORT": "8082", "PUBLISHERS": "2"}, "8082, wanted by listener and publisher-2"),
        ({"KAFKA_PORT": "8079"}, "8080, wanted by Kafka's controller and listener"),
    ],
)
def test_a_port_that_two_want_is_refused_before_anything_starts(
    told: dict[str, str], both: str
) -> None:
    with pytest.raises(PortInUseError, match=both):
        check_ports(plan_stack(told, ROOT))


def test_where_dead_letters_are_kept_they_have_a_topic_and_a_publisher_on_this_machine() -> None:
    plan = plan_stack(
        {"LISTENER_DEAD_LETTER_TOPIC": "dead", "PUBLISHERS": "2", "PUBLISHER_HOST": "0.0.0.0"}, ROOT
    )
    assert [each.name for each in plan.topics] == ["events", "dead"]
    assert plan.topics[1].settings == ("retention.ms=604800000",)
    shown = plan.dead_letters
    assert shown is not None
    assert (shown.port, shown.environment["PUBLISHER_HOST"]) == (8083, "localhost")
    assert shown.environment["KAFKA_TOPIC"] == "dead"
    assert [each.port for each in plan.publishers] == [8081, 8082]
    assert plan.services[0].environment["LISTENER_DEAD_LETTER_TOPIC"] == "dead"
    said = next_steps(plan)
    shown_by = (
        "-H='Authorization: Basic dXNlcjpwd2Q=' 'ws://localhost:8083/websocket?since=earliest'"
    )
    assert f"your dead letters    .venv/bin/websocat {shown_by}" in said
    assert "2 publishers, on ports 8081, 8082" in said


WALL = ("AUTH", "KEYS", "USERS", "PLAIN_PASSWORDS")


@pytest.mark.parametrize(
    ("told", "wall"),
    [
        ({}, ("basic", "own", "user:pwd", "true")),
        (
            {"LISTENER_USERS": "ann:$argon2id$x", "LISTENER_PLAIN_PASSWORDS": "false"},
            ("basic", "own", "ann:$argon2id$x", "false"),
        ),
        (
            {"PUBLISHER_AUTH": "basic", "PUBLISHER_USERS": "ops:$argon2id$y"},
            ("basic", "own", "ops:$argon2id$y", None),
        ),
        ({"PUBLISHER_AUTH": "none", "PUBLISHER_KEYS": "any"}, ("basic", "own", "user:pwd", "true")),
        ({"PUBLISHER_AUTH": "bearer"}, ("basic,bearer", "own", "user:pwd", "true")),
        ({"LISTENER_AUTH": "none"}, (None, None, None, None)),
    ],
)
def test_dead_letters_are_shown_to_whom_they_are_of(
    told: dict[str, str], wall: tuple[str | None, ...]
) -> None:
    plan = plan_stack({"LISTENER_DEAD_LETTER_TOPIC": "dead", **told}, ROOT)
    assert plan.dead_letters is not None
    shown = plan.dead_letters.environment
    assert tuple(shown.get(f"PUBLISHER_{name}") for name in WALL) == wall
    assert ("Authorization" in next_steps(plan).partition("dead letters ")[2]) == bool(wall[0])


def test_events_are_everybodys_unless_the_caller_says_otherwise() -> None:
    [_, publisher] = plan_stack({}, ROOT).services
    assert [publisher.environment.get(f"PUBLISHER_{name}") for name in WALL] == [None] * 4
    asking = plan_stack({"PUBLISHER_AUTH": "basic"}, ROOT)
    [_, publisher] = asking.services
    told = [publisher.environment.get(f"PUBLISHER_{name}") for name in WALL]
    assert told == ["basic", None, "user:pwd", "true"]
    header = "-H='Authorization: Basic dXNlcjpwd2Q='"
    assert f".venv/bin/websocat {header} ws://localhost:8081/websocket" in next_steps(asking)
    by_token = plan_stack({"PUBLISHER_AUTH": "bearer"}, ROOT)
    header = "-H='Authorization: Bearer …'"
    assert f".venv/bin/websocat {header} ws://localhost:8081/websocket" in next_steps(by_token)
    assert "PUBLISHER_USERS" not in by_token.publishers[0].environment


def commands(environment: dict[str, str]) -> dict[str, str]:
    """What the guide gives to type, by what it is for."""
    lines = next_steps(plan_stack(environment, ROOT)).splitlines()
    return {line[2:22].strip(): line[23:] for line in lines if line.startswith("  ")}


def test_what_is_shown_carries_the_credentials_that_it_needs() -> None:
    tail = ".venv/bin/broadcaster tail --since -5m ws://localhost:8081/websocket"
    assert commands({})["the last five min."] == tail
    basic = commands({"PUBLISHER_AUTH": "basic"})
    demo = "BROADCASTER_USER=user BROADCASTER_PASSWORD=pwd"
    assert basic["the last five min."] == f"{demo} {tail}"
    assert basic["a demonstration"] == "make demo"
    bearer = commands({"PUBLISHER_AUTH": "bearer"})
    assert bearer["the last five min."] == f"BROADCASTER_TOKEN=… {tail}"
    assert bearer["a demonstration"] == "BROADCASTER_TOKEN=… make demo"


def test_subscribers_that_are_not_the_producers_are_pointed_to() -> None:
    told = {"PUBLISHER_AUTH": "basic", "PUBLISHER_USERS": "ann:$argon2id$x"}
    said = next_steps(plan_stack(told, ROOT))
    assert "PUBLISHER_USERS" in said
    assert "LISTENER_USERS" not in said
    assert "printf 'USER:PASSWORD' | base64" in said


def test_the_demonstration_and_the_end_are_told_where() -> None:
    said = commands({"LISTENER_PORT": "9000"})
    listener = "BROADCASTER_LISTENER_URL=ws://localhost:9000/websocket"
    assert said["a demonstration"] == f"{listener} make demo"
    said = commands({"PUBLISHER_PORT": "9001"})
    publisher = "BROADCASTER_PUBLISHER_URL=ws://localhost:9001/websocket"
    assert said["a demonstration"] == f"{publisher} make demo"
    elsewhere = next_steps(plan_stack({"BROADCASTER_DATA_DIR": "/some where"}, ROOT))
    assert "or BROADCASTER_DATA_DIR='/some where' make stop, ends" in elsewhere
    assert "or make stop, ends" in next_steps(plan_stack({}, ROOT))


def test_operators_are_the_dead_letters_where_events_are_everybodys() -> None:
    told = {"LISTENER_DEAD_LETTER_TOPIC": "dead", "PUBLISHER_OPERATORS": "user"}
    plan = plan_stack(told, ROOT)
    assert plan.dead_letters is not None
    assert plan.dead_letters.environment["PUBLISHER_OPERATORS"] == "user"
    assert "PUBLISHER_OPERATORS" not in plan.publishers[0].environment
    both = plan_stack({**told, "PUBLISHER_AUTH": "basic", "PUBLISHER_KEYS": "own"}, ROOT)
    assert both.publishers[0].environment["PUBLISHER_OPERATORS"] == "user"


@pytest.mark.parametrize("named", [{}, {"LISTENER_DEAD_LETTER_TOPIC": "events"}])
def test_otherwise_there_is_none(named: dict[str, str]) -> None:
    plan = plan_stack(named, ROOT)
    assert plan.dead_letters is None
    assert [each.name for each in plan.topics] == ["events"]
    assert "dead letters" not in next_steps(plan)


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


def test_the_demos_credentials_are_shown_while_they_are_in_force() -> None:
    said = next_steps(plan_stack({}, ROOT))
    assert "-H='Authorization: Basic dXNlcjpwd2Q=' ws://localhost:8080/websocket" in said
    assert "LISTENER_USERS" not in said


@pytest.mark.parametrize(
    "environment",
    [
        {"LISTENER_USERS": "ann:$argon2id$x", "LISTENER_PLAIN_PASSWORDS": "false"},
        {"LISTENER_USERS": "user:other"},
        {"LISTENER_PLAIN_PASSWORDS": "false", "LISTENER_USERS": "user:pwd"},
    ],
)
def test_other_users_are_pointed_to_and_not_shown(environment: dict[str, str]) -> None:
    said = next_steps(plan_stack(environment, ROOT))
    assert "-H='Authorization: Basic …' ws://localhost:8080/websocket" in said
    assert "printf 'USER:PASSWORD' | base64" in said
    assert "LISTENER_USERS" in said
    assert "BROADCASTER_USER=… BROADCASTER_PASSWORD=… make demo" in said
    assert "dXNlcjpwd2Q=" not in said
    assert environment["LISTENER_USERS"] not in said


def test_without_authentication_no_credentials_are_asked_for() -> None:
    said = next_steps(plan_stack({"LISTENER_AUTH": "none"}, ROOT))
    assert "Authorization" not in said
    assert "LISTENER_USERS" not in said


@pytest.mark.parametrize("host", ["", "localhost", "0.0.0.0", "::"])
def test_what_listens_here_is_found_at_localhost(host: str) -> None:
    given = {"LISTENER_HOST": host, "PUBLISHER_HOST": host} if host else {}
    plan = plan_stack(given, ROOT)
    assert [each.address for each in plan.services] == ["localhost:8080", "localhost:8081"]


def test_what_listens_elsewhere_is_found_there() -> None:
    plan = plan_stack({"LISTENER_HOST": "192.0.2.7", "PUBLISHER_HOST": "2001:db8::1"}, ROOT)
    assert [each.address for each in plan.services] == ["192.0.2.7:8080", "[2001:db8::1]:8081"]
    said = next_steps(plan)
    assert "ws://192.0.2.7:8080/websocket" in said
    assert "ws://[2001:db8::1]:8081/websocket?since=earliest" in said
    assert "localhost" not in said


def test_readiness_is_asked_where_the_service_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(url: str, **_: object) -> io.BytesIO:
        asked.append(url)
        return io.BytesIO(b"{}")

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    plan = plan_stack({"LISTENER_HOST": "192.0.2.7", "LISTENER_PORT": "9000"}, ROOT)
    assert [why_not_ready(each) for each in plan.services] == [None, None]
    assert asked == ["http://192.0.2.7:9000/readyz", "http://localhost:8081/readyz"]
