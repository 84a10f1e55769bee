"""What comes of hidden findings later: graver ones are shown again, though their source is silent because we asked it to be; new ones
that a lease hides are suppressed at their source, too."""

from __future__ import annotations

from hiding_making import FakeHub, found, hidden, in_hub, natively

from bot.domain.finding import Resource, State, Status
from bot.domain.suppression import ScopeKind
from bot.services.natively import Natively
from tests.support.parts import Parts


async def test_a_finding_that_we_suppressed_at_the_hub_is_shown_again_when_it_becomes_critical(parts: Parts) -> None:
    natively(parts, Natively(None, FakeHub()))
    await parts.say(in_hub("k1"))
    await hidden(parts)
    await parts.say(in_hub("k1", later_s=60, status=Status.SUPPRESSED))
    assert (await found(parts)).state is State.SUPPRESSED
    await parts.say(in_hub("k1", later_s=120, status=Status.SUPPRESSED, severity="critical"))
    assert (await found(parts)).state is State.OPEN


async def test_its_next_report_does_not_hide_it_again_and_the_sweep_tells_the_hub(parts: Parts) -> None:
    hub = FakeHub()
    natively(parts, Natively(None, hub))
    await parts.say(in_hub("k1"))
    await hidden(parts)
    await parts.say(in_hub("k1", later_s=60, status=Status.SUPPRESSED))
    await parts.say(in_hub("k1", later_s=120, status=Status.SUPPRESSED, severity="critical"))
    await parts.say(in_hub("k1", later_s=180, status=Status.SUPPRESSED, severity="critical"))
    assert (await found(parts)).state is State.OPEN
    assert hub.suppressed_now
    await parts.suite.leases.sweep()
    assert not hub.suppressed_now


async def test_what_a_lease_hides_later_is_suppressed_at_the_hub_and_given_back_at_the_end(parts: Parts) -> None:
    hub = FakeHub()
    natively(parts, Natively(None, hub))
    bucket = (Resource("arn:aws:s3:::one", "AwsS3Bucket"),)
    await parts.say(in_hub("k1", control="S3.8", resources=bucket))
    lease = await hidden(parts, kind=ScopeKind.KIND)
    before = set(hub.suppressed_now)
    await parts.say(in_hub("k2", control="S3.8", resources=(Resource("arn:aws:s3:::two", "AwsS3Bucket"),)))
    assert (await found(parts, 2)).lease == lease.id
    assert hub.suppressed_now == before
    await parts.suite.leases.catch_up()
    assert len(hub.suppressed_now) == len(before) + 1
    await parts.suite.leases.end(lease.id, "U0ANA", "over")
    assert hub.suppressed_now == set()
