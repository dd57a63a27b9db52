"""What the install works at: task queues, gateways, what waits and why, what fails."""

import asyncio
from datetime import UTC, datetime

from gateways.registry import LISTENING_TYPES
from services.doctor.findings import Finding, failure, ok, warning
from services.doctor.limits import LATE, NAMED
from services.doctor.words import gateway, listed, span
from store.gateways.gateways import in_use
from store.leader_lock import HOME, is_held
from store.pool import Pool
from store.reports import gauges, waiting
from store.reports.waiting import Recent, Waiting
from store.workers import queues_served
from store.workflow_checks import failing
from workflows.policy import HOME_QUEUE, QUEUES

TAKEN_OVER_WITHIN = 5.0
"""Seconds until another worker is the home, when the last one has ended."""

_WHY = {
    "gateway": (
        "a gateway",
        "xsender gateway list shows which do not work; the message's status says what it waits for",
    ),
    "gateway_paused": ("a paused gateway", "xsender gateway list, then xsender gateway resume"),
    "sending_paused": ("a pause of sending", "xsender sending list, then xsender sending resume, or resume the user"),
    "device": ("a phone", "xsender device list says why phones send nothing"),
    "turn": ("their turn in a batch", "xsender batch list: a batch may be paused, or wait for an approval"),
}


async def check_queues(pool: Pool) -> list[Finding]:
    """Whether each task queue has a worker."""
    if missing := sorted(set(QUEUES) - await queues_served(pool)):
        text = f"no worker serves {', '.join(missing)}: what is due there waits"
        return [failure("queues", text, "start xsender worker (without --queues: of all queues)")]
    return [ok("queues", f"all {len(QUEUES)} task queues have a worker")]


async def check_home(pool: Pool) -> list[Finding]:
    """Whether gateways that only one process sends through have that process."""
    gateways = await in_use(pool, LISTENING_TYPES)
    if not gateways:
        return []
    if not await is_held(pool, HOME):
        await asyncio.sleep(TAKEN_OVER_WITHIN)
        if not await is_held(pool, HOME):
            return [_homeless(len(gateways))]
    return [ok("home", f"one worker is the home of gateways of type {', '.join(LISTENING_TYPES)}")]


def _homeless(count: int) -> Finding:
    text = (
        f"no worker is the home of gateways of type {', '.join(LISTENING_TYPES)} ({count}): what is sent by them waits"
    )
    remedy = f"start xsender worker --queues {HOME_QUEUE}; where one runs, its log says what it cannot do"
    return failure("home", text, remedy)


async def check_workflows(pool: Pool) -> list[Finding]:
    """Whether the code can go on with all workflows."""
    found = await failing(pool)
    if not found:
        return [ok("workflows", "no workflow fails at every try")]
    since = (datetime.now(UTC) - found[0].since).total_seconds()
    text = f"{len(found)} workflows fail at every try, {found[0].id} for {span(since)}"
    return [failure("workflows", text, "the workers' log has the error; the build may be too old or too new for them")]


async def check_gateways(pool: Pool) -> list[Finding]:
    """Gateways that do not send as they should."""
    found = (await gauges.read(pool)).gateways
    findings = []
    for name in [gateway(one.channel, one.gateway, one.account_id) for one in found if one.breaker != "closed"][:NAMED]:
        remedy = "xsender gateway health says what it answered"
        findings.append(failure("gateways", f"{name} does not work", remedy, about=name))
    if paused := [gateway(one.channel, one.gateway, one.account_id) for one in found if one.mode != "active"]:
        are = "gateway is" if len(paused) == 1 else "gateways are"
        text = f"{len(paused)} {are} paused: {listed(paused[:NAMED], len(paused))}"
        findings.append(warning("gateways", text, "xsender gateway resume", about="paused"))
    return findings or [ok("gateways", "all gateways that are in use work")]


async def check_waiting(pool: Pool, recent: Recent | None = None) -> list[Finding]:
    """What waits for longer than it should, and why. ``recent``: of one who looks again and again."""
    late = [one for one in await waiting.read(pool, recent or Recent()) if _is_late(one)]
    return [_late(one) for one in late] or [ok("messages", "no message waits for longer than it should")]


def _is_late(one: Waiting) -> bool:
    return one.oldest > LATE[one.lane]


def _late(one: Waiting) -> Finding:
    what, remedy = _WHY[one.reason]
    text = f"{one.messages} {one.lane} messages wait for {what}, the first for {span(one.oldest)}"
    level = failure if one.reason == "gateway" else warning
    return level("messages", text, remedy, about=f"{one.lane} {one.reason}")
