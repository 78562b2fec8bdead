from __future__ import annotations

from pathlib import Path

import pytest

from contracts.compatibility.policy import Compatibility, Direction, Policy, Waived, read_policy
from contracts.errors import Fault

WAIVER = """
[[waivers]]
type = "t"
versions = [1, 2]
direction = "forward"
schemas = "a-b"
reason = "The pattern was widened; both were tried."
"""


def read(directory: Path, text: str) -> tuple[Policy, list[Fault]]:
    (directory / "policy.toml").write_text(text, encoding="utf-8")
    return read_policy(directory, ["t", "u"])


def test_without_a_file_everything_is_held_to_the_strictest(tmp_path: Path) -> None:
    policy, faults = read_policy(tmp_path, [])
    assert policy.compatibility("t") is Compatibility.FULL
    assert faults == []


def test_types_have_their_own(tmp_path: Path) -> None:
    text = 'compatibility = "forward"\n[types.t]\ncompatibility = "backward"\n'
    policy, faults = read(tmp_path, text)
    assert faults == []
    assert policy.compatibility("t").directions() == (Direction.BACKWARD,)
    assert policy.compatibility("u").directions() == (Direction.FORWARD,)
    assert Compatibility.NONE.directions() == ()
    assert len(Compatibility.FULL.directions()) == 2


def test_a_waiver(tmp_path: Path) -> None:
    policy, faults = read(tmp_path, WAIVER)
    assert faults == []
    (waiver,) = policy.waivers
    assert waiver.versions == (1, 2)
    assert waiver.accepts is Waived.UNDECIDED
    assert waiver.name == "t 1 → 2, forward"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("compatibility = ", "cannot be read"),
        ('compatibility = "sideways"', "unknown; expected: backward, forward, full, none"),
        ('compatability = "full"', '"compatability" means nothing here'),
        ('[types.x]\ncompatibility = "none"', 'no contract of the type "x"'),
        ('[types.t]\ncompatible = "none"', "is not understood"),
        ('[types]\nt = "none"', "is not understood"),
        (WAIVER.replace("forward", "up"), "waiver 1 is not complete"),
        (WAIVER.replace("reason", "because"), "waiver 1 is not complete"),
        (WAIVER.replace("[1, 2]", "[1]"), "waiver 1 is not complete"),
        (WAIVER.replace('"t"', '"x"'), "unknown type"),
        (WAIVER.replace("The pattern was widened; both were tried.", "ok"), "no reason"),
        (WAIVER + "until = 5", "unknown members: until"),
        ("waivers = 5", "waiver 1 is not complete"),
    ],
)
def test_what_is_wrong_is_a_fault(tmp_path: Path, text: str, said: str) -> None:
    policy, faults = read(tmp_path, text)
    assert any(said in fault.what for fault in faults), faults
    assert policy.waivers == ()
    assert policy.compatibility("t") is Compatibility.FULL
