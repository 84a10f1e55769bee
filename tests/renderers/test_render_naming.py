"""Vendors' names in short words, what a card says of the evidence, and what is left out of lists."""

from __future__ import annotations

import pytest
from render_cases import NOW, finding, record, resolved

from bot.domain.finding import Resource
from bot.domain.views import AccountRow, Accounts, FindingCard, FindingDetail, Notice
from bot.plugins import Message, Modal
from renderers import Renderer, parts
from renderers.naming import kind_words, short_arns

ACCOUNT = "111122223333"
RENDERER = Renderer()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("AWS::CloudWatch::Alarm", "CloudWatch alarm"),
        ("AWS::RDS::DBInstance", "RDS DB instance"),
        ("AwsEc2SecurityGroup", "EC2 security group"),
        ("AwsS3Bucket", "S3 bucket"),
        ("AwsIamAccessKey", "IAM access key"),
        ("AwsCloudTrailTrail", "CloudTrail trail"),
        ("AwsAutoScalingAutoScalingGroup", "Auto scaling group"),
        ("AWS_ECR_CONTAINER_IMAGE", "ECR container image"),
        ("AWS_LAMBDA_FUNCTION", "Lambda function"),
        ("AwsAccount", "AWS account"),
        ("AWS_", "AWS_"),
        ("AWS____", "AWS aws"),
        ("Other", ""),
        ("Printer (3rd floor)", "Printer (3rd floor)"),
    ],
)
def test_a_resource_type_is_shown_in_words(kind: str, words: str) -> None:
    assert kind_words(kind) == words


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (f"AwsIamRole/arn:aws:iam::{ACCOUNT}:role/deploy/ is unused", "IAM role deploy is unused"),
        ("AwsS3Bucket/arn:aws:s3:::my-bucket/ is shared", "S3 bucket my-bucket is shared"),
        (f"Open to arn:aws:iam::{ACCOUNT}:role/deploy.", "Open to role/deploy."),
        ("Open to arn:aws:iam::999988887777:root", "Open to 999988887777:root"),
        (
            f"arn:aws-us-gov:iam::{ACCOUNT}:role/a-long-path/of-many-parts/that-goes-on/reader, too",
            "role/reader, too",
        ),
        ("Learn about arn:aws today", "Learn about arn:aws today"),
        ("No such thing", "No such thing"),
    ],
)
def test_an_arn_in_a_title_is_cut_to_what_tells_it_apart(title: str, shown: str) -> None:
    assert short_arns(title, ACCOUNT) == shown


def test_the_detail_keeps_the_whole_title() -> None:
    title = f"AwsIamRole/arn:aws:iam::{ACCOUNT}:role/deploy/ is unused"
    shown = RENDERER.render(FindingDetail(record=record(finding=finding(title=title)), now=NOW))
    assert isinstance(shown, Message)
    assert shown.blocks[0]["text"]["text"].endswith("IAM role deploy is unused")
    assert title in [b["text"]["text"] for b in shown.blocks if "text" in b]


def test_a_resolved_card_names_no_severity() -> None:
    shown = RENDERER.render(FindingCard(record=resolved(), now=NOW))
    assert isinstance(shown, Message)
    assert shown.blocks[0]["text"]["text"] == "✅ RESOLVED · S3 bucket pay-export is public"
    assert shown.text == "RESOLVED prod payments-prod: S3 bucket pay-export is public"


@pytest.mark.parametrize(
    ("label", "value", "why"),
    [
        ("Resource type", "AwsS3Bucket", "the resource field says it"),
        ("Fix", "For directions, please consult the documentation of this control.", "it only points to a page"),
        ("Name", "pay-export", "it is the resource"),
        ("Account", ACCOUNT, "it is the account"),
        ("", "something", "it has no label"),
        ("Config rule", "securityhub-s3-bucket-x-1084c0fd", "the control is shown"),
    ],
)
def test_a_card_leaves_out_a_fact_that_it_says_elsewhere(label: str, value: str, why: str) -> None:
    told = finding(evidence=((label, value),), resources=(Resource("arn:aws:s3:::pay-export", "AwsS3Bucket"),))
    assert parts.evidence(told, 3) is None, why


def test_a_fix_that_says_what_to_do_stays_on_the_card() -> None:
    told = finding(evidence=(("Fix", "Delete the permissions that nobody uses."),))
    assert parts.evidence(told, 3) == "*Fix* Delete the permissions that nobody uses."


def test_a_sentence_stands_in_plain_words_on_its_own_line_and_short_facts_are_code() -> None:
    told = finding(
        evidence=(("Reason", "One *datapoint* was above the line"), ("State", "OK -> ALARM"), ("Port", "22"))
    )
    assert parts.evidence(told, 3) == (
        "*State* `OK -&gt; ALARM` · *Port* `22`\n*Reason* One ∗datapoint∗ was above the line"
    )


def _raw(raw: str) -> list[str]:
    shown = RENDERER.render(FindingDetail(record=record(), now=NOW, raw=raw, modal=True))
    assert isinstance(shown, Modal)
    texts = [b["text"]["text"] for b in shown.view["blocks"] if "text" in b]
    return texts[texts.index("*As the source sent it*") + 1 :]


def test_json_is_indented_by_one_and_other_text_stays_as_it_is() -> None:
    assert _raw('{"a":[1,"<b>"]}') == ['```\n{\n "a": [\n  1,\n  "&lt;b&gt;"\n ]\n}\n```']
    assert _raw("{not json") == ["```\n{not json\n```"]
    assert len(_raw("[" * 20_000)) == 1


def test_long_json_goes_on_in_further_blocks_without_a_hole_and_says_when_it_is_cut() -> None:
    lines = [f'"key {i:04d}": "a & b < c"' for i in range(200)]
    shown = _raw("{" + ",".join(lines) + "}")
    assert len(shown) > 1
    assert [f"key {i:04d}" in "".join(shown) for i in range(200)] == [True] * 200
    assert _raw("[" + "1," * 30_000 + "1]")[-1] == "The rest is too long to be shown here."


def test_a_notice_with_an_end_says_it_in_the_readers_time() -> None:
    shown = RENDERER.render(Notice(text="You have F-220: acknowledged", until=1_795_570_800))
    assert isinstance(shown, Message)
    date = "<!date^1795570800^{date_short_pretty} at {time}|2026-11-25 01:40 UTC>"
    assert shown.blocks[0]["text"]["text"] == f"✅ You have F-220: acknowledged until {date}."
    assert shown.text == "You have F-220: acknowledged until 2026-11-25 01:40 UTC."


def _rows(live: int, quiet: int) -> tuple[AccountRow, ...]:
    return tuple(AccountRow(f"{i:012d}", f"a{i}", "prod", "", "", int(i < live), None) for i in range(live + quiet))


@pytest.mark.parametrize(
    ("live", "quiet", "total", "text", "last"),
    [
        (3, 27, 30, "", "27 more accounts have nothing open"),
        (3, 1, 4, "", "1 more account has nothing open"),
        (3, 13, 16, "prod", "13 more accounts have nothing open"),
        (3, 12, 15, "prod", "▫️ nothing open · a14 `000000000014` · prod"),
        (0, 20, 20, "", "✅ Nothing is open in any of them"),
        (52, 8, 90, "", "38 more accounts have nothing open"),
        (60, 0, 90, "", "and 40 more"),
        (2, 0, 2, "", "▫️ 1 open · a1 `000000000001` · prod"),
    ],
)
def test_accounts_with_nothing_open_are_counted_and_listed_only_when_few_were_asked_for(
    live: int, quiet: int, total: int, text: str, last: str
) -> None:
    shown = RENDERER.render(Accounts(rows=_rows(live, quiet), total=total, filter=text))
    assert isinstance(shown, Message)
    assert shown.blocks[-1]["text"]["text"].splitlines()[-1] == last
