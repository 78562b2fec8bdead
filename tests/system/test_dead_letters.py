"""Dead letters: refused, seen by subscribers, valid after a fix, sent again by the command."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from broadcaster.connection import BasicAuth
from local_kafka.pytest_plugin import TopicFactory
from support.services import ListenerProcess, PublisherProcess, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.system, pytest.mark.timeout(120)]

ANN, BOB, OPS = BasicAuth("ann", "a"), BasicAuth("bob", "b"), BasicAuth("ops", "o")
NOTE = {"specversion": "1.0", "source": "/desk", "type": "note", "data": {"subject": "x"}}


async def seen(
    publisher: PublisherProcess, auth: BasicAuth | None = None, query: str = ""
) -> list[dict[str, Any]]:
    """All event frames of the topic so far that this one may see."""
    url = f"{publisher.websocket_url}?since=earliest&until=now{query}"
    headers = auth.header() if auth else {}
    async with connect(url, additional_headers=headers, proxy=None) as connection:
        frames = [orjson.loads(text) async for text in connection]
    return [frame for frame in frames if frame["type"] == "event"]


def resubmit(frames: list[dict[str, Any]], contracts: Path, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "BROADCASTER_USER": "ann", "BROADCASTER_PASSWORD": "a"}
    done = subprocess.run(
        [
            *[sys.executable, "-c", "from contracts.cli import main; main()", "resubmit", "-"],
            *["--contracts-dir", str(contracts), *arguments],
        ],
        input="".join(json.dumps(frame) + "\n" for frame in frames),
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


async def test_refused_seen_mended_and_sent_again(
    kafka_bootstrap: str, kafka_topic: TopicFactory, tmp_path: Path
) -> None:
    topic, dead = kafka_topic(), kafka_topic()
    own = tmp_path / "contracts" / "schemas" / "note"
    own.mkdir(parents=True)
    (own / "1.json").write_text('{"required": ["text"]}')
    listener = ListenerProcess(
        kafka_bootstrap,
        topic,
        tmp_path,
        users="ann:a bob:b",
        dead_letter_topic=dead,
        contracts_poll_s=0.05,
    )
    listener.environment["CONTRACTS_DIR"] = str(own.parents[1])
    del listener.environment["LISTENER_AS"]
    publisher = PublisherProcess(
        kafka_bootstrap,
        dead,
        tmp_path,
        "dead",
        auth="basic",
        users="ann:a bob:b ops:o",
        plain_passwords="true",
        keys="own",
        operators="ops",
    )
    with listener.start(), publisher.start():
        wait_for(
            lambda: listener.status()["dead_letters"]["kafka"]["state"] == "ready",
            20,
            "dead letters",
        )
        async with httpx.AsyncClient(base_url=listener.http_url, timeout=20) as client:
            batch = [{**NOTE, "id": "a"}, {**NOTE, "id": "b"}, {"no": "event"}]
            mine = await client.post(
                "/events",
                content=orjson.dumps(batch),
                headers={"content-type": "application/cloudevents-batch+json"},
                auth=("ann", "a"),
            )
            theirs = await client.post("/events", content=b"{", auth=("bob", "b"), headers=JSON)
        assert (mine.status_code, theirs.status_code) == (400, 400)
        wait_for(lambda: listener.status()["dead_letters"]["kept"] == 4, 20, "all are kept")

        letters = await seen(publisher, ANN)
        assert await seen(publisher, ANN, "&key=ann") == letters
        data = [frame["event"]["data"] for frame in letters]
        assert {frame["event"]["type"] for frame in letters} == {"broadcaster.dead-letter"}
        assert {each["principal"] for each in data} == {"ann"}
        assert [each["problem"]["type"] for each in data] == [
            "contract-violation",
            "contract-violation",
            "not-an-event",
        ]
        assert [each["event"]["id"] for each in data[:2]] == ["a", "b"]
        assert data[2]["text"] == '{"no":"event"}'
        for user, theirs_alone in ((BOB, ["bob"]), (OPS, ["ann", "ann", "ann", "bob"])):
            shown = [each["event"]["data"]["principal"] for each in await seen(publisher, user)]
            assert sorted(shown) == theirs_alone
        for auth, query, status in ((None, "", 401), (ANN, "&key=bob", 403)):
            with pytest.raises(InvalidStatus) as refused:
                await seen(publisher, auth, query)
            assert refused.value.response.status_code == status

        to = ["--to", f"{listener.http_url}/events"]
        code, said = await asyncio.to_thread(resubmit, letters, own.parents[1], *to)
        assert (code, "0 stored, 3 remain" in said) == (1, True), said

        (own / "2.json").write_text('{"required": ["subject"]}')
        wait_for(lambda: listener.status()["contracts"]["reloads"] == 1, 20, "the fix is in force")
        code, said = await asyncio.to_thread(resubmit, letters, own.parents[1])
        assert (code, "2 valid now, 1 not" in said, "Nothing was sent" in said) == (1, True, True)
        code, said = await asyncio.to_thread(resubmit, letters, own.parents[1], *to)
        assert (code, "2 stored, 1 remain" in said) == (1, True), said
        code, said = await asyncio.to_thread(resubmit, letters[:2], own.parents[1], *to)
        assert (code, said.count("it was there already")) == (0, 2), said
    events = PublisherProcess(kafka_bootstrap, topic, tmp_path, "events")
    with events.start():
        stored = await seen(events)
    assert [(frame["event"]["id"], frame["event"]["source"]) for frame in stored] == [
        ("a", "/desk"),
        ("b", "/desk"),
    ]


JSON = {"content-type": "application/json"}


async def test_a_missing_topic_drops_dead_letters_and_nothing_else(
    kafka_bootstrap: str, kafka_topic: TopicFactory, tmp_path: Path
) -> None:
    listener = ListenerProcess(
        kafka_bootstrap, kafka_topic(), tmp_path, dead_letter_topic="there-is-no-such-topic"
    )
    with listener.start():
        async with httpx.AsyncClient(
            base_url=listener.http_url, timeout=20, auth=("user", "pwd")
        ) as client:
            refused = await client.post("/events", json={"a": 1})
            taken = await client.post("/events", json={"text": "x"})
        assert (refused.status_code, taken.status_code) == (400, 201)
        wait_for(lambda: listener.status()["dead_letters"]["dropped"] == 1, 20, "it was counted")
        assert 'dead_letters_total{outcome="dropped"} 1.0' in listener.get("/metrics")[1].decode()
        assert "dead letter dropped" in listener.logs()


async def test_resubmitting_to_nowhere_is_said_in_a_line(tmp_path: Path) -> None:
    own = tmp_path / "schemas" / "note"
    own.mkdir(parents=True)
    (own / "1.json").write_text("true")
    letter = {
        "type": "broadcaster.dead-letter",
        "data": {"principal": "ann", "problem": {}, "event": {**NOTE, "id": "a"}},
    }
    code, said = await asyncio.to_thread(
        resubmit, [letter], tmp_path, "--to", "http://127.0.0.1:1/events"
    )
    assert (code, "does not answer as a listener" in said) == (2, True), said
