"""Security Hub V2 and other OCSF findings: classes 2001-2007 of the Open Cybersecurity Schema Framework.

V2's `finding_info.uid` is the id that CSPM gives the same finding, so both feeds make one finding. An event of another class (a
flow log, a login) is understood and holds no finding. The schema's release candidates wrote `finding` for `finding_info` and
`cloud.account_uid` for `cloud.account.uid`; both are read.
"""

from __future__ import annotations

from datetime import datetime

from bot.domain.envelope import Envelope, Ignored, Reading, Shape
from bot.domain.fields import (
    Fact,
    Obj,
    arn_part,
    emitted_at,
    facts,
    fallback_id,
    first,
    first_time,
    flag,
    get,
    number,
    obj,
    objs,
    optional_time,
    paragraphs,
    some,
    tags_of,
    text,
    texts,
)
from bot.domain.finding import Finding, Resource, Severity, Status, guardduty_arn_parts
from bot.domain.hub import (
    Report,
    analyzer_of,
    config_rule_of,
    guardduty_type,
    reported_identity,
    source_of,
    standard_words,
)
from bot.errors import Malformed
from bot.plugins import Source

# From: schema.ocsf.io/1.6.0/categories/findings
FINDING_CLASSES = range(2001, 2008)
_SEVERITY = {
    1: Severity.INFO,
    2: Severity.LOW,
    3: Severity.MEDIUM,
    4: Severity.HIGH,
    5: Severity.CRITICAL,
    6: Severity.CRITICAL,  # fatal
}
_SUPPRESSED, _CLOSED = 3, frozenset({4, 5, 6})  # status_id: resolved, archived, deleted
_ACTIVITY_CLOSE = 3
_PASSED = frozenset({"pass", "passed"})


def matches(envelope: Envelope) -> bool:
    """V2 events of `aws.securityhub`, and bare OCSF of any class."""
    if envelope.shape is Shape.BARE:
        return "class_uid" in envelope.body and "metadata" in envelope.body
    if envelope.shape is not Shape.EVENTBRIDGE or envelope.source != "aws.securityhub":
        return False
    return envelope.detail_type.endswith("V2") or get(envelope.body, "findings", 0, "class_uid") is not None


def normalise(envelope: Envelope) -> Reading:
    """One finding for each of a finding class; raises Malformed when the event's list of findings is none."""
    if envelope.shape is Shape.BARE:
        parts = [envelope.body]
    elif isinstance(envelope.body.get("findings"), list):
        parts = objs(envelope.body, "findings")
    else:
        raise Malformed("a Security Hub V2 event without a list of findings")
    found = tuple(_finding(one, envelope, i) for i, one in enumerate(parts) if _is_finding(one))
    if found:
        return found
    return Ignored("not_a_finding_class", text(parts[0], "class_name")) if parts else Ignored("no_findings")


def _is_finding(ocsf: Obj) -> bool:
    uid = number(ocsf, "class_uid")
    return uid is None or int(uid) in FINDING_CLASSES


def _finding(ocsf: Obj, envelope: Envelope, index: int) -> Finding:
    info = obj(ocsf, "finding_info") or obj(ocsf, "finding")
    source = source_of(text(ocsf, "metadata", "product", "uid"))
    native_id = first(text(info, "uid"), text(ocsf, "metadata", "uid"), fallback_id(envelope, index))
    account, region = _account(ocsf, envelope), _region(ocsf, envelope)
    resources = _resources(ocsf, account, region)
    times = _times(ocsf, info, envelope)
    return Finding(
        key=reported_identity(_report(ocsf, info, native_id, resources, account=account, region=region)),
        source=source,
        via=SOURCE.name,
        native_id=native_id,
        account=account,
        region=region,
        severity=_severity(ocsf),
        title=first(text(info, "title", cut=10_000), text(ocsf, "message"), text(ocsf, "class_name"), native_id),
        type=_type(ocsf, info, source),
        status=_status(ocsf),
        first_seen=times[0],
        updated=times[1],
        emitted=emitted_at(envelope, times[1]),
        last_seen=optional_time(info.get("last_seen_time"), info.get("last_seen_time_dt")),
        resources=resources,
        description=first(paragraphs(info, "desc"), paragraphs(ocsf, "message")),
        remediation_url=_remediation_url(ocsf, info),
        control=_control(ocsf),
        standards=standard_words(*texts(ocsf, "compliance", "standards")) or standard_words(_rule(ocsf)),
        workflow=text(ocsf, "status"),
        compliance=text(ocsf, "compliance", "status"),
        product=text(ocsf, "metadata", "product", "name"),
        detector=_detector(info, source, native_id),
        evidence=_evidence(ocsf),
        tags=tags_of(ocsf, "resources", 0, "tags"),
        hub=text(ocsf, "metadata", "uid"),
    )


def _report(
    ocsf: Obj, info: Obj, native_id: str, resources: tuple[Resource, ...], *, account: str, region: str
) -> Report:
    product = first(text(ocsf, "metadata", "product", "uid"), text(ocsf, "metadata", "product", "name"))
    return Report(
        native_id=native_id,
        source=source_of(product),
        product=product,
        account=account,
        region=region,
        resource_type=resources[0].type if resources else "",
        resource_id=resources[0].id if resources else "",
        url=text(info, "src_url"),
    )


def _account(ocsf: Obj, envelope: Envelope) -> str:
    return first(
        text(ocsf, "cloud", "account", "uid", cut=64),
        text(ocsf, "cloud", "account_uid", cut=64),
        text(ocsf, "resources", 0, "owner", "account", "uid", cut=64),
        envelope.account,
    )


def _region(ocsf: Obj, envelope: Envelope) -> str:
    named = (text(ocsf, "cloud", "region", cut=64), text(ocsf, "resources", 0, "region", cut=64))
    return first(*named, envelope.region)


def _times(ocsf: Obj, info: Obj, envelope: Envelope) -> tuple[datetime, datetime]:
    """(first seen, last changed). Numbers are epoch milliseconds (some products write seconds), `*_dt` the same as text."""
    changed = (info.get("modified_time"), info.get("modified_time_dt"), ocsf.get("time"), ocsf.get("time_dt"))
    updated = first_time(envelope.time, *changed)
    began = ("first_seen_time", "first_seen_time_dt", "created_time", "created_time_dt")
    return first_time(updated, *(info.get(name) for name in began)), updated


def _resources(ocsf: Obj, account: str, region: str) -> tuple[Resource, ...]:
    parts = objs(ocsf, "resources") or objs(ocsf, "resource")
    return tuple(_resource(one, account, region) for one in parts[:50])


def _resource(one: Obj, account: str, region: str) -> Resource:
    uid, other, name = text(one, "uid"), text(one, "uid_alt"), text(one, "name")
    # V2 may put a URL or a bare id into uid and the ARN into uid_alt; the ARN is what CSPM calls it.
    arn = next((u for u in (uid, other) if u.startswith("arn:")), "")
    return Resource(
        id=first(arn, uid, name, other),
        type=text(one, "type", cut=200),
        region=text(one, "region", cut=64) or region,
        account=first(text(one, "owner", "account", "uid", cut=64), arn_part(arn, 4), account),
        name=name,
    )


def _severity(ocsf: Obj) -> Severity:
    """severity_id, else the word; MEDIUM when neither is known, because unknown is not harmless."""
    known = _SEVERITY.get(int(number(ocsf, "severity_id") or 0)) or Severity.of_word(text(ocsf, "severity"))
    if known is None:
        return Severity.INFO if number(ocsf, "severity_id") == 1 else Severity.MEDIUM
    return known


def _status(ocsf: Obj) -> Status:
    status = int(number(ocsf, "status_id") or 0)
    if status == _SUPPRESSED:
        return Status.SUPPRESSED
    closed = status in _CLOSED or number(ocsf, "activity_id") == _ACTIVITY_CLOSE
    verdicts = (text(ocsf, "compliance", "status"), text(ocsf, "status_code"))
    passed = number(ocsf, "compliance", "status_id") == 1 or any(v.casefold() in _PASSED for v in verdicts)
    return Status.RESOLVED if closed or passed else Status.ACTIVE


def _type(ocsf: Obj, info: Obj, source: str) -> str:
    kind = first(text(info, "types", 0), text(ocsf, "type_name"), text(ocsf, "class_name"))
    return guardduty_type(kind) if source == "guardduty" else kind


def _rule(ocsf: Obj) -> str:
    """`aws-foundational-security-best-practices/v/1.0.0/EC2.19`: where older findings keep their control and standard."""
    rule = text(ocsf, "metadata", "product", "feature", "uid")
    return rule if "/v/" in rule else ""


def _control(ocsf: Obj) -> str:
    return text(ocsf, "compliance", "control") or _rule(ocsf).rpartition("/")[2]


def _remediation_url(ocsf: Obj, info: Obj) -> str:
    fix = obj(ocsf, "remediation") or obj(info, "remediation")
    references = (*texts(fix, "references"), *texts(fix, "kb_articles"))
    return next((r for r in references if r.startswith("https://")), "")


def _detector(info: Obj, source: str, native_id: str) -> str:
    if source == "guardduty":
        parts = guardduty_arn_parts(native_id)
        return parts[2] if parts else ""
    if source == "access_analyzer":
        return analyzer_of(native_id)[0]
    return first(config_rule_of(native_id) if source == "config" else "", text(info, "analytic", "name"))


def _evidence(ocsf: Obj) -> tuple[Fact, ...]:
    weakness = obj(ocsf, "vulnerabilities", 0)
    package = obj(weakness, "affected_packages", 0) or obj(weakness, "packages", 0)
    endpoint = obj(ocsf, "evidences", 0, "src_endpoint")
    return facts(
        ("Vulnerability", text(weakness, "cve", "uid")),
        ("Package", " ".join(filter(None, (text(package, "name"), text(package, "version"))))),
        ("Fixed in", text(package, "fixed_in_version")),
        ("CVSS", text(weakness, "cve", "cvss", 0, "base_score")),
        ("EPSS", text(weakness, "cve", "epss", "score")),
        ("Exploit", "available" if flag(weakness, "is_exploit_available") else ""),
        ("Actor IP", text(endpoint, "ip")),
        ("Country", text(endpoint, "location", "country")),
        ("API", text(ocsf, "evidences", 0, "api", "operation")),
        ("Requirements", some(texts(ocsf, "compliance", "requirements"))),
        ("Detail", first(text(ocsf, "compliance", "status_detail"), text(ocsf, "status_detail"))),
        ("Metadata uid", text(ocsf, "metadata", "uid")),
    )


SOURCE = Source(name="securityhub_v2", matches=matches, normalise=normalise)
