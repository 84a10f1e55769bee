"""Inspector events: `Inspector2 Finding`, a package with a known weakness or a port that can be reached.

The CVE numbers are made up (year 1999 with five digits) so that nobody looks for them.
"""

from __future__ import annotations

from typing import Any

from sandbox.events.scene import Event, Scene, digest, event, iso_ms
from sandbox.events.things import Thing, thing

_SCORES = {"CRITICAL": 9.8, "HIGH": 8.1, "MEDIUM": 5.4, "LOW": 3.1}
_PACKAGES = ("libexample", "openexample", "http-toolkit", "left-pad-ng", "imagekit")


def cve(number: int) -> str:
    """A number that no weakness has."""
    return f"CVE-1999-{90_000 + number}"


def package_vulnerability(
    scene: Scene, number: int = 0, *, severity: str = "HIGH", status: str = "ACTIVE", exploit: bool = False
) -> Event:
    """A weak package on an instance; `status` CLOSED ends it."""
    subject = thing("instance", scene.account, scene.region, number)
    package, name, score = _PACKAGES[number % len(_PACKAGES)], cve(number), _SCORES[severity]
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    detail = _finding(scene, subject, ("package", name, subject.arn), severity, status) | {
        "type": "PACKAGE_VULNERABILITY",
        "title": f"{name} - {package}",
        "description": f"The installed version of {package} has a published weakness.",
        "inspectorScore": score,
        "exploitAvailable": "YES" if exploit else "NO",
        "fixAvailable": "YES",
        "epss": {"score": 0.42 if exploit else 0.01},
        "packageVulnerabilityDetails": {
            "vulnerabilityId": name,
            "source": "NVD",
            "sourceUrl": f"https://advisories.example.com/{name}",
            "vendorSeverity": severity.lower(),
            "vendorCreatedAt": iso_ms(scene.first),
            "cvss": [{"baseScore": score, "scoringVector": vector, "source": "NVD", "version": "3.1"}],
            "referenceUrls": [f"https://advisories.example.com/{name}"],
            "relatedVulnerabilities": [],
            "vulnerablePackages": [
                {
                    "name": package,
                    "version": "2.4.1",
                    "fixedInVersion": "0:2.4.6",
                    "packageManager": "OS",
                    "arch": "ARM64",
                    "epoch": 0,
                    "remediation": f"dnf update {package}",
                }
            ],
        },
    }
    return _sent(scene, detail, subject)


def network_reachability(scene: Scene, number: int = 0) -> Event:
    """A port of an instance that the internet can reach."""
    subject = thing("instance", scene.account, scene.region, number)
    detail = _finding(scene, subject, ("network", subject.arn), "MEDIUM", "ACTIVE") | {
        "type": "NETWORK_REACHABILITY",
        "title": "Port 22 is reachable from an internet gateway",
        "description": f"A path leads from the internet to port 22 of {subject.name}.",
        "networkReachabilityDetails": {
            "protocol": "TCP",
            "openPortRange": {"begin": 22, "end": 22},
            "networkPath": {"steps": [{"componentId": "igw-0madeup", "componentType": "AWS::EC2::InternetGateway"}]},
        },
    }
    return _sent(scene, detail, subject)


def _finding(scene: Scene, subject: Thing, words: tuple[str, ...], severity: str, status: str) -> dict[str, Any]:
    native = digest(32, "inspector", *words)
    return {
        "awsAccountId": scene.account.id,
        "findingArn": f"arn:aws:inspector2:{scene.region}:{scene.account.id}:finding/{native}",
        "firstObservedAt": iso_ms(scene.first),
        "lastObservedAt": iso_ms(scene.now),
        "updatedAt": iso_ms(scene.now),
        "severity": severity,
        "status": status,
        "remediation": {"recommendation": {"text": "Update the package, or close the path."}},
        "resources": [
            {
                "id": subject.name,
                "type": "AWS_EC2_INSTANCE",
                "partition": "aws",
                "region": scene.region,
                "tags": {"Owner": scene.account.owner},
                "details": {"awsEc2Instance": {"type": "m7g.large", "platform": "AMAZON_LINUX_2023"}},
            }
        ],
    }


def _sent(scene: Scene, detail: dict[str, Any], subject: Thing) -> Event:
    return event(scene, "aws.inspector2", "Inspector2 Finding", detail, resources=(subject.name,), account=scene.hub)
