from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from contracts.compatibility.containment import Answer, Containment


def test_a_yes_and_a_no_with_the_difference() -> None:
    containment = Containment()
    try:
        assert containment.ask({"type": "integer"}, {"type": "number"}, 10.0) == Answer("yes")
        answer = containment.ask({"type": ["null", "string"]}, {"type": "string"}, 10.0)
        assert answer.contained == "no"
        assert isinstance(answer.difference, dict)
    finally:
        containment.close()


def test_a_schema_that_it_cannot_take_is_unknown_and_the_next_is_answered() -> None:
    containment = Containment()
    try:
        assert containment.ask({"type": 5}, {}, 10.0) == Answer("unknown")
        assert containment.ask({}, {}, 10.0) == Answer("yes")
    finally:
        containment.close()


def test_beyond_the_time_limit_it_is_unknown_and_a_new_process_answers_the_next() -> None:
    containment = Containment()
    try:
        began = time.monotonic()
        # the child cannot even start in this time
        assert containment.ask({}, {}, 0.001) == Answer("unknown")
        assert time.monotonic() - began < 5.0
        assert containment.ask({}, {}, 10.0) == Answer("yes")
    finally:
        containment.close()


def test_documents_that_are_too_large_are_not_asked_about() -> None:
    assert Containment().ask({"const": "a" * 5_000_000}, {}, 10.0) == Answer("unknown")


def test_who_ends_in_the_midst_of_a_question_leaves_no_process() -> None:
    asking = (
        "import os, signal\n"
        "from contracts.compatibility.containment import Containment\n"
        "child = Containment()._started()\n"
        "os.kill(child.pid, signal.SIGSTOP)  # as busy as can be: it does not see its input end\n"
        "print(child.pid)\n"
    )
    told = subprocess.run([sys.executable, "-c", asking], capture_output=True, check=True)
    stat = Path(f"/proc/{int(told.stdout)}/stat")
    deadline = time.monotonic() + 5.0
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, "it is still there"
        time.sleep(0.01)
