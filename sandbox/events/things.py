"""The resources that findings are about: made-up buckets, groups, keys and roles with well-formed ARNs.

A thing is named by its kind, its account and a number; the same three give the same ARN in every service. Nothing
exists anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.company import AwsAccount
from sandbox.events.scene import digest, uid

_WORDS = ("export", "backup", "assets", "uploads", "invoices", "archive", "reports", "sessions", "images", "staging")
_PEOPLE = ("ana", "ben", "dora", "emre", "fay", "deploy", "ci-runner", "reporting")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a resource is called in ASFF and in CloudFormation, and how its ARN is written."""

    asff: str
    cfn: str
    arn: str
    name: str


KINDS = {
    "bucket": Kind("AwsS3Bucket", "AWS::S3::Bucket", "arn:aws:s3:::{name}", "{account}-{word}"),
    "group": Kind(
        "AwsEc2SecurityGroup",
        "AWS::EC2::SecurityGroup",
        "arn:aws:ec2:{region}:{id}:security-group/{name}",
        "sg-0{hex}",
    ),
    "instance": Kind("AwsEc2Instance", "AWS::EC2::Instance", "arn:aws:ec2:{region}:{id}:instance/{name}", "i-0{hex}"),
    "volume-snapshot": Kind(
        "AwsEc2Snapshot", "AWS::EC2::Snapshot", "arn:aws:ec2:{region}:{id}:snapshot/{name}", "snap-0{hex}"
    ),
    "account": Kind("AwsAccount", "AWS::::Account", "AWS::::Account:{id}", "{id}"),
    "user": Kind("AwsIamUser", "AWS::IAM::User", "arn:aws:iam::{id}:user/{name}", "{person}"),
    "role": Kind("AwsIamRole", "AWS::IAM::Role", "arn:aws:iam::{id}:role/{name}", "{account}-{word}-role"),
    "database": Kind(
        "AwsRdsDbInstance", "AWS::RDS::DBInstance", "arn:aws:rds:{region}:{id}:db:{name}", "{account}-{word}-db"
    ),
    "database-snapshot": Kind(
        "AwsRdsDbSnapshot", "AWS::RDS::DBSnapshot", "arn:aws:rds:{region}:{id}:snapshot:{name}", "{account}-{word}-snap"
    ),
    "key": Kind("AwsKmsKey", "AWS::KMS::Key", "arn:aws:kms:{region}:{id}:key/{name}", "{uuid}"),
    "trail": Kind(
        "AwsCloudTrailTrail", "AWS::CloudTrail::Trail", "arn:aws:cloudtrail:{region}:{id}:trail/{name}", "{word}-trail"
    ),
    "queue": Kind("AwsSqsQueue", "AWS::SQS::Queue", "arn:aws:sqs:{region}:{id}:{name}", "{account}-{word}"),
    "topic": Kind("AwsSnsTopic", "AWS::SNS::Topic", "arn:aws:sns:{region}:{id}:{name}", "{account}-{word}"),
    "function": Kind(
        "AwsLambdaFunction", "AWS::Lambda::Function", "arn:aws:lambda:{region}:{id}:function:{name}", "{account}-{word}"
    ),
    "document": Kind(
        "AwsSsmDocument", "AWS::SSM::Document", "arn:aws:ssm:{region}:{id}:document/{name}", "{account}-{word}"
    ),
    "warehouse": Kind(
        "AwsRedshiftCluster",
        "AWS::Redshift::Cluster",
        "arn:aws:redshift:{region}:{id}:cluster:{name}",
        "{account}-{word}",
    ),
    "cluster": Kind("AwsEksCluster", "AWS::EKS::Cluster", "arn:aws:eks:{region}:{id}:cluster/{name}", "{account}-eks"),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """One resource. `asff` and `cfn` are its type in the two vocabularies."""

    kind: str
    asff: str
    cfn: str
    arn: str
    name: str


def thing(kind: str, account: AwsAccount, region: str, number: int = 0, *, name: str = "") -> Thing:
    """The `number`-th thing of a kind in an account; `name` overrides the made-up one. Raises KeyError on an unknown
    kind.
    """
    shape = KINDS[kind]
    words = {
        "account": account.name,
        "id": account.id,
        "region": region,
        "word": _WORDS[number % len(_WORDS)] + (f"-{number // len(_WORDS)}" if number >= len(_WORDS) else ""),
        "person": _PEOPLE[number % len(_PEOPLE)],
        "hex": digest(16, kind, account.id, region, number),
        "uuid": uid(kind, account.id, region, number),
    }
    called = name or shape.name.format(**words)
    return Thing(kind, shape.asff, shape.cfn, shape.arn.format(name=called, **words), called)
