"""The Security Hub controls that the made-up company fails: number, severity, kind of resource, standards, Config
rule.

Numbers, severities, rule names and membership of standards are AWS's; the wording is ours. Only what the stories need
is listed.
"""

# From: AWS Security Hub User Guide, "Security Hub controls reference" (control ids, severities, AWS Config rules)

from __future__ import annotations

from dataclasses import dataclass

FSBP = "standards/aws-foundational-security-best-practices/v/1.0.0"
CIS = "standards/cis-aws-foundations-benchmark/v/3.0.0"
PCI = "standards/pci-dss/v/4.0.1"
NIST = "standards/nist-800-53/v/5.0.0"


@dataclass(frozen=True, slots=True)
class Control:
    """One control. `why` says in a sentence what goes wrong when it fails."""

    id: str
    severity: str
    kind: str
    rule: str
    standards: tuple[str, ...]
    title: str
    why: str


CONTROLS = {
    control.id: control
    for control in (
        Control(
            "S3.2", "CRITICAL", "bucket", "s3-bucket-public-read-prohibited", (FSBP, PCI, NIST),
            "S3 bucket must not be readable by the public",
            "Anyone on the internet can read the objects of this bucket.",
        ),
        Control(
            "S3.3", "CRITICAL", "bucket", "s3-bucket-public-write-prohibited", (FSBP, NIST),
            "S3 bucket must not be writable by the public",
            "Anyone on the internet can put objects into this bucket.",
        ),
        Control(
            "S3.5", "MEDIUM", "bucket", "s3-bucket-ssl-requests-only", (FSBP, CIS, PCI, NIST),
            "S3 bucket must refuse requests without TLS",
            "The bucket's policy lets requests through that are not encrypted on the way.",
        ),
        Control(
            "S3.8", "HIGH", "bucket", "s3-bucket-level-public-access-prohibited", (FSBP, CIS, PCI, NIST),
            "S3 bucket must have Block Public Access on",
            "One or more of the four Block Public Access flags of this bucket are off.",
        ),
        Control(
            "EC2.1", "CRITICAL", "volume-snapshot", "ebs-snapshot-public-restorable-check", (FSBP, PCI, NIST),
            "EBS snapshot must not be restorable by everyone",
            "Any AWS account can make a volume from this snapshot.",
        ),
        Control(
            "EC2.2", "HIGH", "group", "vpc-default-security-group-closed", (FSBP, CIS, PCI, NIST),
            "Default security group of a VPC must carry no traffic",
            "The default group has rules, and everything without a group of its own gets them.",
        ),
        Control(
            "EC2.8", "HIGH", "instance", "ec2-imdsv2-check", (FSBP, CIS, PCI, NIST),
            "EC2 instance must demand IMDSv2",
            "The instance still answers metadata requests without a session token.",
        ),
        Control(
            "EC2.13", "HIGH", "group", "restricted-ssh", (PCI, NIST),
            "Security group must not open port 22 to the world",
            "The group lets 0.0.0.0/0 reach SSH.",
        ),
        Control(
            "EC2.19", "CRITICAL", "group", "vpc-sg-restricted-common-ports", (FSBP, NIST),
            "Security group must not open high-risk ports to the world",
            "The group lets 0.0.0.0/0 reach a port such as 3389, 3306 or 9200.",
        ),
        Control(
            "IAM.3", "MEDIUM", "user", "access-keys-rotated", (FSBP, CIS, PCI, NIST),
            "IAM user's access keys must be younger than 90 days",
            "The user has an active access key that was not rotated for more than 90 days.",
        ),
        Control(
            "IAM.6", "CRITICAL", "account", "root-account-hardware-mfa-enabled", (FSBP, CIS, PCI, NIST),
            "Root user must have a hardware MFA device",
            "The root user signs in without a hardware device.",
        ),
        Control(
            "IAM.8", "MEDIUM", "user", "iam-user-unused-credentials-check", (FSBP, PCI, NIST),
            "Unused credentials of an IAM user must be removed",
            "The user has a password or key that nobody used for 90 days.",
        ),
        Control(
            "RDS.1", "CRITICAL", "database-snapshot", "rds-snapshots-public-prohibited", (FSBP, PCI, NIST),
            "RDS snapshot must be private",
            "Any AWS account can restore this snapshot.",
        ),
        Control(
            "RDS.2", "CRITICAL", "database", "rds-instance-public-access-check", (FSBP, CIS, PCI, NIST),
            "RDS instance must not be reachable from the internet",
            "The instance is marked as publicly accessible.",
        ),
        Control(
            "RDS.8", "LOW", "database", "rds-instance-deletion-protection-enabled", (FSBP, NIST),
            "RDS instance must have deletion protection",
            "One call deletes this database.",
        ),
        Control(
            "KMS.4", "MEDIUM", "key", "cmk-backing-key-rotation-enabled", (CIS, PCI, NIST),
            "KMS key must rotate",
            "Automatic rotation of this key is off.",
        ),
        Control(
            "CloudTrail.1", "HIGH", "account", "multi-region-cloudtrail-enabled", (FSBP, CIS, NIST),
            "CloudTrail must record every region",
            "No multi-region trail with read and write management events exists.",
        ),
        Control(
            "CloudTrail.4", "LOW", "trail", "cloud-trail-log-file-validation-enabled", (FSBP, CIS, PCI, NIST),
            "CloudTrail log files must be validated",
            "Changed or deleted log files of this trail would go unnoticed.",
        ),
        Control(
            "SQS.1", "MEDIUM", "queue", "sqs-queue-encrypted", (FSBP, NIST),
            "SQS queue must be encrypted at rest",
            "Messages of this queue are stored without encryption.",
        ),
        Control(
            "SNS.1", "MEDIUM", "topic", "sns-encrypted-kms", (NIST,),
            "SNS topic must be encrypted with a KMS key",
            "Messages of this topic are stored without a key of ours.",
        ),
        Control(
            "Lambda.1", "CRITICAL", "function", "lambda-function-public-access-prohibited", (FSBP, PCI, NIST),
            "Lambda function must not be callable by the public",
            "The function's policy lets any principal invoke it.",
        ),
        Control(
            "SSM.4", "CRITICAL", "document", "ssm-document-not-public", (FSBP, NIST),
            "SSM document must not be public",
            "Any AWS account can read and run this document.",
        ),
        Control(
            "Redshift.1", "CRITICAL", "warehouse", "redshift-cluster-public-access-check", (FSBP, PCI, NIST),
            "Redshift cluster must not be reachable from the internet",
            "The cluster is marked as publicly accessible.",
        ),
        Control(
            "GuardDuty.1", "HIGH", "account", "guardduty-enabled-centralized", (FSBP, PCI, NIST),
            "GuardDuty must be on",
            "Nothing watches this account and region for threats.",
        ),
    )
}  # fmt: skip
