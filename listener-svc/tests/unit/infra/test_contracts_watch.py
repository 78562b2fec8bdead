"""Changes of a directory of contracts: taken as a whole, or refused as a whole."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from pathlib import Path

import pytest

from contracts.judge import Accepted
from listener.infra.contract_review import ContractReview, Strictness
from listener.infra.contract_set import ContractSet, ContractShelf, load_contract_set
from listener.infra.contracts_watch import ContractsWatch


class Desk:
    """A directory, what is in force, and who looks."""

    def __init__(
        self,
        directory: Path,
        strictness: Strictness = Strictness.DECLARED,
        limit_s: float = 10,
    ) -> None:
        self.directory = directory
        self.write("note/1.json", {"type": "object", "required": ["text"]})
        self.shelf = ContractShelf(load_contract_set(directory))
        self.followed: list[ContractSet] = []
        self.shelf.follow(self.followed.append)
        self.watch = ContractsWatch(
            *(directory, self.shelf, load_contract_set),
            ContractReview(directory, strictness, limit_s),
            poll_s=1,
            now=lambda: "now",
        )

    def write(self, path: str, schema: object) -> None:
        file = self.directory / "schemas" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(schema if isinstance(schema, str) else json.dumps(schema))

    async def look(self) -> None:
        """Once to see a change, once to see that it stands still."""
        await self.watch.look()
        await self.watch.look()

    def accepts(self, type_: str, data: object) -> bool:
        event = {"specversion": "1.0", "id": "1", "source": "/s", "type": type_, "data": data}
        return isinstance(self.shelf.current.judge.judge(event), Accepted)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "contracts")


async def test_without_a_change_nothing_happens(desk: Desk) -> None:
    before = desk.shelf.current
    await desk.look()
    assert desk.shelf.current is before
    assert desk.watch.taken == 0


async def test_a_change_is_in_force_once_it_stands_still(desk: Desk) -> None:
    desk.write("note/2.json", {"type": "object", "required": ["subject"]})
    await desk.watch.look()
    assert not desk.accepts("note", {"subject": "x"})
    await desk.watch.look()
    assert desk.accepts("note", {"subject": "x"})
    assert "note/2" in desk.shelf.current.pages
    assert "note/2" in desk.shelf.current.asyncapi
    assert desk.followed == [desk.shelf.current]
    assert desk.watch.status() == {"reloads": 1, "refused": None}


def test_a_stop_does_not_wait_for_a_review(desk: Desk) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), list[bool]()

    def review(*_: object) -> None:
        begun.set()
        ended.append(go_on.wait(2))

    desk.watch._review = review

    async def stopped_in_a_review() -> None:
        desk.write("note/2.json", {"type": "object"})
        looking = asyncio.ensure_future(desk.look())
        while not begun.is_set():
            await asyncio.sleep(0)
        looking.cancel()

    asyncio.run(stopped_in_a_review())
    assert not ended
    go_on.set()


async def test_files_that_are_still_being_written_are_not_read(desk: Desk) -> None:
    for number in range(2, 5):
        desk.write(f"note/{number}.json", "{")
        await desk.watch.look()
    assert (desk.watch.taken, desk.watch.refusals) == (0, 0)


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("note/1.json", "{"),
        ("note/1.json", {"type": "nonsense"}),
        ("note/1.json", {"$ref": "missing.json"}),
        ("broadcaster.x/1.json", {}),
        ("note/v2.json", {}),
    ],
)
async def test_a_broken_change_is_refused_and_the_old_contracts_stay(
    desk: Desk, path: str, schema: object
) -> None:
    before = desk.shelf.current
    desk.write(path, schema)
    await desk.look()
    await desk.look()
    assert desk.shelf.current is before
    assert desk.accepts("note", {"text": "x"})
    assert desk.watch.refusals == 1
    refused = desk.watch.status()["refused"]
    assert refused["since"] == "now"
    assert path.partition("/")[0] in refused["faults"][0]


async def test_once_corrected_it_is_taken(desk: Desk) -> None:
    desk.write("note/1.json", "{")
    await desk.look()
    desk.write("note/1.json", {"type": "string"})
    await desk.look()
    assert desk.accepts("note", "x")
    assert desk.watch.refused is None


async def test_a_directory_that_vanishes_changes_nothing(desk: Desk) -> None:
    shutil.rmtree(desk.directory)
    await desk.look()
    assert desk.accepts("note", {"text": "x"})
    assert desk.watch.refused is not None


async def test_a_failure_of_ours_is_a_refusal_not_the_end_of_the_watch(desk: Desk) -> None:
    def fail(_: Path | None) -> ContractSet:
        raise RuntimeError("a bug")

    desk.watch._load = fail
    desk.write("note/2.json", {})
    await desk.look()
    assert desk.watch.refusals == 1


async def test_the_same_contracts_written_anew_disturb_nobody(desk: Desk) -> None:
    desk.write("note/1.json", {"type": "object", "required": ["text"]})
    await desk.look()
    assert desk.followed == []


TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
NUMBER = {"type": "object", "required": ["text"], "properties": {"text": {"type": "number"}}}
MORE = TEXT | {"properties": {**TEXT["properties"], "by": {"type": "string"}}}  # type: ignore[dict-item]


class TestHeldToItsPolicy:
    """A directory with a `policy.toml`."""

    @pytest.fixture
    def desk(self, tmp_path: Path) -> Desk:
        return self.made(tmp_path)

    def made(
        self,
        tmp_path: Path,
        policy: str = "",
        strictness: Strictness = Strictness.DECLARED,
        limit_s: float = 10,
    ) -> Desk:
        directory = tmp_path / "contracts"
        file = directory / "schemas" / "letter" / "1.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(TEXT))
        if policy is not None:
            (directory / "policy.toml").write_text(policy)
        return Desk(directory, strictness, limit_s)

    def faults(self, desk: Desk) -> list[str]:
        assert desk.watch.refused is not None
        return list(desk.watch.refused.faults)

    async def test_a_version_that_means_something_else_now_is_refused(self, desk: Desk) -> None:
        desk.write("letter/1.json", NUMBER)
        await desk.look()
        assert desk.accepts("letter", {"text": "x"})
        assert not desk.accepts("letter", {"text": 1})
        assert all("changed in place" in fault for fault in self.faults(desk))
        assert desk.watch.refusals == 1

    async def test_a_change_of_words_is_taken(self, desk: Desk) -> None:
        desk.write("letter/1.json", TEXT | {"title": "A letter"})
        await desk.look()
        assert desk.watch.refused is None
        assert desk.followed == [desk.shelf.current]

    async def test_a_version_that_goes_is_refused(self, desk: Desk) -> None:
        (desk.directory / "schemas" / "letter" / "1.json").rename(
            desk.directory / "schemas" / "letter" / "2.json"
        )
        await desk.look()
        assert "letter/1.json: put it back" in self.faults(desk)[0]

    async def test_a_new_version_that_does_not_fit_is_refused_with_an_example(
        self, desk: Desk
    ) -> None:
        desk.write("letter/2.json", NUMBER)
        await desk.look()
        assert "letter/2" not in desk.shelf.current.pages
        assert "backward incompatible" in self.faults(desk)[0]
        assert "Example of such data" in self.faults(desk)[0]

    async def test_a_new_version_that_fits_is_taken(self, desk: Desk) -> None:
        desk.write("letter/2.json", MORE)
        await desk.look()
        assert desk.watch.refused is None
        assert "letter/2" in desk.shelf.current.pages

    async def test_a_policy_that_is_corrected_is_noticed(self, desk: Desk) -> None:
        desk.write("letter/2.json", NUMBER)
        await desk.look()
        assert desk.watch.refused is not None
        (desk.directory / "policy.toml").write_text('[types.letter]\ncompatibility = "none"\n')
        await desk.look()
        assert desk.watch.refused is None
        assert desk.accepts("letter", {"text": 1})

    async def test_a_policy_that_cannot_be_read_is_a_refusal(self, desk: Desk) -> None:
        (desk.directory / "policy.toml").write_text("compatibility = ")
        await desk.look()
        assert "policy.toml" in self.faults(desk)[0]

    async def test_what_is_not_compared_in_time_is_refused(self, tmp_path: Path) -> None:
        desk = self.made(tmp_path, limit_s=0)
        desk.write("letter/2.json", MORE)
        await desk.look()
        assert "the time for this review was over" in self.faults(desk)[0]

    async def test_switched_off_nothing_is_held_to_it(self, tmp_path: Path) -> None:
        desk = self.made(tmp_path, strictness=Strictness.OFF)
        desk.write("letter/1.json", NUMBER)
        await desk.look()
        assert desk.accepts("letter", {"text": 1})

    async def test_always_is_without_a_file_too(self, tmp_path: Path) -> None:
        desk = self.made(tmp_path, strictness=Strictness.ALWAYS)
        (desk.directory / "policy.toml").unlink()
        desk.write("letter/1.json", NUMBER)
        await desk.look()
        assert desk.watch.refused is not None
