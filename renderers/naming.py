"""Vendors' names made short enough for a phone at night: kinds of resources and ARNs inside titles.

By rule, not by a table of every AWS type, so that a new type reads well too. What the rules do not know stays as it is. Texts come in
foreign and leave foreign: nothing here escapes.
"""

from __future__ import annotations

import re
from functools import lru_cache

# From: docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html#arns-syntax
# Some titles put the name of the resource's type before the ARN: it belongs to it.
_ARN = re.compile(
    r"(?:\b(?P<kind>Aws[A-Za-z0-9]{2,60})/)?\barn:aws[a-z-]{0,20}:[a-z0-9-]{0,40}:[a-z0-9-]{0,40}:(?P<account>[0-9]{0,12}):(?P<rest>[^\s,;\"'()\[\]<>]+)"
)
_KIND = re.compile(
    r"AWS::(?P<service>[A-Za-z0-9]+)::(?P<thing>[A-Za-z0-9:]+)|Aws(?P<camel>[A-Z0-9][A-Za-z0-9]*)|AWS_(?P<snake>[A-Z0-9_]+)"
)
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]+[0-9]*(?![a-z])|[A-Z]?[a-z]+[0-9]*|[0-9]+")
_JOINED = frozenset({"Cloud", "Code"})  # first halves of service names that are one word: CloudTrail, CodeBuild
_SHORT_WORDS = frozenset(
    {"app", "job", "key", "log", "map", "set", "tag", "web"}
)  # three letters and yet no abbreviation
_SAYS_NOTHING = frozenset({"other", "unknown"})
_WHOLE = 40  # characters of an ARN's resource part that are shown as they are


@lru_cache(maxsize=1024)  # a company has few types; many cards a second name them
def kind_words(kind: str) -> str:
    """`AWS::CloudWatch::Alarm` is `CloudWatch alarm`, `AwsEc2SecurityGroup` is `EC2 security group`; empty for `Other`."""
    match = _KIND.fullmatch(kind.strip())
    if match is None:
        return "" if kind.strip().casefold() in _SAYS_NOTHING else kind
    if match["service"]:
        return _joined(match["service"], _WORD.findall(match["thing"]))
    service, *thing = _split(match)
    return _joined(service, thing) if thing else f"AWS {service.lower()}"


def _split(match: re.Match[str]) -> list[str]:
    """The words, the service's first; a service that repeats itself (`AutoScalingAutoScalingGroup`) says it once."""
    if match["snake"]:
        words = [word.capitalize() for word in match["snake"].split("_") if word] or ["Aws"]
    else:
        words = _WORD.findall(match["camel"])
    for size in (2, 1):
        if words[:size] == words[size : 2 * size] and len(words) > 2 * size:
            words = words[size:]
    if words[0] in _JOINED and len(words) > 2:
        words[:2] = ["".join(words[:2])]
    return [_abbreviated(words[0]) or words[0], *words[1:]]


def _joined(service: str, words: list[str]) -> str:
    return " ".join([service, *((word if word.isupper() else _abbreviated(word) or word.lower()) for word in words)])


def _abbreviated(word: str) -> str:
    """`Ec2` is `EC2`; empty for what is no abbreviation."""
    letters = word.rstrip("0123456789")
    return word.upper() if len(letters) <= 3 and word.lower() not in _SHORT_WORDS else ""


def short_arns(text: str, account: str) -> str:
    """A title with the ARNs in it cut to what tells them apart: `role/deploy`, `pay-export`.

    An ARN of an account other than `account` keeps its number: who else may is what such a title is about.
    """
    return _ARN.sub(lambda match: _short(match, account), text) if "arn:" in text else text


def _short(match: re.Match[str], account: str) -> str:
    name = _tail(match["rest"])
    stranger = f"{match['account']}:" if match["account"] not in ("", account) else ""
    if not match["kind"]:
        return f"{stranger}{name}"
    return f"{kind_words(match['kind'])} {stranger}{name.rpartition('/')[2]}"


def _tail(rest: str) -> str:
    """The resource part, or its type and last name when it is long; a full stop that ends the sentence stays."""
    whole = rest.rstrip("/:.")
    stop = "." if rest.endswith(".") else ""
    if len(whole) <= _WHOLE or "/" not in whole:
        return whole + stop
    return f"{whole.partition('/')[0]}/{whole.rpartition('/')[2]}{stop}"
