"""The part of the file about escalation: what it becomes, and every mistake of it with the line that it is on."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from bot.config import Settings, parse_settings, read_environment
from bot.config.escalation import MOST_LEVELS, Escalating
from bot.domain.escalation import Address, EscalationPolicy, Level, Whom
from bot.domain.oncall import Rotation, When, WorkingHours
from bot.domain.query import show
from bot.errors import ConfigError

LEAST = "environments: [{name: prod}]\ndefault_route: {channel: security}\nescalation:\n"  # three lines
ROTATION = LEAST + "  rotations:\n    - {name: primary, people: [U0ANA, U0BEN]}\n"  # five lines


def read(text: str) -> Settings:
    return parse_settings(text, "secbot.yaml", read_environment({}))


def complaints(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return caught.value.message.splitlines()


# --- what is right ----------------------------------------------------------------------------------------------------------------------

WHOLE = (
    LEAST
    + """
  working_hours:
    zone: Europe/Madrid
    days: [mon, Tue, wed, thu, fri, sat]
    begin: "08:30"
    end: "17:00"
    holidays: ["2026-12-25", "2027-01-01"]
  rotations:
    - name: primary
      people: [U0ANA, W0BEN]
      zone: America/New_York
      at: "10:30"
      days: 3
      first: "2026-02-01"
      channel: "#shifts"
    - {name: everybody, group: "@sec-oncall"}
  policies:
    - name: critical
      when: prod critical
      levels:
        - {tell: ["rotation:primary"]}
        - {wait: 10m, tell: ["group:@leads", "channel:#sec-leads", here]}
        - {wait: 1h, tell: ["user:U0CHEN", "sns:arn:aws:sns:eu-west-1:420000000001:pager"]}
      repeat: 2
      every: 45m
      fallback: ["rotation:everybody"]
      hours: outside
    - {name: rest, when: "", levels: [{wait: 1d, tell: ["rotation:everybody"]}]}
"""
)


def test_a_file_becomes_rotations_hours_and_policies() -> None:
    made = read(WHOLE).escalating
    assert made.hours == WorkingHours(
        zone="Europe/Madrid", days=frozenset(range(6)), begin=time(8, 30), end=time(17),
        holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}),
    )  # fmt: skip
    assert made.rotations == (
        Rotation(name="primary", people=("U0ANA", "W0BEN"), zone="America/New_York", at=time(10, 30), days=3,
                 first=date(2026, 2, 1), channel="shifts"),
        Rotation(name="everybody", group="sec-oncall"),
    )  # fmt: skip
    critical, rest = made.policies
    assert show(critical.when) == "env:prod sev:critical"
    assert critical == EscalationPolicy(
        name="critical",
        when=critical.when,
        levels=(
            Level(timedelta(), (Address(Whom.ROTATION, "primary"),)),
            Level(timedelta(minutes=10), (Address(Whom.GROUP, "leads"), Address(Whom.CHANNEL, "sec-leads"), Address(Whom.HERE))),
            Level(timedelta(hours=1), (Address(Whom.USER, "U0CHEN"), Address(Whom.SNS, "arn:aws:sns:eu-west-1:420000000001:pager"))),
        ),
        repeat=2,
        every=timedelta(minutes=45),
        fallback=(Address(Whom.ROTATION, "everybody"),),
        hours=When.OUTSIDE,
    )  # fmt: skip
    assert (rest.every, rest.repeat, rest.fallback, rest.hours) == (timedelta(minutes=30), 0, (), When.ALWAYS)


def test_without_that_part_nothing_escalates() -> None:
    assert read("default_route: {channel: security}\n").escalating == Escalating()


def test_a_rotation_begins_on_a_monday_at_nine_and_lasts_a_week_unless_it_says_otherwise() -> None:
    [made] = read(ROTATION).escalating.rotations
    assert (made.zone, made.at, made.days, made.first.weekday(), made.channel) == ("UTC", time(9), 7, 0, "")


@pytest.mark.parametrize("wait", ["0s", "0m", "0", " 0s "])
def test_a_level_may_wait_no_time_at_all(wait: str) -> None:
    text = LEAST + f"  policies: [{{name: p, when: '', levels: [{{wait: '{wait}', tell: [here]}}]}}]\n"
    assert read(text).escalating.policies[0].levels[0].wait == timedelta()


# --- what is wrong ----------------------------------------------------------------------------------------------------------------------

HOURS = LEAST + "  working_hours:\n"  # four lines
POLICY = ROTATION + "  policies:\n    - name: p\n      when: prod\n"  # eight lines
LEVELS = POLICY + "      levels:\n        - "  # the level is the tenth line
GOOD = "{tell: [here]}\n"

WRONG = [
    (HOURS + "    zone: Europe/Madird\n", 5, "`Europe/Madird` is not a time zone", "a typing error"),
    (HOURS + "    zone: ../../etc/passwd\n", 5, "is not a time zone", "a path"),
    (HOURS + "    zone: Europe\n", 5, "`Europe` is not a time zone", "a folder of the zones"),
    (HOURS + "    zone: ''\n", 5, "is not a time zone", "an empty one"),
    (HOURS + "    days: [mon, monday]\n", 5, "`monday` is not a day of the week: mon, tue", "a day written out"),
    (HOURS + "    begin: '25:00'\n", 5, "`25:00` is not a time such as 09:00", "no such hour"),
    (HOURS + "    end: noon\n", 5, "`noon` is not a time", "a word"),
    (HOURS + "    holidays: ['2026-02-30']\n", 5, "`2026-02-30` is not a date", "a day that the calendar does not have"),
    (HOURS + "    zome: UTC\n", 5, "unknown field `zome`", "an unknown field"),
    (LEAST + "  rotations:\n    - {name: a}\n", 5, "people who take turns, or a group, and not both", "nobody"),
    (LEAST + "  rotations:\n    - {name: a, people: [U0ANA], group: g}\n", 5, "and not both", "people and a group"),
    (LEAST + "  rotations:\n    - name: a\n      people: [Ulrike]\n", 6, "`Ulrike` is not a Slack user id such as U012ABCDEF",
     "a name for an id"),
    (LEAST + "  rotations:\n    - name: a\n      people: [U0ANA]\n      zone: Mars\n", 7, "`Mars` is not a time zone", "its zone"),
    (LEAST + "  rotations:\n    - name: a\n      people: [U0ANA]\n      at: '9'\n", 7, "`9` is not a time", "an hour alone"),
    (LEAST + "  rotations:\n    - name: a\n      people: [U0ANA]\n      first: monday\n", 7, "`monday` is not a date", "a word"),
    (LEAST + "  rotations:\n    - name: a\n      people: [U0ANA]\n      days: 0\n", 7, ">= 1", "no days"),
    (LEAST + "  rotations:\n    - name: a\n      people: [U0ANA]\n      days: 366\n", 7, "<= 365", "more than a year"),
    (LEAST + "  rotations:\n    - {people: [U0ANA]}\n", 5, "missing required field `name`", "without a name"),
    (ROTATION + "    - {name: primary, group: g}\n", 6, "the name `primary` is used twice", "two of one name"),
    (LEVELS + "{tell: ['rotation:secondary']}\n", 10, "there is no rotation `secondary`", "an unknown rotation"),
    (LEVELS + "{tell: ['rotation:Primary']}\n", 10, "there is no rotation `Primary`", "case counts in a name"),
    (LEVELS + "{tell: [primary]}\n", 10, "`primary` is not an address: rotation:NAME", "a name without its kind"),
    (LEVELS + "{tell: ['user:ana']}\n", 10, "`ana` is not a Slack user id such as U012ABCDEF",
     "a name for an id: it would be a channel's"),
    (LEVELS + "{tell: ['here:there']}\n", 10, "is not an address", "here with a name"),
    (LEVELS + "{tell: ['sns:pager']}\n", 10, "`pager` is not the ARN of a topic", "a topic's name"),
    (LEVELS + "{tell: []}\n", 10, "a level tells somebody", "a level that tells nobody"),
    (LEVELS + "{wait: 5m}\n", 10, "missing required field `tell`", "a level without whom"),
    (LEVELS + "{wait: soon, tell: [here]}\n", 10, "a time such as 10m, or 0s", "a word for a time"),
    (LEVELS + GOOD + "      fallback: ['rotation:secondary']\n", 11, "there is no rotation `secondary`", "in the fallback"),
    (LEVELS + GOOD + "      every: 0s\n", 11, "a time such as 30m", "a round that begins at once"),
    (LEVELS + GOOD + "      hours: night\n", 11, "hours are always, working, outside", "no such hours"),
    (LEVELS + GOOD + "      repeat: 11\n", 11, "<= 10", "for ever"),
    (LEVELS + GOOD + "      repeat: -1\n", 11, ">= 0", "less than once"),
    (POLICY + "      levels: []\n", 9, f"a policy has 1 to {MOST_LEVELS} levels", "no level"),
    (POLICY + f"      levels: [{', '.join(['{tell: [here]}'] * (MOST_LEVELS + 1))}]\n", 9,
     f"a policy has 1 to {MOST_LEVELS} levels", "too many"),
    (POLICY, 7, "missing required field `levels`", "without levels"),
    (POLICY.replace("when: prod", "when: prdo") + "      levels: [{tell: [here]}]\n", 8, "Closest: prod",
     "a query that nobody understands"),
    (POLICY.replace("when: prod", "when: prod F-1") + "      levels: [{tell: [here]}]\n", 8, "no reference",
     "one finding is no policy"),
    (POLICY.replace("when: prod", "when: me") + "      levels: [{tell: [here]}]\n", 8, "no reference, page, group",
     "nobody is me"),
    (LEVELS + GOOD + "    - {name: p, when: '', levels: [{tell: [here]}]}\n", 11, "the name `p` is used twice",
     "two policies of one name"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "message", "why"), WRONG)
def test_a_mistake_is_told_with_its_line(text: str, line: int, message: str, why: str) -> None:
    said = complaints(text)
    assert len(said) == 1, said
    assert said[0].startswith(f"secbot.yaml:{line}: "), (why, said)
    assert message in said[0], why


def test_all_mistakes_are_told_at_once() -> None:
    text = HOURS + "    zone: X\n  rotations: [{name: a, people: [ana], at: '9'}]\n" + (
        "  policies: [{name: p, when: '', hours: y, levels: [{wait: z, tell: ['rotation:b', c]}]}]\n"
    )  # fmt: skip
    assert len(complaints(text)) == 7
