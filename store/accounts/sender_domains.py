"""Domains that accounts send emails from. The private halves of their keys are readable only with the key ring."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import class_row

from domain.callbacks import EventType
from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.keyring import Keyring
from domain.mail.sender_domains import MOST_DOMAINS, Checked, Standing
from store.callbacks.callbacks import Notice, queue
from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class SenderDomain:
    """A domain, without the private halves of its keys."""

    id: int
    account_id: int
    """0 is the admin."""
    domain: str
    token: str
    state: str
    failures: int
    failing_since: datetime | None
    problem: str | None
    """Why it is not verified although its records are there."""
    selector: str
    public: str
    """The public half of the key, in base64."""
    next_selector: str | None
    next_public: str | None
    checks: list[dict[str, Any]]
    checked_at: datetime | None
    verified_at: datetime | None
    created_at: datetime

    @property
    def standing(self) -> Standing:
        """How it stands after its checks."""
        return Standing(self.state, self.failures, self.failing_since)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to sign with."""

    selector: str
    private: str = field(repr=False)
    """PEM."""
    public: str


@dataclass(frozen=True, slots=True)
class CheckedDomain:
    """The result of a check, to be stored."""

    standing: Standing
    problem: str | None
    checks: Sequence[Checked]
    switches_key: bool
    """Whether the key to come is used from now on."""


_DOMAIN = """
select d.id, d.account_id, d.domain, d.token, d.state, d.failures, d.failing_since, d.problem, d.selector, d.public,
       d.next_selector, d.next_public, d.checks, d.checked_at, d.verified_at, d.created_at
from sender_domains d
"""


async def add(
    pool: Connections, keyring: Keyring, account_id: int, domain: str, token: str, key: NewKey
) -> SenderDomain:
    """Add a domain, unverified.

    Raises:
        NotFoundError: there is no such account.
        ConflictError: the account has it already.
        InvalidError: the account has as many as it may have.
    """
    async with pool.connection() as conn:
        locked = await conn.execute(
            "select from accounts where id = %s and status <> 'deleted' for no key update", (account_id,)
        )
        if locked.rowcount == 0:
            raise NotFoundError("account_not_found", f"There is no user {account_id}.")
        row = await (
            await conn.execute("select count(*) from sender_domains where account_id = %s", (account_id,))
        ).fetchone()
        if row is not None and row[0] >= MOST_DOMAINS:
            raise InvalidError("too_many_domains", f"an account has at most {MOST_DOMAINS} domains", "/domain")
        sealed = _seal(keyring, account_id, domain, key.selector, key.private)
        try:
            cursor = await conn.execute(
                """insert into sender_domains (account_id, domain, token, selector, key, public)
                   values (%s, %s, %s, %s, %s, %s) returning id""",
                (account_id, domain, token, key.selector, sealed, key.public),
            )
        except psycopg.errors.UniqueViolation:
            raise ConflictError("domain_exists", f"the account has the domain {domain} already") from None
        made = await cursor.fetchone()
    assert made is not None
    return await get(pool, made[0])


async def get(pool: Connections, domain_id: int, account_id: int | None = None, *, lock: bool = False) -> SenderDomain:
    """A domain; ``account_id``: only if it is this account's. ``lock``: nobody changes it until the transaction ends.

    Raises:
        NotFoundError: there is none of this id, or it is another account's.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(SenderDomain)) as cursor:
        await cursor.execute(
            f"""{_DOMAIN} where d.id = %(id)s and d.account_id = coalesce(%(account)s, d.account_id)
                {"for update" if lock else ""}""",
            {"id": domain_id, "account": account_id},
        )
        found = await cursor.fetchone()
    if found is None:
        raise NotFoundError("domain_not_found", "There is no such sender domain: look at the list of them.")
    return found


async def named(pool: Connections, account_id: int, domain: str) -> SenderDomain:
    """An account's domain by its name.

    Raises:
        NotFoundError: it has none of this name.
    """
    found = await page(pool, Filter(account_id, domain=domain), 2**63 - 1, 1)
    if not found:
        raise NotFoundError("domain_not_found", f"There is no sender domain {domain} of this account.")
    return found[0]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which domains are listed; ``None``: all."""

    account_id: int | None = None
    state: Collection[str] | None = None
    domain: str | None = None


_CONDITIONS = {
    "account_id": "d.account_id = %(account_id)s",
    "state": "d.state = any(%(state)s::text[])",
    "one_state": "d.state = %(one_state)s",
    "domain": "d.domain = %(domain)s",
}


async def page(pool: Connections, wanted: Filter, below: int, limit: int) -> list[SenderDomain]:
    """Domains with smaller ids than ``below``, the newest first."""
    given: dict[str, Any] = {name: value for name, value in asdict(wanted).items() if value is not None}
    if len(given.get("state", ())) == 1:  # only of one value does an index have the ids in order
        (given["one_state"],) = given.pop("state")
    conditions = "".join(f" and {_CONDITIONS[name]}" for name in given)
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(SenderDomain)) as cursor:
        await cursor.execute(
            f"{_DOMAIN} where d.id < %(below)s{conditions} order by d.id desc limit %(limit)s",
            given | {"below": below, "limit": limit},
        )
        return await cursor.fetchall()


async def delete(pool: Connections, domain_id: int) -> None:
    """Delete a domain with its keys. What waits to be sent from it fails."""
    async with pool.connection() as conn:
        await conn.execute("delete from sender_domains where id = %s", (domain_id,))


async def set_next_key(pool: Connections, keyring: Keyring, domain: SenderDomain, key: NewKey) -> SenderDomain:
    """Keep a key that is to be used once its record is seen."""
    sealed = _seal(keyring, domain.account_id, domain.domain, key.selector, key.private)
    async with pool.connection() as conn:
        await conn.execute(
            """update sender_domains set next_selector = %s, next_key = %s, next_public = %s,
                      check_at = clock_timestamp() where id = %s""",
            (key.selector, sealed, key.public, domain.id),
        )
    return await get(pool, domain.id)


async def is_taken(pool: Connections, domain: SenderDomain) -> bool:
    """Whether another account may send from this domain. Deleted accounts lose theirs."""
    async with pool.connection() as conn:
        await conn.execute(
            """update sender_domains d set state = 'unverified', failures = 0, failing_since = null
               from accounts a where a.id = d.account_id and a.status = 'deleted' and d.domain = %s and d.id <> %s
                    and d.state in ('verified', 'failing')""",
            (domain.domain, domain.id),
        )
        cursor = await conn.execute(
            "select from sender_domains where domain = %s and id <> %s and state in ('verified', 'failing')",
            (domain.domain, domain.id),
        )
        return cursor.rowcount > 0


async def is_verified(pool: Connections, account_id: int, domain: str) -> bool:
    """Whether an account has proved that a domain is its own."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select from sender_domains
               where account_id = %s and domain = %s and state in ('verified', 'failing')""",
            (account_id, domain),
        )
        return cursor.rowcount > 0


async def record(pool: Connections, domain: SenderDomain, checked: CheckedDomain, again: timedelta) -> SenderDomain:
    """Store the result of a check; the next one is due after ``again``.

    Raises:
        ConflictError: another account's claim of the domain was verified at the same time.
    """
    switch = "selector = next_selector, key = next_key, public = next_public," if checked.switches_key else ""
    if switch:
        switch += "next_selector = null, next_key = null, next_public = null,"
    try:
        async with pool.connection() as conn:
            await conn.execute(
                f"""update sender_domains set {switch} state = %(state)s, failures = %(failures)s,
                       failing_since = %(since)s, problem = %(problem)s, checks = %(checks)s::jsonb,
                       checked_at = clock_timestamp(), check_at = clock_timestamp() + %(again)s,
                       verified_at = case when %(state)s = 'unverified' then null
                                          else coalesce(verified_at, clock_timestamp()) end
                    where id = %(id)s""",  # noqa: S608 - constants of ours
                {
                    "id": domain.id,
                    "state": checked.standing.state,
                    "failures": checked.standing.failures,
                    "since": checked.standing.failing_since,
                    "problem": checked.problem,
                    "checks": orjson.dumps([asdict(one) for one in checked.checks]).decode(),
                    "again": again,
                },
            )
    except psycopg.errors.UniqueViolation:
        raise ConflictError("domain_taken", f"{domain.domain} was verified for another account just now") from None
    return await get(pool, domain.id)


async def claim_due(pool: Pool, limit: int, seconds: float) -> list[SenderDomain]:
    """Domains whose check is due; nobody else gets them for ``seconds``. Those of deleted accounts are left out."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(SenderDomain)) as cursor:
        await cursor.execute(
            f"""with due as (
                    select s.id from sender_domains s
                    where s.check_at <= clock_timestamp() order by s.check_at limit %(limit)s for update skip locked),
                claimed as (
                    update sender_domains s set check_at = clock_timestamp() + %(seconds)s * interval '1 second'
                    from due where s.id = due.id returning s.id)
                {_DOMAIN} where d.id in (select id from claimed) and exists (
                    select from accounts a where a.id = d.account_id and a.status <> 'deleted') order by d.id""",  # noqa: S608 - a constant of ours
            {"limit": limit, "seconds": seconds},
        )
        return await cursor.fetchall()


async def gateway_types(pool: Connections, account_id: int) -> list[str]:
    """The types of the gateways through which the account may send emails from its domains."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select distinct g.type from accounts a cross join lateral usable_gateways(a.id, a.plan_id) as way (id)
               join gateways g on g.id = way.id
               where a.id = %s and g.channel = 'email' and g.enabled and g.from_policy = 'verified_domains'
               order by 1""",
            (account_id,),
        )
        return [name for (name,) in await cursor.fetchall()]


async def notify(pool: Connections, domain: SenderDomain, event: EventType, data: dict[str, Any]) -> set[UUID]:
    """Queue an event of a domain for its account's endpoints. Returns the endpoints to wake."""
    assert domain.checked_at is not None
    key = f"{domain.id} {domain.checked_at.isoformat()}"
    async with pool.connection() as conn:
        return await queue(conn, [Notice(domain.account_id, event, None, domain.checked_at, data, key)])


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal all keys with the current key of the ring, so that older ones can be removed. Returns how many domains.

    Raises:
        KeyringError: one does not open; nothing was changed then.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            """select id, account_id, domain, selector, key, next_selector, next_key
               from sender_domains order by id for update"""
        )
        rows = await cursor.fetchall()
        for domain_id, account_id, domain, *keys in rows:
            resealed = [
                sealed
                and _seal(
                    keyring, account_id, domain, selector, open_key(keyring, account_id, domain, selector, sealed)
                )
                for selector, sealed in (keys[:2], keys[2:])
            ]
            await conn.execute(
                "update sender_domains set key = %s, next_key = %s where id = %s", (*resealed, domain_id)
            )
    return len(rows)


def open_key(keyring: Keyring, account_id: int, domain: str, selector: str, sealed: bytes) -> str:
    """The private half of a key, as PEM.

    Raises:
        KeyringError: the ring lacks the key, or the row was tampered with.
    """
    return keyring.decrypt(sealed, _aad(account_id, domain, selector)).decode()


def _seal(keyring: Keyring, account_id: int, domain: str, selector: str, private: str) -> bytes:
    return keyring.encrypt(private.encode(), _aad(account_id, domain, selector))


def _aad(account_id: int, domain: str, selector: str) -> bytes:
    return f"sender_domains|key|{account_id}|{domain}|{selector}".encode()
