"""What also comes down the stream and is no finding: announcements, a product nobody knows, and unreadable text."""

from __future__ import annotations

from sandbox.events.scene import Event, Scene, event, iso_ms, uid


def announcement(scene: Scene) -> Event:
    """GuardDuty's own news, in the JSON that it writes to its topic."""
    del scene  # the same for everyone
    news = {
        "link": "https://docs.aws.amazon.com/guardduty/latest/ug/",
        "findingType": "Impact:EC2/MadeUpActivity",
        "findingDescription": "GuardDuty learned to see one more kind of activity.",
    }
    return {"version": "1", "type": "NEW_FINDINGS", "findingDetails": [news]}


def unknown(scene: Scene, number: int = 0) -> Event:
    """An event of a product that no plug reads; it must be kept and shown as it is."""
    detail = {
        "caseId": uid("unknown", scene.account.id, number),
        "summary": "Badge reader at the north door stopped answering",
        "severity": "high",
        "createdAt": iso_ms(scene.first),
        "site": {"name": "Depot North", "door": number},
    }
    return event(scene, "northwind.doors", "Door Controller Report", detail)
