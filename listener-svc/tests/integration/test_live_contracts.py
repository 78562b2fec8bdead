"""Contracts changed on disk while producers are connected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from listener_fakes.running import Answers, RunningListener, event, until

from local_kafka.pytest_plugin import TopicFactory

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

RunListener = Callable[..., RunningListener]


def write(directory: Path, path: str, schema: str) -> None:
    file = directory / "schemas" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(schema)


async def test_a_connection_outlives_changes_and_a_broken_one_is_refused(
    run_listener: RunListener, kafka_bootstrap: str, kafka_topic: TopicFactory, tmp_path: Path
) -> None:
    own = tmp_path / "contracts"
    write(own, "note/1.json", '{"required": ["text"]}')
    listener = run_listener(kafka_bootstrap, kafka_topic(), contracts=own, contracts_poll_s=0.05)
    await listener.wait_ready()

    async def contracts() -> dict[str, object]:
        status: dict[str, object] = (await listener.get("/status")).json()["contracts"]
        return status

    async def reloads(count: int) -> bool:
        return (await contracts())["reloads"] == count

    async def is_refused() -> bool:
        return (await contracts())["refused"] is not None

    async with listener.connect() as connection:
        answers = Answers(connection)
        note = event("a", type="note", data={"subject": "x"})
        await connection.send(note)
        await answers.wait(1)
        assert answers.by_ref[0]["problem"]["type"] == "contract-violation"

        write(own, "note/2.json", '{"required": ["subject"]}')
        await until(lambda: reloads(1))
        await connection.send(note)
        await answers.wait(2)
        assert answers.by_ref[1]["type"] == "ack"
        page = await listener.get("/contracts/note/2")
        assert page.json() == {"required": ["subject"]}
        assert "note/2" in (await listener.get("/asyncapi.json")).text

        write(own, "note/2.json", '{"required": "subject"}')
        await until(is_refused)
        await connection.send(event("b", type="note", data={"subject": "x"}))
        await answers.wait(3)
        assert answers.by_ref[2]["type"] == "ack", "the old contracts stay in force"
        assert (await listener.get("/contracts/note/2")).json() == page.json()
        metrics = (await listener.get("/metrics")).text
        assert 'contracts_reloads_total{outcome="refused"} 1.0' in metrics
        assert "contracts_refused 1.0" in metrics
        [refused] = [line for line in listener.log().splitlines() if "refused, the old" in line]
        assert "note/2.json" in json.loads(refused)["faults"][0]

        write(own, "note/2.json", '{"required": ["author"]}')
        await until(lambda: reloads(2))
        assert (await contracts())["refused"] is None
        await connection.send(event("c", type="note", data={"subject": "x"}))
        await answers.wait(4)
        assert answers.by_ref[3]["problem"]["type"] == "contract-violation"


async def test_a_change_that_breaks_the_directorys_policy_is_refused_with_the_reason(
    run_listener: RunListener, kafka_bootstrap: str, kafka_topic: TopicFactory, tmp_path: Path
) -> None:
    own = tmp_path / "contracts"
    text = '{"type":"object","required":["text"],"properties":{"text":{"type":"%s"}}}'
    write(own, "letter/1.json", text % "string")
    (own / "policy.toml").write_text('compatibility = "backward"\n')
    listener = run_listener(kafka_bootstrap, kafka_topic(), contracts=own, contracts_poll_s=0.05)
    await listener.wait_ready()

    async def refused() -> str:
        found = (await listener.get("/status")).json()["contracts"]["refused"]
        return "" if found is None else " ".join(found["faults"])

    async def is_in_place() -> bool:
        return "changed in place" in await refused()

    async def is_incompatible() -> bool:
        return "backward incompatible" in await refused()

    async def is_taken() -> bool:
        return (await listener.get("/contracts/letter/2")).status_code == 200

    async with listener.connect() as connection:
        answers = Answers(connection)
        write(own, "letter/1.json", text % "number")
        await until(is_in_place)
        await connection.send(event("a", type="letter", data={"text": "x"}))
        await answers.wait(1)
        assert answers.by_ref[0]["type"] == "ack", "the old contracts stay in force"

        write(own, "letter/1.json", text % "string")
        write(own, "letter/2.json", text % "number")
        await until(is_incompatible)
        assert "contracts_refused 1.0" in (await listener.get("/metrics")).text

        (own / "policy.toml").write_text('compatibility = "none"\n')
        await until(is_taken)
        await connection.send(event("b", type="letter", data={"text": 1}))
        await answers.wait(2)
        assert answers.by_ref[1]["type"] == "ack"
    assert "refused, the old" in listener.log()
