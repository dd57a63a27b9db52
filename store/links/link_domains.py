"""Domains that short links of accounts begin with."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import psycopg
from psycopg.rows import class_row

from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.links.domain_records import MOST_DOMAINS
from domain.mail.sender_domains import Checked, Standing
from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class LinkDomain:
    """A domain as it is stored."""

    id: int
    account_id: int
    """0 is the admin."""
    domain: str
    token: str
    target: str
    """What it is to be an alias of; empty: the install has no name."""
    state: str
    failures: int
    failing_since: datetime | None
    problem: str | None
    """Why it is not verified although its records are there."""
    checks: list[dict[str, Any]]
    checked_at: datetime | None
    verified_at: datetime | None
    created_at: datetime

    @property
    def standing(self) -> Standing:
        """How it stands after its checks."""
        return Standing(self.state, self.failures, self.failing_since)


_DOMAIN = """
select d.id, d.account_id, d.domain, d.token, d.target, d.state, d.failures, d.failing_since, d.problem, d.checks,
       d.checked_at, d.verified_at, d.created_at
from link_domains d
"""


async def add(store: Connections, account_id: int, domain: str, token: str, target: str) -> LinkDomain:
    """Add a domain, unverified.

    Raises:
        NotFoundError: there is no such account.
        ConflictError: the account has it already.
        InvalidError: the account has as many as it may have.
    """
    async with store.connection() as conn:
        locked = await conn.execute(
            """update accounts set links = coalesce(links, '{}') where id = %s and status <> 'deleted'""", (account_id,)
        )
        if locked.rowcount == 0:
            raise NotFoundError("account_not_found", f"There is no user {account_id}.")
        cursor = await conn.execute("select count(*) from link_domains where account_id = %s", (account_id,))
        if (row := await cursor.fetchone()) is not None and row[0] >= MOST_DOMAINS:
            raise InvalidError("too_many_domains", f"an account has at most {MOST_DOMAINS} link domains", "/domain")
        try:
            cursor = await conn.execute(
                "insert into link_domains (account_id, domain, token, target) values (%s, %s, %s, %s) returning id",
                (account_id, domain, token, target),
            )
        except psycopg.errors.UniqueViolation:
            raise ConflictError("domain_exists", f"the account has the link domain {domain} already") from None
        made = await cursor.fetchone()
    assert made is not None
    return await get(store, made[0])


async def get(store: Connections, domain_id: int, account_id: int | None = None, *, lock: bool = False) -> LinkDomain:
    """A domain; ``account_id``: only if it is this account's. ``lock``: nobody changes it until the transaction ends.

    Raises:
        NotFoundError: there is none of this id, or it is another account's.
    """
    async with store.connection() as conn, conn.cursor(row_factory=class_row(LinkDomain)) as cursor:
        await cursor.execute(
            f"""{_DOMAIN} where d.id = %(id)s and d.account_id = coalesce(%(account)s, d.account_id)
                {"for update" if lock else ""}""",
            {"id": domain_id, "account": account_id},
        )
        found = await cursor.fetchone()
    if found is None:
        raise NotFoundError("link_domain_not_found", "There is no such link domain: look at the list of them.")
    return found


async def page(store: Connections, account_id: int, below: int, limit: int) -> list[LinkDomain]:
    """An account's domains with smaller ids than ``below``, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(LinkDomain)) as cursor:
        await cursor.execute(
            f"{_DOMAIN} where d.account_id = %s and d.id < %s order by d.id desc limit %s", (account_id, below, limit)
        )
        return await cursor.fetchall()


async def delete(store: Connections, domain_id: int) -> None:
    """Delete a domain. Its links lead nowhere from now on."""
    async with store.connection() as conn:
        await conn.execute("delete from link_domains where id = %s", (domain_id,))


async def is_taken(store: Connections, domain: LinkDomain) -> bool:
    """Whether another account has links on this domain. Deleted accounts lose theirs."""
    async with store.connection() as conn:
        await conn.execute(
            """update link_domains d set state = 'unverified', failures = 0, failing_since = null
               from accounts a where a.id = d.account_id and a.status = 'deleted' and d.domain = %s and d.id <> %s
                    and d.state in ('verified', 'failing')""",
            (domain.domain, domain.id),
        )
        cursor = await conn.execute(
            "select from link_domains where domain = %s and id <> %s and state in ('verified', 'failing')",
            (domain.domain, domain.id),
        )
        return cursor.rowcount > 0


async def record(
    store: Connections,
    domain: LinkDomain,
    standing: Standing,
    problem: str | None,
    checks: Sequence[Checked],
    again: timedelta,
) -> LinkDomain:
    """Store the result of a check; the next one is due after ``again``.

    Raises:
        ConflictError: another account's claim of the domain was verified at the same time.
    """
    try:
        async with store.connection() as conn:
            await conn.execute(
                """update link_domains set state = %(state)s, failures = %(failures)s, failing_since = %(since)s,
                       problem = %(problem)s, checks = %(checks)s::jsonb, checked_at = clock_timestamp(),
                       check_at = clock_timestamp() + %(again)s,
                       verified_at = case when %(state)s = 'unverified' then null
                                          else coalesce(verified_at, clock_timestamp()) end
                    where id = %(id)s""",
                {
                    "id": domain.id,
                    "state": standing.state,
                    "failures": standing.failures,
                    "since": standing.failing_since,
                    "problem": problem,
                    "checks": orjson.dumps([asdict(one) for one in checks]).decode(),
                    "again": again,
                },
            )
    except psycopg.errors.UniqueViolation:
        raise ConflictError("domain_taken", f"{domain.domain} was verified for another account just now") from None
    return await get(store, domain.id)


async def claim_due(pool: Pool, limit: int, seconds: float) -> list[LinkDomain]:
    """Domains whose check is due; nobody else gets them for ``seconds``. Those of deleted accounts are left out."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(LinkDomain)) as cursor:
        await cursor.execute(
            f"""with due as (
                    select s.id from link_domains s
                    where s.check_at <= clock_timestamp() order by s.check_at limit %(limit)s for update skip locked),
                claimed as (
                    update link_domains s set check_at = clock_timestamp() + %(seconds)s * interval '1 second'
                    from due where s.id = due.id returning s.id)
                {_DOMAIN} where d.id in (select id from claimed) and exists (
                    select from accounts a where a.id = d.account_id and a.status <> 'deleted') order by d.id""",  # noqa: S608 - a constant of ours
            {"limit": limit, "seconds": seconds},
        )
        return await cursor.fetchall()
