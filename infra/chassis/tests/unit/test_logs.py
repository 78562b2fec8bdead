"""Log lines: one JSON object each, and not too many of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog

from chassis import logs

EVERY_S = 10.0


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root, aiokafka, uvicorn = (logging.getLogger(n) for n in ("", "aiokafka", "uvicorn.error"))
    before = (root.handlers[:], root.level, aiokafka.level, uvicorn.filters[:])
    yield
    root.handlers[:], level, aiokafka_level, uvicorn.filters[:] = before
    root.setLevel(level)
    aiokafka.setLevel(aiokafka_level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    written = capsys.readouterr()
    assert written.out == ""
    return [orjson.loads(line) for line in written.err.splitlines()]


def test_a_line_is_a_json_object_that_says_who_when_and_what(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("info", as_json=True, service="listener")
    logs.get_logger("listener.kafka").warning("no leader", partition=3, broker=None)
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "service": "listener",
        "logger": "listener.kafka",
        "level": "warning",
        "event": "no leader",
        "partition": 3,
        "broker": None,
    }


def test_lines_of_libraries_have_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", as_json=True, service="listener")
    logging.getLogger("some.library").warning("%d of %s", 3, "them")
    (line,) = lines(capsys)
    assert (line["event"], line["logger"], line["service"]) == (
        "3 of them",
        "some.library",
        "listener",
    )


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", as_json=True, service="listener")
    log = logs.get_logger("listener")
    try:
        raise ValueError("first\nsecond")  # noqa: TRY301 - to be logged
    except ValueError:
        log.exception("failed\n{}", path="/\r\nx")
    (line,) = lines(capsys)
    assert line["event"] == "failed\n{}"
    assert line["path"] == "/\r\nx"
    assert line["exception"].endswith("ValueError: first\nsecond")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("\ud800", id="surrogate"),
        pytest.param(1 << 70, id="large-number"),
        pytest.param({1: "one", None: 2}, id="keys"),
        pytest.param({(1, 2): "tuple"}, id="strange-keys"),
        pytest.param(object, id="type"),
        pytest.param(b"\xff", id="bytes"),
        pytest.param(float("nan"), id="nan"),
        pytest.param({1, 2}, id="set"),
    ],
)
def test_whatever_the_value_the_line_is_written(
    capsys: pytest.CaptureFixture[str], value: object
) -> None:
    logs.configure("info", as_json=True, service="listener")
    logs.get_logger("listener").info("fact", value=value)
    (line,) = lines(capsys)
    assert line["event"] == "fact"
    assert "value" in line


def test_below_the_level_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", as_json=True, service="listener")
    log = logs.get_logger("listener")
    log.info("unheard")
    log.warning("heard")
    logging.getLogger("aiokafka.conn").error("the broker is away, again")
    assert [line["event"] for line in lines(capsys)] == ["heard"]


def test_for_people_a_line_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", as_json=False, service="listener")
    logs.get_logger("listener").info("listening", port=8080, text="a\nb")
    (line,) = capsys.readouterr().err.splitlines()
    assert "listening" in line
    assert "port=8080" in line
    assert "\\n" in line


# -- floods ----------------------------------------------------------------------------------------


class Lines(list[tuple[str, dict[str, Any]]]):
    def __call__(self, event: str, **facts: Any) -> None:
        self.append((event, facts))


def test_a_line_of_one_kind_goes_out_once_an_interval_and_says_what_was_held_back(
    clock: Clock,
) -> None:
    said = Lines()
    say = logs.BoundedLog(said, EVERY_S, clock)
    for number in range(5):
        say("refused", number=number)
    assert said == [("refused", {"number": 0})]
    clock.now += EVERY_S - 0.001
    say("refused", number=5)
    assert len(said) == 1
    clock.now += 0.001
    say("refused", number=6)
    say("refused", number=7)
    clock.now += EVERY_S
    say("refused", number=8)
    assert said[1:] == [
        ("refused", {"number": 6, "held_back": 5}),
        ("refused", {"number": 8, "held_back": 1}),
    ]
    clock.now += EVERY_S
    say("refused", number=9)
    assert said[-1] == ("refused", {"number": 9})


def test_kinds_do_not_hold_each_other_back(clock: Clock) -> None:
    said = Lines()
    say = logs.BoundedLog(said, EVERY_S, clock)
    for event in ("refused", "lost", "refused", "lost"):
        say(event)
    clock.now += EVERY_S
    say("lost")
    assert said == [("refused", {}), ("lost", {}), ("lost", {"held_back": 1})]


def test_a_clock_that_begins_anywhere_lets_the_first_line_through(clock: Clock) -> None:
    clock.now = -5.0
    said = Lines()
    logs.BoundedLog(said, EVERY_S, clock)("refused")
    assert said == [("refused", {})]


def test_what_clients_make_uvicorn_say_is_bounded(
    capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    logs.configure("info", as_json=True, service="listener", clock=clock)
    uvicorn = logging.getLogger("uvicorn.error")
    for _ in range(20):
        uvicorn.warning("Invalid HTTP request received.")
        uvicorn.warning("Unsupported upgrade request.")
    for error in (ValueError("a"), KeyError("b"), ValueError("c")):
        uvicorn.error("Exception in ASGI application", exc_info=error)
    assert [(line["event"], line.get("held_back")) for line in lines(capsys)] == [
        ("Invalid HTTP request received.", None),
        ("Unsupported upgrade request.", None),
        ("Exception in ASGI application", None),
        ("Exception in ASGI application", None),
    ]
    clock.now += EVERY_S
    uvicorn.warning("Invalid HTTP request received.")
    (line,) = lines(capsys)
    assert line["held_back"] == 19


def test_that_a_stop_cancels_applications_is_no_complaint(
    capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    logs.configure("info", as_json=True, service="listener", clock=clock)
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.error("Exception in ASGI application", exc_info=asyncio.CancelledError())
    assert lines(capsys) == []


def test_configured_twice_nothing_is_said_twice(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        logs.configure("info", as_json=True, service="listener")
    logs.get_logger("listener").info("once")
    logging.getLogger("uvicorn.error").warning("too")
    assert [line["event"] for line in lines(capsys)] == ["once", "too"]
