"""GuardDuty events as EventBridge carries them: `GuardDuty Finding`, camelCase, one finding each.

A table names the sorts that the stories use, from a probe of a port to an attack sequence; each has its own resource
and action. The addresses are from the blocks that are kept for documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.events.scene import Event, Scene, digest, event, iso_ms, pick
from sandbox.events.things import thing

_ADDRESSES = ("198.51.100.23", "198.51.100.77", "203.0.113.9", "203.0.113.140")  # From: RFC 5737
_COUNTRIES = ("Nowhereland", "Freedonia", "Ruritania")


@dataclass(frozen=True, slots=True)
class Sort:
    """One finding type: GuardDuty's severity, how the resource and the action look, and our words for it."""

    type: str
    severity: float
    resource: Callable[[Scene, int], dict[str, Any]]
    action: Callable[[Scene, int], dict[str, Any]]
    title: str
    description: str
    feature: str = ""


def detail(scene: Scene, type_name: str, number: int = 0, *, severity: float = 0, count: int = 1) -> dict[str, Any]:
    """The finding itself; `severity` overrides the sort's own (a raise). Raises KeyError on an unknown type."""
    sort = SORTS[type_name]
    resource = sort.resource(scene, number)
    words = {"name": _name_of(resource), "account": scene.account.name, "ip": _address(scene, number)}
    detector = digest(32, "detector", scene.account.id, scene.region)
    native = digest(32, "guardduty", sort.type, scene.account.id, scene.region, number)
    service: dict[str, Any] = {
        "serviceName": "guardduty",
        "detectorId": detector,
        "action": sort.action(scene, number),
        "resourceRole": "TARGET",
        "additionalInfo": {"type": "default", "value": "{}"},
        "eventFirstSeen": iso_ms(scene.first),
        "eventLastSeen": iso_ms(scene.now),
        "archived": False,
        "count": count,
    }
    if sort.feature:
        service["featureName"] = sort.feature
    return {
        "schemaVersion": "2.0",
        "accountId": scene.account.id,
        "region": scene.region,
        "partition": "aws",
        "id": native,
        "arn": f"arn:aws:guardduty:{scene.region}:{scene.account.id}:detector/{detector}/finding/{native}",
        "type": sort.type,
        "resource": resource,
        "service": service,
        "severity": severity or sort.severity,
        "createdAt": iso_ms(scene.first),
        "updatedAt": iso_ms(scene.now),
        "title": sort.title.format(**words),
        "description": sort.description.format(**words),
    }


def finding(scene: Scene, type_name: str, number: int = 0, *, severity: float = 0, count: int = 1) -> Event:
    """`GuardDuty Finding`, sent by the security account for its members."""
    found = detail(scene, type_name, number, severity=severity, count=count)
    return event(scene, "aws.guardduty", "GuardDuty Finding", found, account=scene.hub)


# --- resources ---


def _instance(scene: Scene, number: int) -> dict[str, Any]:
    subject = thing("instance", scene.account, scene.region, number)
    address = f"10.{int(scene.account.id[2:4])}.{number % 250}.17"
    return {
        "resourceType": "Instance",
        "instanceDetails": {
            "instanceId": subject.name,
            "instanceType": "m7g.large",
            "instanceState": "running",
            "imageId": f"ami-0{digest(16, 'ami', number)}",
            "availabilityZone": f"{scene.region}a",
            "launchTime": iso_ms(scene.first),
            "iamInstanceProfile": {"arn": f"arn:aws:iam::{scene.account.id}:instance-profile/app", "id": "AIPAMADEUP"},
            "networkInterfaces": [
                {
                    "networkInterfaceId": f"eni-0{digest(16, 'eni', subject.arn)}",
                    "privateIpAddress": address,
                    "publicIp": _address(scene, number + 1),
                    "subnetId": f"subnet-0{digest(16, 'subnet', scene.account.id)}",
                    "vpcId": f"vpc-0{digest(16, 'vpc', scene.account.id)}",
                    "securityGroups": [
                        {"groupId": thing("group", scene.account, scene.region, number).name, "groupName": "app"}
                    ],
                }
            ],
            "tags": [{"key": "Name", "value": f"{scene.account.name}-app-{number}"}],
        },
    }


def _key_of(scene: Scene, number: int, kind: str = "IAMUser") -> dict[str, Any]:
    user = "root" if kind == "Root" else thing("user", scene.account, scene.region, number).name
    return {
        "resourceType": "AccessKey",
        "accessKeyDetails": {
            "accessKeyId": f"MADEUPKEY{digest(8, user, scene.account.id).upper()}",
            "principalId": scene.account.id if kind == "Root" else f"AIDAMADEUP{digest(6, user).upper()}",
            "userName": user,
            "userType": kind,
        },
    }


def _root(scene: Scene, number: int) -> dict[str, Any]:
    return _key_of(scene, number, "Root")


def _bucket(scene: Scene, number: int) -> dict[str, Any]:
    subject = thing("bucket", scene.account, scene.region, number)
    flags = {
        "blockPublicAcls": False,
        "blockPublicPolicy": False,
        "ignorePublicAcls": False,
        "restrictPublicBuckets": False,
    }
    permission = {
        "bucketLevelPermissions": {
            "bucketPolicy": {"allowsPublicReadAccess": True, "allowsPublicWriteAccess": False},
            "blockPublicAccess": flags,
        },
        "accountLevelPermissions": {"blockPublicAccess": flags},
    }
    bucket = {
        "arn": subject.arn,
        "name": subject.name,
        "type": "Destination",
        "createdAt": scene.first.timestamp(),
        "owner": {"id": digest(64, "owner", scene.account.id)},
        "tags": [{"key": "Owner", "value": scene.account.owner}],
        "publicAccess": {"permissionConfiguration": permission, "effectivePermission": "PUBLIC"},
    }
    return _key_of(scene, number) | {"resourceType": "S3Bucket", "s3BucketDetails": [bucket]}


def _cluster(scene: Scene, number: int) -> dict[str, Any]:
    subject = thing("cluster", scene.account, scene.region, number)
    return {
        "resourceType": "EKSCluster",
        "eksClusterDetails": {
            "name": subject.name,
            "arn": subject.arn,
            "vpcId": f"vpc-0{digest(16, 'vpc', scene.account.id)}",
            "status": "ACTIVE",
            "createdAt": scene.first.timestamp(),
            "tags": [{"key": "Owner", "value": scene.account.owner}],
        },
        "kubernetesDetails": {
            "kubernetesUserDetails": {
                "username": "system:serviceaccount:shop:checkout",
                "groups": ["system:authenticated"],
            },
            "kubernetesWorkloadDetails": {
                "name": f"checkout-{digest(5, 'pod', number)}",
                "type": "pods",
                "uid": digest(32, "pod", number),
                "namespace": "shop",
                "containers": [{"name": "checkout", "image": "registry.example.com/shop/checkout:1.9"}],
            },
        },
    }


def _sequence(scene: Scene, number: int) -> dict[str, Any]:
    del scene, number  # an attack sequence names its resources inside the sequence
    return {"resourceType": "AttackSequence"}


# --- actions ---


def _api_call(scene: Scene, number: int) -> dict[str, Any]:
    call = {
        "api": pick(("ListUsers", "GetSecretValue", "CreateAccessKey", "DescribeInstances"), scene.account.id, number),
        "serviceName": "iam.amazonaws.com",
        "callerType": "Remote IP",
        "remoteIpDetails": _remote(scene, number),
        "affectedResources": {},
    }
    return {"actionType": "AWS_API_CALL", "awsApiCallAction": call}


def _connection(scene: Scene, number: int) -> dict[str, Any]:
    connection = {
        "connectionDirection": "INBOUND",
        "protocol": "TCP",
        "blocked": False,
        "localPortDetails": {"port": 22, "portName": "SSH"},
        "remotePortDetails": {"port": 40_000 + number, "portName": "Unknown"},
        "remoteIpDetails": _remote(scene, number),
    }
    return {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": connection}


def _dns(scene: Scene, number: int) -> dict[str, Any]:
    del scene, number
    request = {"domain": "pool.miner.example", "protocol": "UDP", "blocked": False}
    return {"actionType": "DNS_REQUEST", "dnsRequestAction": request}


def _kubernetes(scene: Scene, number: int) -> dict[str, Any]:
    call = {
        "requestUri": "/api/v1/namespaces/shop/pods",
        "verb": "create",
        "userAgent": "kubectl",
        "sourceIps": [_address(scene, number)],
        "statusCode": 201,
        "remoteIpDetails": _remote(scene, number),
    }
    return {"actionType": "KUBERNETES_API_CALL", "kubernetesApiCallAction": call}


def _none(scene: Scene, number: int) -> dict[str, Any]:
    del scene, number
    return {}


def _address(scene: Scene, number: int) -> str:
    return pick(_ADDRESSES, "address", scene.account.id, number)


def _remote(scene: Scene, number: int) -> dict[str, Any]:
    return {
        "ipAddressV4": _address(scene, number),
        "country": {"countryName": pick(_COUNTRIES, scene.account.id, number)},
        "city": {"cityName": "Springfield"},
        "geoLocation": {"lat": 0.0, "lon": 0.0},
        "organization": {"asn": "64500", "asnOrg": "Example Networks", "isp": "Example", "org": "Example"},
    }


def _name_of(resource: dict[str, Any]) -> str:
    if "instanceDetails" in resource:
        return str(resource["instanceDetails"]["instanceId"])
    if "s3BucketDetails" in resource:
        return str(resource["s3BucketDetails"][0]["name"])
    if "eksClusterDetails" in resource:
        return str(resource["eksClusterDetails"]["name"])
    return str(resource.get("accessKeyDetails", {}).get("userName", "several resources"))


# From: GuardDuty User Guide, "GuardDuty finding types" (names and default severities); the wording is ours
SORTS = {
    sort.type: sort
    for sort in (
        Sort("Recon:EC2/PortProbeUnprotectedPort", 2, _instance, _connection,
             "Somebody probes an open port of {name}", "{ip} tried a port of {name} that is open to the internet."),
        Sort("UnauthorizedAccess:EC2/SSHBruteForce", 5, _instance, _connection,
             "{ip} guesses SSH passwords on {name}", "Many failed SSH sign-ins came from {ip} to {name}."),
        Sort("CryptoCurrency:EC2/BitcoinTool.B!DNS", 8, _instance, _dns,
             "{name} asks for the address of a mining pool", "The instance {name} looks up a name used for mining."),
        Sort("Policy:IAMUser/RootCredentialUsage", 2, _root, _api_call,
             "The root user of {account} was used", "An API call was made with root credentials of {account}."),
        Sort("CredentialAccess:IAMUser/AnomalousBehavior", 5, _key_of, _api_call,
             "{name} reads credentials in an unusual way", "{name} called APIs that this user never called before."),
        Sort("UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B", 5, _key_of, _api_call,
             "{name} signed in from two countries at once", "Console sign-ins of {name} came from places far apart."),
        Sort("Policy:S3/BucketAnonymousAccessGranted", 8, _bucket, _api_call,
             "Bucket {name} was opened to everyone", "A policy or ACL of {name} now lets anonymous callers in."),
        Sort("Exfiltration:S3/AnomalousBehavior", 8, _bucket, _api_call,
             "Unusual reads empty bucket {name}", "An unusual number of objects of {name} was read from {ip}."),
        Sort("PrivilegeEscalation:Kubernetes/PrivilegedContainer", 5, _cluster, _kubernetes,
             "A privileged container started in {name}", "A pod with root access to its node was started in {name}.",
             "EksAuditLogs"),
        Sort("Execution:Runtime/NewBinaryExecuted", 5, _cluster, _none,
             "A new program ran in a container of {name}", "A file that came after the start was executed in {name}.",
             "RuntimeMonitoring"),
        Sort("AttackSequence:IAM/CompromisedCredentials", 9, _sequence, _none,
             "Stolen credentials are at work in {account}",
             "Several signals in {account} form one attack: sign-in from {ip}, new keys, logging switched off.",
             "Correlation"),
        Sort("AttackSequence:EKS/CompromisedCluster", 9.5, _sequence, _none,
             "A cluster in {account} is taken over",
             "Several signals in {account} form one attack: a foreign image, a privileged pod, calls to {ip}.",
             "Correlation"),
    )
}  # fmt: skip
