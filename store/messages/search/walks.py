"""Lists of messages, the newest first, each page in bounded time.

What has an index is found at once: messages of an account, of its test keys, or of a recipient, failures by gateway,
code and state, and messages without an outcome. For all else rows are read in the order of the list, at most
``MOST_READ`` for a page: one that finds fewer messages tells where the next one continues.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.connection import Connection
from store.messages.search.filters import CONDITIONS, FAILURES, LIVE, Filter
from store.pool import Connections

MOST_READ = 10_000
"""Rows that are read for a page."""
_MOST_NOTED = 1_000
"""The same where each may be on a page of its own, which costs ten times as much."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A message in a list."""

    uid: UUID
    account_id: int
    channel: str
    recipient: str
    state: str
    receipts: bool
    """Whether the gateway that accepted it reports deliveries."""
    test: bool
    """Whether it only pretends to be sent."""
    purpose: str
    """What it is for."""
    gateway: str | None
    provider_id: str | None
    code: str | None
    reason: str | None
    price: int
    credit: str
    batch: UUID | None
    schedule_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a list."""

    messages: list[Listed]
    stopped: UUID | None = None
    """The last message that was read, if there may be more after it; ``None``: there are none, or the page is full."""


async def page(pool: Connections, wanted: Filter, below: UUID | None, limit: int) -> Found:
    """Messages with smaller uids than ``below``, the newest first."""
    first, last = wanted.between(below)
    if first > last or (wanted.gateways is not None and not wanted.gateways):
        return Found([])
    values = wanted.arguments | {"first": first, "last": last}
    found = Found([])
    async with pool.connection() as conn, conn.transaction():
        await conn.execute(IN_ORDER)
        for walk in _walks(wanted):
            more = await _walk(conn, walk, values, limit - len(found.messages))
            found = Found(found.messages + more.messages, more.stopped)
            if found.stopped or len(found.messages) == limit:
                break
    return found


# Whatever the statistics are: by an index in the order of the list, and not all that fits, sorted.
IN_ORDER = """
select set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)
"""
IN_ANY_ORDER = """
select set_config('enable_bitmapscan', 'on', true), set_config('enable_sort', 'on', true)
"""
"""Ends that, for what the transaction does else."""

_PAGE = """
select m.uid, m.account_id, m.channel, m.recipient, m.state, m.receipts, m.test,
       coalesce(m.purpose, 'transactional'), g.identifier, m.provider_id, m.code, m.reason,
       m.price, m.credit, b.id, m.schedule_at, m.updated_at, w.uid, w.fits, w.n
from (
    select * from (
        select uid, place, fits, row_number() over (order by place desc) as n from ({walk} limit %(most)s) as read
    ) as numbered where fits or n = %(most)s order by place desc limit %(limit)s
) as w
left join messages m on m.uid = w.uid
left join gateways g on g.id = m.gateway_id
left join batches b on b.id = batch_of(page_of(w.uid))
order by w.place desc
"""


@dataclass(frozen=True, slots=True)
class _Walk:
    rows: str
    """The statement that reads them in the order of the list: ``uid``, its ``place`` there, and whether it ``fits``."""
    most: int
    """Rows that are read."""


async def _walk(conn: Connection, walk: _Walk, values: dict[str, Any], limit: int) -> Found:
    """Read rows until ``limit`` of them fit."""
    async with conn.cursor() as cursor:
        await cursor.execute(_PAGE.format(walk=walk.rows).encode(), values | {"limit": limit, "most": walk.most})
        rows = await cursor.fetchall()
    # A failure may outlive its message, whose partition was dropped.
    messages = [Listed(*row[:_COLUMNS]) for row in rows if row[-2] and row[0] is not None]
    has_stopped = bool(rows) and rows[-1][-1] == walk.most
    return Found(messages, rows[-1][-3] if has_stopped else None)


_COLUMNS = len(Listed.__slots__)


def _walks(wanted: Filter) -> Sequence[_Walk]:
    """The statements that read the rows among which such messages are, one after the other."""
    states = frozenset(wanted.states)
    if wanted.tests:  # few beside live messages, with an index of their own
        return [_in_order("messages", wanted, "account_id", "m.test")]
    if wanted.recipient is None and ((states and states <= FAILURES) or (not states and wanted.code is not None)):
        return [_in_order("failures", wanted, leading_filter(wanted, "code", "gateways", "account_id", "states"))]
    leading = leading_filter(wanted, "recipient", "account_id")
    if wanted.recipient is None and wanted.batch is None and wanted.uid is None and states and states <= LIVE:
        return [_in_order("messages", wanted, leading, f"m.uid > {_MARK}"), _noted(wanted)]
    return [_in_order("messages", wanted, leading)]


def leading_filter(wanted: Filter, *names: str) -> str | None:
    """The first of these filters that is given with one value: an index has it, followed by the uid."""
    if wanted.batch is not None or wanted.uid is not None:  # few rows, by their uids alone
        return None
    given = wanted.arguments
    one = (name for name in names if name in given and (not isinstance(given[name], list) or len(given[name]) == 1))
    return next(one, None)


def _in_order(table: str, wanted: Filter, leading: str | None, *conditions: str) -> _Walk:
    place = "m.uid"
    conditions = ("m.uid between %(first)s and %(last)s", *conditions)
    if leading is not None:
        conditions = (EQUALS[leading], *conditions)
    if leading == "recipient":  # as the index has it (migration 0042)
        place = "uuid_send(m.uid)"
        conditions = (*conditions, f"{place} between uuid_send(%(first)s::uuid) and uuid_send(%(last)s::uuid)")
    return _Walk(
        f"""select m.uid, {place} as place, {_fits(wanted)} as fits from {table} m
            where {" and ".join(conditions)} order by {place} desc""",  # noqa: S608 - constants of ours
        MOST_READ,
    )


EQUALS = CONDITIONS | {
    "states": "m.state = (%(states)s::text[])[1]",
    "gateways": "m.gateway_id = (%(gateways)s::uuid[])[1]",
}
"""``CONDITIONS`` of a filter that leads: as an index can be read by it."""

_MARK = "(select uid from workflow_checks_mark)"
"""Messages before it have been read by the leader of the workers, who noted the pages that have open ones."""


def _noted(wanted: Filter) -> _Walk:
    """Messages in pages that were noted; for an account without the batches of others, which may have many pages."""
    others = "and not exists (select from batches b where b.id = batch_of(c.id) and b.account_id <> %(account_id)s)"
    return _Walk(
        f"""select m.uid, m.uid as place, {_fits(wanted)} and m.uid <= {_MARK} as fits
            from workflow_checks c cross join lateral (
                select * from messages m where m.uid between c.id and page_end(c.id)
                    and m.uid between %(first)s and %(last)s order by m.uid desc
            ) as m
            where c.id between page_of(%(first)s) and %(last)s and c.id <= {_MARK}
                {others if wanted.account_id is not None else ""}
            order by c.id desc, m.uid desc""",  # noqa: S608 - constants of ours
        _MOST_NOTED,
    )


def _fits(wanted: Filter) -> str:
    return " and ".join(f"({CONDITIONS[name]})" for name in wanted.arguments) or "true"
