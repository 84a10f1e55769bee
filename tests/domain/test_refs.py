"""How people point at a finding: what is a reference, what it points at, and which identity keys a link or an ARN stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import process_time
from urllib.parse import quote, unquote

import pytest
from domain_making import NAMES, finding
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.console import HUBS, console_url
from bot.domain.finding import (
    Finding,
    Resource,
    access_analyzer_identity,
    config_identity,
    guardduty_identity,
    hub_identity,
    identity,
)
from bot.domain.hub import Report, macie_identity, reported_identity
from bot.domain.refs import MAX_LINK, Linked, Named, Numbered, Row, This, keys_of, read_ref, recognise
from bot.domain.syntax import parse

ACCOUNT = "420000000001"
ACCOUNTS = (ACCOUNT, "420000000002")
HEX = "0f" * 16
GUARDDUTY = f"arn:aws:guardduty:eu-west-1:{ACCOUNT}:detector/d1d2d3d4/finding/{HEX}"
INSPECTOR = f"arn:aws:inspector2:eu-west-1:{ACCOUNT}:finding/0123456789abcdef"
CSPM = f"arn:aws:securityhub:eu-west-1:{ACCOUNT}:security-control/S3.2/finding/ab-1"
ALARM = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:root-use"
HEALTH = "arn:aws:health:us-east-1::event/EC2/AWS_EC2_X/AWS_EC2_X_1"
MESSAGE = "https://acme.slack.com/archives/C0SEC/p1772366400000200"
CONSOLE = f"https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings?search=id%3D{HEX}"

# --- recognising ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "shown", "why"),
    [
        ("F-12", "F-12", "a number"),
        ("f12", "F-12", "as a phone types it"),
        ("F-012", "F-12", "with a zero"),
        ("f-0", "F-0", "a number that no finding has is a reference still"),
        ("F-1234567890123", "", "longer than any number"),
        ("F-", "", "no number"),
        ("F-1x", "", "something else"),
        ("xF-1", "", "something else"),
        ("https://sec.example/F-12", "F-12", "our own link"),
        ("https://sec.example/a/f-12/", "F-12", "with a path and a slash"),
        ("http://sec.example/F-12", "", "not without encryption"),
        ("https://sec.example/F-12?x=1", "", "not with a query"),
        ("https://sec.example/?x=/F-12", "", "not in a query"),
        ("https://sec.example/#/F-12", "", "not in a fragment"),
        ("https://sec.example/F-12/edit", "", "a page below it"),
        ("this", "this", "the finding of this thread"),
        ("THIS", "this", "in capitals"),
        ("^3", "^3", "a row"),
        ("^007", "^7", "with zeros"),
        ("^1000", "", "no list has so many rows"),
        ("^", "", "no row"),
        (MESSAGE, MESSAGE, "a message"),
        (MESSAGE + "?thread_ts=1772366400.000100&cid=C0SEC", None, "a reply"),
        (MESSAGE.replace("acme", "acme.enterprise"), None, "a message of a grid"),
        (MESSAGE.replace("https", "http"), "", "not without encryption"),
        (MESSAGE[:-1], "", "a time that is cut"),
        (MESSAGE + "0", "", "a time that is too long"),
        ("https://acme.slack.com/archives/C0SEC", "", "a channel"),
        ("https://acme.slack.com/team/U0ANA", "", "a person"),
        (CONSOLE, None, "a console link"),
        ("https://console.aws.amazon.com/macie/home", None, "the console of all regions"),
        ("https://420000000001-ab12.eu-west-1.console.aws.amazon.com/x", None, "a console with several sessions"),
        ("https://cn-north-1.console.amazonaws.cn/x", None, "China"),
        ("https://us-gov-west-1.console.amazonaws-us-gov.com/x", None, "GovCloud"),
        ("https://console.aws.amazon.com.evil.example/x", "", "another's host"),
        ("https://evil.example/console.aws.amazon.com/x", "", "another's host"),
        ("https://evil@console.aws.amazon.com/x", "", "a host with a user"),
        ("https://docs.aws.amazon.com/x", "", "documentation"),
        (CONSOLE + "&x=" + "a" * MAX_LINK, "", "longer than any link"),
        (GUARDDUTY, None, "GuardDuty's ARN"),
        (INSPECTOR, None, "Inspector's ARN"),
        (CSPM, None, "Security Hub's ARN"),
        (ALARM, None, "an alarm's ARN"),
        (HEALTH, None, "a Health event's ARN"),
        (f"arn:aws:config:eu-west-1:{ACCOUNT}:config-rule/config-rule-ab/finding/ab12", None, "Config through a hub"),
        ("arn:aws:s3:::pay-export", "", "a bucket"),
        (f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0123", "", "an instance"),
        (f"arn:aws:iam::{ACCOUNT}:role/finding-reader", "", "a role that has the word in its name"),
        (f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarm:x", "", "a topic that looks like an alarm"),
        ("prod", "", "a word"),
        ("", "", "nothing"),
    ],
)
def test_what_is_a_reference(word: str, shown: str | None, why: str) -> None:
    assert recognise(word) == (word if shown is None else shown), why


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("F-12", Numbered(12)),
        ("this", This()),
        ("^3", Row(3)),
        (MESSAGE, Linked("C0SEC", "1772366400.000200")),
        (
            MESSAGE + "?thread_ts=1772366400.000100&cid=C0SEC",
            Linked("C0SEC", "1772366400.000200", "1772366400.000100"),
        ),
        (
            MESSAGE + "?cid=C0SEC&amp;thread_ts=1772366400.000100",
            Linked("C0SEC", "1772366400.000200", "1772366400.000100"),
        ),
        (MESSAGE + "?not_thread_ts=1772366400.000100", Linked("C0SEC", "1772366400.000200")),
        (CONSOLE, Named(CONSOLE)),
        (GUARDDUTY, Named(GUARDDUTY)),
    ],
)
def test_what_a_reference_points_at(text: str, ref: object) -> None:
    assert read_ref(text) == ref


@pytest.mark.parametrize("text", ["", "prod", "arn:aws:s3:::pay-export", "https://example.com/", "that"])
def test_what_is_no_reference_points_at_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="not a reference"):
        read_ref(text)


@pytest.mark.parametrize(
    ("typed", "ref"),
    [
        (f"<{MESSAGE}?thread_ts=1772366400.000100&amp;cid=C0SEC>", MESSAGE + "?thread_ts=1772366400.000100&cid=C0SEC"),
        (f"<{CONSOLE}|the finding>", CONSOLE),
        ("<https://x.console.aws.amazon.com/a?b=1&amp;region=eu-west-1#c>", "https://x.console.aws.amazon.com/a?b=1&region=eu-west-1#c"),
        ("<https://sec.example/F-12|F-12>", "F-12"),
        (GUARDDUTY, GUARDDUTY),
    ],
)  # fmt: skip
def test_a_link_is_read_as_slack_sends_it(typed: str, ref: str) -> None:
    parsed = parse(typed, NAMES)
    assert not parsed.problems
    assert parsed.query.refs == (ref,)


def test_a_link_to_anything_else_is_a_mistake_and_no_search() -> None:
    parsed = parse("<https://example.com/x>", NAMES)
    assert [p.kind for p in parsed.problems] == ["unknown_link"]
    assert not parsed.query.terms


# --- console links: back to the key ----------------------------------------------------------------------------------------------------

REGIONS = st.sampled_from(["eu-west-1", "us-east-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1"])
HEX_IDS = st.text("0123456789abcdef", min_size=32, max_size=32)
UUIDS = st.uuids().map(str)
Make = Callable[[str, str], Finding]
NAME = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=40
)  # From: CloudWatch's PutMetricAlarm: UTF-8 without control characters
ODDITIES = ("%", "%20", "%2541", "?", "&", "/", "#", " ", "+", "'", '"', "<", "=", "a", "\u00e9", ":")
ODD_NAME = st.lists(st.sampled_from(ODDITIES), min_size=1).map("".join)
ARN_TAIL = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_./:", min_size=1, max_size=150).map(lambda t: f"{t}z")


def partition(region: str) -> str:
    return "aws-us-gov" if region.startswith("us-gov") else "aws-cn" if region.startswith("cn-") else "aws"


def seen(source: str, native_id: str, region: str, key: str, **changes: object) -> Finding:
    base = finding(
        source=source, via=source, native_id=native_id, region=region, key=key, account=ACCOUNT, resources=()
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def a_guardduty(region: str, tail: str) -> Finding:
    return seen("guardduty", tail, region, guardduty_identity(ACCOUNT, region, tail))


def a_hubs_guardduty(region: str, tail: str) -> Finding:
    arn = f"arn:{partition(region)}:guardduty:{region}:{ACCOUNT}:detector/d1d2/finding/{tail}"
    return seen("guardduty", arn, "eu-central-1", hub_identity(arn), via="securityhub")


def an_analyzers(region: str, tail: str) -> Finding:
    return seen("access_analyzer", tail, region, access_analyzer_identity(region, tail))


def a_macie(region: str, tail: str) -> Finding:
    return seen("macie", tail, region, macie_identity(ACCOUNT, region, tail))


def an_inspector(region: str, tail: str) -> Finding:
    arn = f"arn:{partition(region)}:inspector2:{region}:{ACCOUNT}:finding/{tail}"
    return seen("inspector", arn, region, hub_identity(arn))


def an_alarm(region: str, name: str) -> Finding:
    arn = f"arn:{partition(region)}:cloudwatch:{region}:{ACCOUNT}:alarm:{name}"
    return seen("cloudwatch", arn, region, identity("cloudwatch", arn), detector=name)


def a_health(region: str, tail: str) -> Finding:
    arn = f"arn:{partition(region)}:health:{region}::event/EC2/X/{tail}"
    return seen("health", arn, region, identity("health", ACCOUNT, arn))


def a_hubs_own(region: str, tail: str) -> Finding:
    arn = f"arn:{partition(region)}:securityhub:{region}:{ACCOUNT}:security-control/S3.2/finding/{tail}"
    return seen("securityhub", arn, region, hub_identity(arn))


def a_v2(region: str, tail: str) -> Finding:
    return replace(a_hubs_own(region, tail), via="securityhub_v2")


BUILDERS = [
    ("guardduty", a_guardduty, HEX_IDS, "its 32 hex digits"),
    ("guardduty through a hub", a_hubs_guardduty, HEX_IDS, "in the finding's own region"),
    ("access_analyzer", an_analyzers, UUIDS, "its UUID"),
    ("macie", a_macie, HEX_IDS, "its 32 hex digits"),
    ("inspector", an_inspector, HEX_IDS, "its ARN, in a search"),
    ("cloudwatch", an_alarm, NAME, "any name that an alarm may have"),
    ("cloudwatch, odd", an_alarm, ODD_NAME, "what looks encoded before it is encoded"),
    ("health", a_health, ARN_TAIL, "its ARN; the account is none of the link's"),
    ("securityhub", a_hubs_own, ARN_TAIL, "its ARN, in a search that is encoded twice"),
    ("securityhub_v2", a_v2, ARN_TAIL, "the same"),
]


@pytest.mark.parametrize(("source", "make", "tails", "why"), BUILDERS)
@given(region=REGIONS, data=st.data())
def test_the_link_that_we_make_leads_back_to_the_finding(
    source: str, make: Make, tails: st.SearchStrategy[str], why: str, region: str, data: st.DataObject
) -> None:
    made: Finding = make(region, data.draw(tails))
    url = console_url(made)
    assert url, source
    assert made.key in keys_of(url, ACCOUNTS), why
    if len(url) <= MAX_LINK:
        assert recognise(url) == url


@pytest.mark.parametrize(("source", "make", "tails", "why"), [b for b in BUILDERS if "cloudwatch" not in b[0]])
@given(region=REGIONS, data=st.data())
def test_a_browser_may_encode_a_link_once_more_or_once_less(
    source: str, make: Make, tails: st.SearchStrategy[str], why: str, region: str, data: st.DataObject
) -> None:
    made: Finding = make(region, data.draw(tails))
    url = console_url(made)
    assert made.key in keys_of(unquote(url), ACCOUNTS), (source, why)
    head, _, fragment = url.partition("#")
    assert made.key in keys_of(f"{head}#{fragment.replace('%', '%25')}", ACCOUNTS), (source, why)


def test_every_console_that_we_link_to_is_in_the_table() -> None:
    sources = {make("eu-west-1", HEX).via for _, make, _, _ in BUILDERS} | {"config"}
    linked = {"guardduty", "access_analyzer", "config", "cloudwatch", "inspector", "macie", "health", *HUBS}
    assert sources == linked, "config is in the table of those that lead to no single finding"


CONFIG_ARN = f"arn:aws:config:eu-west-1:{ACCOUNT}:config-rule/config-rule-ab/finding/ab12"
BUCKET = (Resource("pay-export", "AWS::S3::Bucket"),)
PARTNER = f"arn:aws:securityhub:eu-west-1:{ACCOUNT}:product/partner/scanner"
THIRD = Report(native_id="scan/77", source="securityhub", product=PARTNER, account=ACCOUNT, region="eu-west-1")

NOT_BACK = [
    (
        seen("config", "x", "eu-west-1", config_identity(ACCOUNT, "eu-west-1", "r", "AWS::S3::Bucket", "pay-export"),
             detector="r", resources=BUCKET),
        "a resource's timeline names no rule",
    ),
    (seen("config", "x", "eu-west-1", "config:x", detector="r"), "a rule's page names no resource"),
    (
        seen("config", CONFIG_ARN, "eu-west-1", config_identity(ACCOUNT, "eu-west-1", "config-rule-ab", "AwsS3Bucket", "b"),
             via="securityhub", resources=BUCKET),
        "the hub's id of a Config finding does not name the resource that our key does",
    ),
    (seen("securityhub", "scan/77", "eu-west-1", reported_identity(THIRD)), "a partner's id counts within its product only"),
    (
        seen("securityhub", CSPM + "(a b)", "eu-west-1", hub_identity(CSPM + "(a b)")),
        "an ARN with characters that no AWS id has ends before them",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("made", "why"), NOT_BACK)
def test_a_link_that_cannot_name_one_finding_leads_to_none(made: Finding, why: str) -> None:
    url = console_url(made)
    assert url
    assert made.key not in keys_of(url, ACCOUNTS), why


@pytest.mark.parametrize(
    ("arn", "key"),
    [
        (GUARDDUTY, guardduty_identity(ACCOUNT, "eu-west-1", HEX)),
        (INSPECTOR, hub_identity(INSPECTOR)),
        (CSPM, hub_identity(CSPM)),
        (ALARM, identity("cloudwatch", ALARM)),
        (CSPM + "/" + "x" * 250, hub_identity(CSPM + "/" + "x" * 250)),
    ],
)
def test_a_findings_arn_is_its_key(arn: str, key: str) -> None:
    assert keys_of(arn, ()) == (key,)


def test_a_health_event_may_be_any_accounts() -> None:
    assert keys_of(HEALTH, ACCOUNTS) == tuple(identity("health", a, HEALTH) for a in ACCOUNTS)


@pytest.mark.parametrize(
    ("link", "why"),
    [
        (f"https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings?macros=current&fId={HEX}", "fId"),
        (f"https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings?fId={HEX.upper()}", "in capitals"),
        (f"https://eu-west-1.console.aws.amazon.com/guardduty/home?x=1&region=eu-west-1#/findings?search=id%253D{HEX}", "encoded twice"),
    ],
)  # fmt: skip
def test_the_consoles_own_links_lead_to_it(link: str, why: str) -> None:
    assert guardduty_identity(ACCOUNT, "eu-west-1", HEX) in keys_of(link, ACCOUNTS), why


@pytest.mark.parametrize(
    "link",
    [
        "https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings",
        "https://eu-west-1.console.aws.amazon.com/s3/buckets/pay-export?region=eu-west-1",
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home#alarmsV2:alarm/no-region",
    ],
)
def test_a_console_page_of_no_finding_stands_for_no_key(link: str) -> None:
    assert recognise(link) == link
    assert keys_of(link, ACCOUNTS) == ()


# --- hostile ----------------------------------------------------------------------------------------------------------------------------

HOSTILE = (
    "https://", "console.aws.amazon.com/",
    "arn:aws:", "arn:aws-", "finding/", "/F-1", "%25", "%2", "region=", "?", "&", "#", "a.", "a-", ":", "^",
    "alarmsV2:alarm/", "id=", "0f" * 16, "/archives/C0SEC/p1772366400000200", "thread_ts=", "event/", "\u0661", "\n", "this", "f-",
)  # fmt: skip
WORDS = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), max_size=10).map("".join)


@given(WORDS | st.text(max_size=60))
def test_no_word_whatever_raises(word: str) -> None:
    shown = recognise(word)
    assert recognise(shown) == shown
    if shown:
        read_ref(shown)
    assert len(keys_of(word, ACCOUNTS)) <= 3 * len(ACCOUNTS) + word.count("arn:") * len(ACCOUNTS) + word.count("%")


@given(WORDS | st.text(max_size=60))
def test_every_key_is_short_enough_to_be_looked_up(word: str) -> None:
    assert all(len(key) <= 200 for key in keys_of(quote(word, safe=":/?=&"), ACCOUNTS))


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize(
    "head",
    ["", "https://", "https://console.aws.amazon.com/", "arn:aws:x:", "https://a/archives/C0SEC/p1772366400000200?"],
)
def test_two_thousand_characters_are_read_at_once(head: str, piece: str) -> None:
    word = (head + piece * MAX_LINK)[:MAX_LINK]
    started = process_time()
    for text in (word, word[:-1] + "!"):
        recognise(text)
        keys_of(text, ACCOUNTS)
    assert process_time() - started < 0.5
