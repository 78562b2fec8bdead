"""What is stored for what was sent, byte for byte, judged by the shipped contracts."""

from __future__ import annotations

import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from listener_fakes.clock import FakeClock
from listener_fakes.dead_letters import FakeDeadLetters
from listener_fakes.event_log import FakeEventLog
from listener_fakes.observer import FakeObserver

from contracts.catalogue import serving_catalogue
from contracts.judge import Judge
from listener.app.admission import Admission
from listener.app.ingest_session import IngestSession, Terms
from listener.domain.record import Record

TIME = "2026-11-22T10:00:00.000Z"
FILLED = b'"id":"new-id","source":"/producers/ann","time":"%b"' % TIME.encode()


class Line:
    """A connection of ann's, with ``as=message.posted``."""

    def __init__(self) -> None:
        self.log = FakeEventLog()
        admission = Admission(
            Judge(serving_catalogue(None)),
            FakeObserver(),
            max_event_bytes=100_000,
            new_id=lambda: "new-id",
            now=lambda: TIME,
            clock=FakeClock(),
        )
        self.session = IngestSession(
            admission,
            self.log,
            FakeObserver(),
            FakeDeadLetters(),
            Terms("ann", "/producers/ann", "message.posted", 100),
            clock=FakeClock(),
            on_answers=lambda: None,
        )

    def stored(self, text: str) -> Record:
        self.session.take_text(text)
        self.log.store()
        assert self.log.records, self.session.collect()
        return self.log.records[-1]


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (
            "hello",
            b'{"specversion":"1.0","type":"message.posted","datacontenttype":"application/json",'
            b'"data":{"text":"hello"},%b}' % FILLED,
        ),
        (
            "42\n",
            b'{"specversion":"1.0","type":"message.posted","datacontenttype":"application/json",'
            b'"data":{"text":"42"},%b}' % FILLED,
        ),
        (
            '{ "type" : "message.posted",\n"specversion":"1.0", "data":{"text":"\\u00fc\\n"} }',
            b'{"type":"message.posted","specversion":"1.0","data":{"text":"\xc3\xbc\\n"},%b}'
            % FILLED,
        ),
        (
            '{"specversion":"1.0","id":"1","source":"/s","type":"message.posted",'
            '"time":"2026-01-01T00:00:00+01:00","dataschema":"https://x.example/message.posted/1",'
            '"ext":true,"data":{"text":"a","text":"b"}}',
            b'{"specversion":"1.0","id":"1","source":"/s","type":"message.posted",'
            b'"time":"2026-01-01T00:00:00+01:00","dataschema":"https://x.example/message.posted/1",'
            b'"ext":true,"data":{"text":"b"}}',
        ),
    ],
)
def test_the_value_is_the_compact_form_of_what_was_judged(
    line: Line, sent: str, value: bytes
) -> None:
    record = line.stored(sent)
    assert record.value == value
    assert b"\n" not in record.value
    assert b"\r" not in record.value


def test_an_independent_implementation_reads_what_is_stored(line: Line) -> None:
    record = line.stored("hello")
    read = JSONFormat().read(CloudEvent, record.value)
    assert (read.get_id(), read.get_type()) == ("new-id", "message.posted")
    assert read.get_data() == {"text": "hello"}


def test_key_and_headers(line: Line) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    record = line.stored(
        '{"specversion":"1.0","id":"1","type":"message.posted","partitionkey":"room-7",'
        f'"traceparent":"{trace}","data":{{"text":"x"}}}}'
    )
    assert record.key == b"room-7"
    assert record.headers == [
        ("content-type", b"application/cloudevents+json"),
        ("ce_type", b"message.posted"),
        ("ce_id", b"1"),
        ("traceparent", trace.encode()),
    ]


def test_the_shape_of_an_ack_and_a_nack(line: Line) -> None:
    line.stored("hello")
    line.session.take_text('{"specversion":"1.0","id":"q\\"","type":"broadcaster.x"}')
    ack, nack = line.session.collect()
    assert ack == b'{"type":"ack","ref":0,"id":"new-id","partition":0,"offset":0}'
    detail = orjson.dumps(orjson.loads(nack)["problem"]["detail"])
    assert nack == (
        b'{"type":"nack","ref":1,"id":"q\\"","problem":{"type":"reserved-type",'
        b'"title":"The event\'s type is reserved","status":400,"detail":%b,"retriable":false}}'
        % detail
    )


def test_payloads_are_never_echoed(line: Line) -> None:
    secret = "correct-horse-battery"
    for text in (
        f'{{"specversion":"1.0","id":"1","type":"message.posted","data":{{"text":7,"x":"{secret}"}}}}',
        f'{{"{secret}":1}}',
        f'{{"specversion":"1.0","type":"nope","data":"{secret}"}}',
    ):
        line.session.take_text(text)
    answers = line.session.collect()
    assert len(answers) == 3
    assert not [answer for answer in answers if secret.encode() in answer]
