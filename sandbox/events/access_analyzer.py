"""IAM Access Analyzer events: access from outside, from inside, and access that nobody uses.

Three detail-types with two spellings of the id (`id`, `findingId`), as AWS has them. A finding ends as RESOLVED or
ARCHIVED, or with `isDeleted` when its resource or analyzer is gone.
"""

from __future__ import annotations

from typing import Any

from sandbox.events.scene import Event, Scene, digest, event, iso_ms, uid
from sandbox.events.things import thing

_ACTIONS = {
    "bucket": ["s3:GetObject", "s3:ListBucket"],
    "role": ["sts:AssumeRole"],
    "key": ["kms:Decrypt"],
    "queue": ["sqs:SendMessage"],
    "function": ["lambda:InvokeFunction"],
}
_OUTSIDER = "999900001111"  # a made-up account outside the organisation


def analyzer_arn(scene: Scene, flavour: str = "external") -> str:
    """The organisation's analyzer of that flavour (`external`, `internal`, `unused`) in the security account."""
    return f"arn:aws:access-analyzer:{scene.region}:{scene.hub}:analyzer/northwind-{flavour}"


def external(
    scene: Scene,
    kind: str = "bucket",
    number: int = 0,
    *,
    public: bool = False,
    status: str = "ACTIVE",
    deleted: bool = False,
    name: str = "",
) -> Event:
    """`Access Analyzer Finding`: a resource that an outsider, or everyone, can reach."""
    subject = thing(kind, scene.account, scene.region, number, name=name)
    detail = {
        "version": "1.0",
        "id": uid("external", subject.arn, scene.account.id, public),
        "status": status,
        "resourceType": subject.cfn,
        "resource": subject.arn,
        "accountId": scene.account.id,
        "region": scene.region,
        "principal": {"AWS": "*" if public else _OUTSIDER},
        "action": _ACTIONS[kind],
        "condition": {},
        "isPublic": public,
        "isDeleted": deleted,
        **_times(scene, iso_ms),
    }
    return _sent(scene, "Access Analyzer Finding", detail, "external")


def internal(scene: Scene, number: int = 0, *, status: str = "ACTIVE") -> Event:
    """`Internal Access Finding`: a role of the organisation that reaches a bucket kept for few."""
    subject = thing("bucket", scene.account, scene.region, number)
    role = thing("role", scene.account, scene.region, number + 1)
    detail = {
        "version": "1.0",
        "id": uid("internal", subject.arn, role.arn),
        "status": status,
        "findingType": "InternalAccess",
        "accessType": "INTRA_ACCOUNT",
        "resourceType": subject.cfn,
        "resource": subject.arn,
        "accountId": scene.account.id,
        "principal": {"AWS": role.arn},
        "principalOwnerAccount": scene.account.id,
        "principalType": "IAM_ROLE",
        "action": ["s3:GetObject"],
        "condition": {},
        "resourceControlPolicyRestrictionType": "NOT_APPLICABLE",
        "serviceControlPolicyRestrictionType": "NOT_APPLICABLE",
        "isDeleted": False,
        **_times(scene, _nanoseconds),
    }
    return _sent(scene, "Internal Access Finding", detail, "internal")


_UNUSED_SUBJECT = {
    "UnusedIAMRole": "role",
    "UnusedPermission": "role",
    "UnusedIAMUserAccessKey": "user",
    "UnusedIAMUserPassword": "user",
}


def unused(scene: Scene, finding_type: str = "UnusedPermission", number: int = 0, *, status: str = "ACTIVE") -> Event:
    """`Unused Access Finding for IAM entities`: a role, key, password or permission that nobody used for 90 days."""
    subject = thing(_UNUSED_SUBJECT[finding_type], scene.account, scene.region, number)
    detail: dict[str, Any] = {
        "findingId": uid("unused", finding_type, subject.arn),
        "resource": subject.arn,
        "resourceType": subject.cfn,
        "accountId": scene.account.id,
        "previousStatus": "" if status == "ACTIVE" else "ACTIVE",
        "status": status,
        "version": uid("version", subject.arn, iso_ms(scene.now)),
        "isDeleted": False,
        "findingType": finding_type,
        **_times(scene, iso_ms),
    }
    if finding_type == "UnusedPermission":
        detail |= {"numberOfUnusedServices": 3 + number, "numberOfUnusedActions": 40 + number}
    return _sent(scene, "Unused Access Finding for IAM entities", detail, "unused")


def preview(scene: Scene) -> Event:
    """`Access Preview State Change`: no finding, only a preview that is ready."""
    subject = thing("bucket", scene.account, scene.region, 3)
    detail = {
        "version": "1.0",
        "accessPreviewId": uid("preview", subject.arn, iso_ms(scene.now)),
        "configuredResources": [subject.arn],
        "createdAt": iso_ms(scene.first),
        "previousStatus": "CREATING",
        "status": "COMPLETED",
        "region": scene.region,
    }
    return _sent(scene, "Access Preview State Change", detail, "external")


def _times(scene: Scene, write: Any) -> dict[str, str]:
    return {"createdAt": write(scene.first), "updatedAt": write(scene.now), "analyzedAt": write(scene.now)}


def _nanoseconds(when: Any) -> str:
    """Internal findings carry nine digits of a second."""
    return f"{iso_ms(when)[:-1]}{int(digest(5, iso_ms(when)), 16) % 1_000_000:06d}Z"


def _sent(scene: Scene, detail_type: str, detail: dict[str, Any], flavour: str) -> Event:
    analyzer = analyzer_arn(scene, flavour)
    return event(scene, "aws.access-analyzer", detail_type, detail, resources=(analyzer,), account=scene.hub)
