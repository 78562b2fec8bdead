"""The worked foreign service's own CI, in its own environment: check, producer, consumer, pact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import SERVICE, run

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
PACT = "pacts/warehouse-broadcaster.json"


def test_its_contracts_of_older_drafts_are_well(environment: Path, project: Path) -> None:
    checked = run(environment / "contracts", "check", "contracts", cwd=project)
    assert checked.returncode == 0, checked.stdout
    assert "2 contracts, 8 examples: all is well" in checked.stdout


def test_its_tests_pass_and_write_the_pact_that_is_committed(
    environment: Path, project: Path
) -> None:
    (project / PACT).unlink()
    tested = run(environment / "pytest", "-q", "-rA", cwd=project)
    assert tested.returncode == 0, tested.stdout
    for name in ("test_a_completed_pick", "[order.placed/1:smallest]", "test_an_order_to_pick"):
        assert name in tested.stdout
    written, committed = (json.loads((at / PACT).read_text()) for at in (project, SERVICE))
    assert written["interactions"] == committed["interactions"], "commit what its tests write"


def test_nothing_of_the_workspace_but_the_wheel_is_there(environment: Path) -> None:
    code = (
        "import contracts.catalogue as c, contracts.vectors as v; "
        "print(c.__file__, *c.serving_catalogue(None).types, *v.vectors('clients'))"
    )
    told = run(environment / "python", "-c", code).stdout
    assert told.startswith(str(environment.parent)), told
    assert "order.placed" in told
    assert told.endswith("about cases\n")
    for other in ("chassis", "aiokafka", "starlette"):
        assert run(environment / "python", "-c", f"import {other}").returncode != 0, other


@pytest.mark.parametrize(
    ("file", "before", "after", "told"),
    [
        ("src/warehouse/messages.py", '{"order": done.order', '{"ordre": done.order', '"order" is'),
        ("src/warehouse/picking.py", 'data["id"]', 'data["note"]', "KeyError: 'note'"),
        ("tests/test_what_we_read.py", '"id": match.like("A-1"),', "", "KeyError: 'id'"),
    ],
)
def test_a_change_that_breaks_somebody_fails_there(
    environment: Path, project: Path, file: str, before: str, after: str, told: str
) -> None:
    source = (project / file).read_text()
    assert before in source
    (project / file).write_text(source.replace(before, after))
    tested = run(environment / "pytest", "-q", cwd=project)
    assert tested.returncode == 1
    assert told in tested.stdout
