"""What the operators of an install are alerted of: the checks of ``xsender doctor`` that cost little."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from runtime.settings import Settings
from services.doctor import database, running_out, traffic, work
from services.doctor.findings import Finding
from store.pool import Pool
from store.reports.waiting import Recent

MINUTES, HOURS, DAY = 60.0, 3600.0, 86_400.0

QUIET = 5 * MINUTES
"""Seconds without a trouble after which it counts as over: what comes and goes is told once."""
REMIND = DAY
"""Seconds after which a trouble that lasts is told again."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What is looked at, by one who does so again and again."""

    pool: Pool
    settings: Settings
    recent: Recent = field(default_factory=Recent)


@dataclass(frozen=True, slots=True)
class Rule:
    """A check whose findings are alerts."""

    check: str
    look: Callable[[Looked], Awaitable[Sequence[Finding]]]
    after: float
    """Seconds for which a trouble must last before it is told."""


RULES = (
    # A restart of the workers, or a gateway's breaker that opens and closes again, is over before.
    Rule("messages", lambda on: work.check_waiting(on.pool, on.recent), 2 * MINUTES),
    Rule("gateways", lambda on: work.check_gateways(on.pool), 5 * MINUTES),
    Rule("queues", lambda on: work.check_queues(on.pool), 2 * MINUTES),
    Rule("workflows", lambda on: work.check_workflows(on.pool), 5 * MINUTES),
    Rule("failures", lambda on: traffic.check_failures(on.pool), 0),  # the last 15 minutes count
    Rule("phones", lambda on: traffic.check_phones(on.pool), 0),  # they are away for 15 minutes
    Rule("credits", lambda on: running_out.check_credits(on.pool), 0),
    Rule("expiry", lambda on: running_out.check_expiry(on.pool, on.settings), 0),
    Rule("partitions", lambda on: database.check_partitions(on.pool), 2 * HOURS),  # they are made every hour
    Rule("disk", lambda on: running_out.check_disk(on.pool, on.settings), 5 * MINUTES),
)

AFTER: dict[str, float | None] = {
    "gateways paused": DAY,  # somebody did it on purpose, and may have forgotten
    "messages transactional gateway_paused": HOURS,
    "messages transactional sending_paused": HOURS,
    "messages bulk gateway_paused": DAY,
    "messages bulk sending_paused": DAY,
    "messages transactional device": 30 * MINUTES,  # phones have caps, and rest
    "messages bulk device": DAY,
    "messages bulk turn": None,  # pages of a large batch wait for days, as they should
}
"""By key, what holds for single troubles instead; ``None``: they are not told."""


def key_of(finding: Finding) -> str:
    """By what a trouble is known again."""
    return f"{finding.check} {finding.about}".rstrip()


def after(rule: Rule, key: str) -> float | None:
    """Seconds for which it must last before it is told; ``None``: it is not."""
    return AFTER.get(key, rule.after)
