"""What gateways and phones make of messages."""

from services.doctor.findings import Finding, failure, ok, warning
from services.doctor.limits import AWAY_LEAST, AWAY_SHARE, FAILING_LEAST, FAILING_MINUTES, FAILING_SHARE, NAMED
from services.doctor.words import gateway
from store.devices.offline import AFTER_SECONDS
from store.doctor import troubles
from store.pool import Pool


async def check_failures(pool: Pool) -> list[Finding]:
    """Gateways through which many messages do not get."""
    found = await troubles.failing_gateways(pool, FAILING_MINUTES, FAILING_LEAST, FAILING_SHARE, NAMED)
    return [_failing(one) for one in found] or [ok("failures", "no gateway fails for many messages")]


def _failing(one: troubles.FailingGateway) -> Finding:
    share, name = f"{one.failed} of {one.attempts} attempts", gateway(one.channel, one.gateway, one.account_id)
    text = f"{share} through {name} failed in the last {FAILING_MINUTES:.0f} minutes"
    remedy = "xsender failures list groups them by cause, xsender gateway health says what it answered"
    return warning("failures", text, remedy, about=name)


async def check_phones(pool: Pool) -> list[Finding]:
    """Phones of the install's own gateways that are offline, and many of all."""
    now = await troubles.phones(pool, AFTER_SECONDS)
    lately = f"for {AFTER_SECONDS / 60:.0f} minutes"
    findings = []
    if now.of_admin_away:
        text = f"{now.of_admin_away} of {now.of_admin} phones of the install's own gateways did not call {lately}"
        level = failure if now.of_admin_away == now.of_admin else warning
        findings.append(level("phones", text, "xsender device list says which, and why they are idle", about="own"))
    if now.away >= AWAY_LEAST and now.away > AWAY_SHARE * now.all:
        text = f"{now.away} of all {now.all} phones did not call {lately}"
        remedy = "if they went away together, look whether phones reach the API; xsender device list"
        findings.append(warning("phones", text, remedy, about="all"))
    return findings or [ok("phones", f"{now.all - now.away} of {now.all} phones called lately")]
