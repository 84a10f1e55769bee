"""AWS Health events: something is broken, something will change, something to know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.events.scene import Event, Scene, digest, event
from sandbox.events.things import thing

_CASES = {  # category -> (service, event type code, words, kind of the affected thing)
    "issue": ("EC2", "AWS_EC2_OPERATIONAL_ISSUE", "Some instances answer slowly. We work on it.", "instance"),
    "scheduledChange": (
        "RDS",
        "AWS_RDS_MAINTENANCE_SCHEDULED",
        "The database below gets an update that needs a restart.",
        "database",
    ),
    "accountNotification": (
        "IAM",
        "AWS_IAM_CREDENTIALS_EXPOSED_NOTIFICATION",
        "A key of this account was seen in a public place.",
        "user",
    ),
}


def health(scene: Scene, category: str = "issue", number: int = 0, *, status: str = "open") -> Event:
    """`AWS Health Event`; `category` is issue, scheduledChange or accountNotification, `status` open, upcoming or
    closed.
    """
    service, code, words, kind = _CASES[category]
    subject = thing(kind, scene.account, scene.region, number)
    native = f"{code}_{digest(16, code, scene.account.id, number)}"
    detail: dict[str, Any] = {
        "eventArn": f"arn:aws:health:{scene.region}::event/{service}/{code}/{native}",
        "service": service,
        "eventTypeCode": code,
        "eventTypeCategory": category,
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "communicationId": digest(40, native, status),
        "startTime": _written(scene.first),
        "lastUpdatedTime": _written(scene.now),
        "statusCode": status,
        "eventRegion": scene.region,
        "eventDescription": [{"language": "en_US", "latestDescription": words}],
        "affectedEntities": [
            {
                "entityValue": subject.name,
                "lastUpdatedTime": _written(scene.now),
                "status": "IMPAIRED" if category == "issue" else "PENDING",
                "tags": {"Owner": scene.account.owner},
            }
        ],
        "affectedAccount": scene.account.id,
        "page": "1",
        "totalPages": "1",
    }
    if category == "scheduledChange" or status == "closed":
        detail["endTime"] = _written(scene.first + timedelta(days=7 if status != "closed" else 0, hours=2))
    return event(scene, "aws.health", "AWS Health Event", detail, resources=(subject.name,))


def _written(when: datetime) -> str:
    return when.strftime("%a, %d %b %Y %H:%M:%S GMT")
