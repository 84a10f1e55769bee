"""The wire: how a body is taken apart, and what is refused with which reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.wire import DEPTH_MAX, MESSAGE_MAX, open_body, open_document
from bot.domain.envelope import Shape
from bot.errors import Malformed

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVENT: dict[str, object] = {
    "version": "0",
    "id": "e1",
    "detail-type": "GuardDuty Finding",
    "source": "aws.guardduty",
    "account": "111122223333",
    "time": "2026-03-01T10:00:00Z",
    "region": "eu-central-1",
    "resources": ["arn:aws:x"],
    "detail": {"id": "f"},
}
ASFF = {"Id": "i", "ProductArn": "p", "GeneratorId": "g", "AwsAccountId": "111122223333", "Title": "t"}
GUARDDUTY = {"schemaVersion": "2.0", "accountId": "1", "type": "A:B/C", "service": {}, "id": "x"}
ANALYZER = {"id": "x", "analyzedAt": "t", "createdAt": "t", "resourceType": "AWS::S3::Bucket", "status": "ACTIVE"}
INSPECTOR = {"findingArn": "a", "awsAccountId": "1", "severity": "LOW"}
OCSF = {"class_uid": 2004, "category_uid": 2, "metadata": {}}
BARE = {
    "asff": ASFF,
    "guardduty": GUARDDUTY,
    "guardduty-api": {k[0].upper() + k[1:]: v for k, v in GUARDDUTY.items()},
    "access-analyzer": ANALYZER,
    "inspector": INSPECTOR,
    "ocsf": OCSF,
    "list": {"Findings": [ASFF]},
    "lower-case-list": {"findings": [ANALYZER]},
}


def sns(message: object, **more: object) -> dict[str, object]:
    topic = "arn:aws:sns:eu-central-1:111122223333:findings"
    stamp = "2026-03-01T10:00:05.000Z"
    return {
        "Type": "Notification",
        "MessageId": "m1",
        "TopicArn": topic,
        "Message": message,
        "Timestamp": stamp,
        **more,
    }


def body(value: object) -> bytes:
    return json.dumps(value).encode()


def reason(raw: bytes | str, opener=open_body) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(Malformed) as caught:
        opener(raw, received=NOW)
    return caught.value.reason


def test_raw_delivery_is_the_event_itself() -> None:
    (event,) = open_body(body(EVENT), received=NOW)
    assert (event.shape, event.source, event.detail_type) == (Shape.EVENTBRIDGE, "aws.guardduty", "GuardDuty Finding")
    assert (event.id, event.account, event.region, event.resources) == (
        "e1",
        "111122223333",
        "eu-central-1",
        ("arn:aws:x",),
    )
    assert event.time == datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    assert event.body == {"id": "f"}
    assert json.loads(event.raw) == EVENT


def test_a_text_is_as_good_as_bytes() -> None:
    assert open_body(json.dumps(EVENT), received=NOW) == open_body(body(EVENT), received=NOW)


def test_an_sns_envelope_holds_the_event_as_a_text() -> None:
    (event,) = open_body(body(sns(json.dumps(EVENT))), received=NOW)
    assert event.shape is Shape.EVENTBRIDGE
    assert event.topic == "arn:aws:sns:eu-central-1:111122223333:findings"
    assert event.id == "e1"


def test_an_sns_envelope_may_hold_the_event_as_an_object() -> None:
    (event,) = open_body(body(sns(EVENT)), received=NOW)
    assert event.body == {"id": "f"}


def test_a_service_that_writes_to_sns_itself_has_the_time_and_id_of_the_envelope() -> None:
    (event,) = open_body(body(sns(json.dumps({"AlarmName": "a", "NewStateValue": "OK"}))), received=NOW)
    assert (event.shape, event.id) == (Shape.SNS_NATIVE, "m1")
    assert event.time == datetime(2026, 3, 1, 10, 0, 5, tzinfo=UTC)


def test_a_time_that_is_missing_is_the_time_of_receipt() -> None:
    (event,) = open_body(body({**EVENT, "time": None}), received=NOW)
    assert event.time == NOW


def test_the_records_of_a_function_are_one_event_each() -> None:
    records = [
        {"EventSource": "aws:sns", "Sns": sns(json.dumps(EVENT))},
        {"messageId": "q", "body": json.dumps(sns(EVENT))},
    ]
    events = open_body(body({"Records": records}), received=NOW)
    assert [e.id for e in events] == ["e1", "e1"]


def test_records_of_another_kind_are_an_event_of_their_own() -> None:
    (event,) = open_body(body({"Records": [{"s3": {}}]}), received=NOW)
    assert event.shape is Shape.SNS_NATIVE


def test_wrappers_within_wrappers_without_end_are_refused() -> None:
    nested: object = EVENT
    for _ in range(8):
        nested = sns(json.dumps(nested))
    assert reason(body(nested)) == "too_deep"


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_a_subscription_is_never_confirmed(kind: str) -> None:
    message = {**sns("You have chosen to subscribe"), "Type": kind, "SubscribeURL": "https://example.com/"}
    assert reason(body(message)) == "subscription_confirmation"


@pytest.mark.parametrize("name", sorted(BARE))
def test_a_bare_finding_is_refused_in_the_stream_and_read_on_the_command_line(name: str) -> None:
    document = body(BARE[name])
    assert reason(document) == "bare_finding"
    assert reason(body(sns(document.decode()))) == "bare_finding"
    (event,) = open_document(document, received=NOW)
    assert event.shape is Shape.BARE
    assert event.time == NOW


def test_a_document_may_be_a_list_of_findings_and_events() -> None:
    events = open_document(body([ASFF, EVENT, OCSF]), received=NOW)
    assert [e.shape for e in events] == [Shape.BARE, Shape.EVENTBRIDGE, Shape.BARE]


@pytest.mark.parametrize("document", [b"[]", b"[1]", b'[{"a":1},2]', b"3", b'"x"', b"null", b'{"Findings":[]}'])
def test_a_document_without_objects_is_refused(document: bytes) -> None:
    assert reason(document, open_document) == "not_json"


# --- poison ----------------------------------------------------------------------------------------------------------

POISON: dict[str, bytes | str] = {
    "empty": b"",
    "spaces": b"  \n",
    "not json": b"hello",
    "array": b"[1]",
    "scalar": b"1",
    "null": b"null",
    "nan": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "1e999": b'{"a":1e999}',
    "digits": b'{"a":' + b"9" * 5_000 + b"}",
    "not utf-8": b'{"a":"\xff"}',
    "truncated": b'{"a":"',
    "trailing": b'{"a":1}{"b":2}',
    "half an escape": b'{"a":"\\u00',
    "message is a number": body(sns(3)),
    "message is words": body(sns("Hello")),
    "message is null": body(sns(None)),
}


@pytest.mark.parametrize("name", sorted(POISON))
def test_poison_is_refused_as_not_json(name: str) -> None:
    assert reason(POISON[name]) == "not_json"


def test_endless_nesting_is_refused() -> None:
    assert reason(b'{"a":' * 100_000) == "too_deep"
    assert reason(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}") == "too_deep"
    assert reason(body({"a": json.loads("[" * DEPTH_MAX + "]" * DEPTH_MAX)})) == "too_deep"


def test_more_than_a_mebibyte_is_refused() -> None:
    assert reason(b'{"a":"' + b"x" * MESSAGE_MAX + b'"}') == "too_large"
    assert reason('{"a":"' + "é" * (MESSAGE_MAX // 2) + '"}') == "too_large"


@pytest.mark.parametrize(
    ("escape", "shown"),
    [
        ("\\u0000", "\ufffd"),
        ("\\ud800", "\ufffd"),
        ("\\uDFFF", "\ufffd"),
        ("\\ud83d\\ud83d", "\ufffd\ufffd"),
        ("\\ud83d\\ude00", "😀"),
        ("\\\\u0000", "\\u0000"),
        ("\\\\\\u0000", "\\\ufffd"),
        ("\\\\ud83d", "\\ud83d"),
    ],
)
def test_escapes_that_a_store_refuses_are_replaced_and_the_rest_of_the_event_stays(escape: str, shown: str) -> None:
    raw = f'{{"detail-type":"t","source":"s","detail":{{"title":"a{escape}b"}}}}'
    (event,) = open_body(raw, received=NOW)
    assert event.body == {"title": f"a{shown}b"}
    assert b"\\u0000" not in event.raw.replace(b"\\\\", b"")


def test_escapes_within_a_message_are_replaced_too() -> None:
    inner = '{"detail-type":"t","source":"s","detail":{"title":"a\\u0000\\ud800b"}}'
    (event,) = open_body(body(sns(inner)), received=NOW)
    assert event.body == {"title": "a\ufffd\ufffdb"}


def test_a_lone_surrogate_in_a_text_of_ours_is_replaced() -> None:
    (event,) = open_body('{"detail-type":"t","source":"s","detail":{"title":"a\ud800"}}', received=NOW)
    assert "\ud800" not in str(event.body)
    assert str(event.body).isascii() is False


def test_a_line_break_within_a_text_is_let_pass_as_a_space() -> None:
    (event,) = open_body(b'{"a":\n"b\nc\td\x00"}', received=NOW)
    assert event.body == {"a": "b c d "}


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_raise_anything_but_malformed(raw: bytes | str) -> None:
    for opener in (open_body, open_document):
        try:
            events = opener(raw, received=NOW)
        except Malformed:
            continue
        assert all(isinstance(event.body, dict) for event in events)
