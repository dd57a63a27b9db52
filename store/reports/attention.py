"""What needs somebody's attention, of one account or of all, by kind: one statement, which reads few rows.

Every kind has an index of what is in trouble, or of those of an account: its cost grows with neither messages nor
contacts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.pool import Connections

MOST_COUNTED = 100
"""Of a kind: more are not counted."""


@dataclass(frozen=True, slots=True)
class Found:
    """What of one kind needs attention."""

    kind: str
    count: int
    """At most ``MOST_COUNTED + 1``: then there are more."""
    id: str | None
    """Of one of them."""
    name: str | None
    """Of the same."""
    since: datetime | None
    """Since when the oldest of those that were counted does."""


_OWN_GATEWAYS = """g.id in (select usable_gateways(a.id, a.plan_id) from accounts a where a.id = %(account)s)"""
_GATEWAYS = """from gateways g left join gateway_breakers b on b.gateway_id = g.id
               where {gateways} and g.deleted_at is null and g.enabled"""
_UNDECIDED = "from approvals x where x.state = 'pending' and x.expires_at > clock_timestamp()"
_LATELY = "clock_timestamp() - interval '1 day'"

# By kind: id, name and since of what is found. ``{own}`` narrows it to an account.
_OF_BOTH = {
    "gateway_failing": f"""select g.id::text as id, g.identifier as name, b.changed_at as since {_GATEWAYS}
        and g.mode = 'active' and b.open_until is not null""",
    "gateway_paused": f"""select g.id::text as id, g.identifier as name, null::timestamptz as since {_GATEWAYS}
        and g.mode <> 'active'""",
    "credits_low": """select x.account_id::text as id, x.channel as name, x.low_since as since from credit_alerts x
        where {own} and x.low_since is not null""",
    "leads_failed": f"""select x.id::text as id, x.code as name, x.ended_at as since from leads x
        where {{own}} and x.state in ('failed', 'gone', 'invalid') and x.ended_at >= {_LATELY}""",  # noqa: S608 - constants of ours
    "runs_failed": f"""select x.id::text as id, x.step as name, x.ended_at as since from automation_runs x
        where {{own}} and x.state = 'failed' and x.ended_at >= {_LATELY}""",  # noqa: S608 - constants of ours
    "callback_failing": """select x.id::text as id, x.url as name, coalesce(x.failing_since, x.disabled_at) as since
        from callback_endpoints x where {own} and (x.failing_since is not null or x.disabled_reason is not null)""",
    "phone_offline": """select x.id::text as id, x.name as name, x.seen_at as since from devices x
        where {own} and x.told_offline_at is not null and x.state = 'active' and x.seen_at <= x.told_offline_at""",
    "token_expiring": """select x.key as id, x.name as name, x.token_until as since from lead_sources x
        where {own} and x.token_until < clock_timestamp() + interval '14 days'""",
    "domain_failing": """select x.id::text as id, x.domain as name, x.failing_since as since from sender_domains x
        where {own} and x.state = 'failing'""",
}
_OF_ACCOUNT = _OF_BOTH | {
    "sending_paused": """select x.id::text as id, x.channel as name, x.created_at as since from sending_pauses x
        where x.account_id is null or x.account_id = %(account)s""",
    "leads_parked": """select p.id, p.name, p.since from lead_sources x cross join lateral (
            select l.id::text as id, x.name as name, l.received_at as since from leads l
            where l.source_id = x.id and l.state = 'parked' limit %(most)s) p where {own}""",
    "automation_paused": """select x.key as id, x.name as name, x.updated_at as since from automations x
        where {own} and x.paused_for is not null and x.state = 'paused'""",
    "domain_unverified": """select x.id::text as id, x.domain as name, x.created_at as since from sender_domains x
        where {own} and x.state = 'unverified'""",
    "key_expiring": """select x.id as id, x.name as name, x.expires_at as since from api_keys x
        where {own} and x.revoked_at is null
            and x.expires_at between clock_timestamp() and clock_timestamp() + interval '7 days'""",
    "import_errors": f"""select o.id::text as id, o.kind as name, o.created_at as since from (
            select * from operations x where {{own}} order by x.id desc limit %(most)s) o
        where o.kind like '%%.import' and o.created_at >= {_LATELY}
            and (o.state = 'failed' or (o.state = 'done' and o.failed > 0))""",  # noqa: S608 - constants of ours
    # Those that wait for the staff are not for the account to approve.
    "campaign_waiting": """select c.id::text as id, c.name as name, x.created_at as since
        from campaign_runs x join campaigns c on c.id = x.campaign_id
        where {own} and x.state = 'approval' and x.finished_at is null and not exists (
            select from campaign_approvals w join approvals a on a.id = w.approval_id
            where w.run_id = x.id and a.state <> 'approved')""",
}
_OF_ALL = _OF_BOTH | {
    "sending_paused": """select x.id::text as id, x.channel as name, x.created_at as since from sending_pauses x""",
    "leads_parked": """select x.id::text as id, null as name, x.received_at as since from leads x
        where x.state = 'parked'""",
    "approval_waiting": f"""select x.id::text as id, x.kind as name, x.created_at as since {_UNDECIDED}
        and x.kind <> 'batch'""",
    "batch_waiting": f"""select x.id::text as id, nullif(x.targets -> 0 ->> 'name', '') as name, x.created_at as since
        {_UNDECIDED} and x.kind = 'batch'""",
    "credits_asked": """select x.id::text as id, x.channel as name, x.created_at as since from credit_requests x
        where x.state = 'pending'""",
}
KINDS_OF_ACCOUNT, KINDS_OF_ALL = tuple(_OF_ACCOUNT), tuple(_OF_ALL)


async def find(store: Connections, kinds: Collection[str], account_id: int | None = None) -> Sequence[Found]:
    """What there is of these kinds; nothing of a kind is left out. ``account_id``: of one account only."""
    if not kinds:
        return []
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Found)) as cursor:
        await cursor.execute(statement(kinds, account_id).encode(), values(account_id))
        return await cursor.fetchall()


def statement(kinds: Collection[str], account_id: int | None) -> str:
    """Finds all of these kinds."""
    known = _OF_ALL if account_id is None else _OF_ACCOUNT
    narrowed = {
        "own": "true" if account_id is None else "x.account_id = %(account)s",
        "gateways": "true" if account_id is None else _OWN_GATEWAYS,
    }
    return " union all ".join(_counted(kind, known[kind].format(**narrowed)) for kind in sorted(kinds))


def values(account_id: int | None) -> dict[str, int | None]:
    """Of that statement."""
    return {"account": account_id, "most": MOST_COUNTED + 1}


def _counted(kind: str, rows: str) -> str:
    return f"""(select '{kind}' as kind, count(*)::int as count, min(id) as id,
        (array_agg(name order by id))[1] as name, min(since) as since
        from ({rows} limit %(most)s) as found having count(*) > 0)"""  # noqa: S608 - constants of ours
