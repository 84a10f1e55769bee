"""Macie events: `Macie Finding`, personal data found in an object, or a bucket whose policy is too open."""

from __future__ import annotations

from typing import Any

from sandbox.events.scene import Event, Scene, digest, event, iso_s
from sandbox.events.things import Thing, thing

_SEVERITIES = {"Low": 1, "Medium": 2, "High": 3}


def sensitive_data(scene: Scene, number: int = 0, *, severity: str = "High") -> Event:
    """Personal data in an object of a bucket."""
    bucket = thing("bucket", scene.account, scene.region, number)
    key = f"2026/customers-{number:02d}.csv"
    sensitive = [
        {
            "category": "PERSONAL_INFORMATION",
            "totalCount": 1_240 + number,
            "detections": [{"type": "NAME", "count": 1_240 + number}],
        }
    ]
    finding = _finding(scene, "SensitiveData:S3Object/Personal", bucket, severity, key) | {
        "title": "The object holds personal data",
        "description": f"Names of people were found in {key}.",
        "category": "CLASSIFICATION",
        "policyDetails": None,
        "classificationDetails": {
            "jobArn": f"arn:aws:macie2:{scene.region}:{scene.hub}:classification-job/{digest(32, 'job')}",
            "jobId": digest(32, "job"),
            "result": {
                "status": {"code": "COMPLETE", "reason": None},
                "mimeType": "text/csv",
                "sizeClassified": 48_213,
                "sensitiveData": sensitive,
                "customDataIdentifiers": {"totalCount": 0, "detections": []},
            },
        },
    }
    finding["resourcesAffected"]["s3Object"] = {
        "bucketArn": bucket.arn,
        "key": key,
        "path": f"{bucket.name}/{key}",
        "extension": "csv",
        "size": 48_213,
        "publicAccess": False,
    }
    return _sent(scene, finding)


def bucket_policy(scene: Scene, number: int = 0) -> Event:
    """A bucket that was shared outside the organisation."""
    bucket = thing("bucket", scene.account, scene.region, number)
    finding = _finding(scene, "Policy:IAMUser/S3BucketSharedExternally", bucket, "High", "policy") | {
        "title": "The bucket is shared with an outside account",
        "description": f"A policy of {bucket.name} lets an account outside the organisation in.",
        "category": "POLICY",
        "classificationDetails": None,
        "policyDetails": {"action": {"actionType": "AWS_API_CALL", "apiCallDetails": {"api": "PutBucketPolicy"}}},
    }
    return _sent(scene, finding)


def _finding(scene: Scene, kind: str, bucket: Thing, severity: str, what: str) -> dict[str, Any]:
    return {
        "schemaVersion": "1.0",
        "id": digest(32, "macie", kind, bucket.arn, what),
        "accountId": scene.account.id,
        "partition": "aws",
        "region": scene.region,
        "type": kind,
        "severity": {"score": _SEVERITIES[severity], "description": severity},
        "createdAt": iso_s(scene.first),
        "updatedAt": iso_s(scene.now),
        "count": 1,
        "archived": False,
        "sample": False,
        "resourcesAffected": {
            "s3Bucket": {
                "arn": bucket.arn,
                "name": bucket.name,
                "createdAt": iso_s(scene.first),
                "owner": {"displayName": scene.account.name, "id": digest(64, "owner", scene.account.id)},
                "tags": [{"key": "Owner", "value": scene.account.owner}],
                "defaultServerSideEncryption": {"encryptionType": "AES256", "kmsMasterKeyId": None},
                "publicAccess": {"effectivePermission": "NOT_PUBLIC", "permissionConfiguration": {}},
            }
        },
    }


def _sent(scene: Scene, finding: dict[str, Any]) -> Event:
    return event(scene, "aws.macie", "Macie Finding", finding, account=scene.hub)
