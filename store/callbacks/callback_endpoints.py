"""Customers' callback endpoints. Secrets are readable only with the key ring."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from domain.callbacks import new_secret
from domain.errors import ConflictError, NotFoundError
from domain.keyring import Keyring
from store.pool import Connections, Pool

MOST = 10
"""Endpoints of an account."""

_MOST_SECRETS = 4
"""That sign at a time: an extra rotation must not end the secret in use."""


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint to be added."""

    id: UUID
    account_id: int
    url: str
    events: Sequence[str] | None = None
    """Event types that it receives; ``None``: all."""
    description: str = ""
    allow_private_network: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint without its secrets."""

    id: UUID
    account_id: int
    url: str
    description: str
    events: list[str] | None
    enabled: bool
    disabled_reason: str | None
    """Why we disabled it; ``None``: its owner did."""
    disabled_at: datetime | None
    failing_since: datetime | None
    """Since when it fails without a success; ``None``: it accepted the last event."""
    allow_private_network: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Target:
    """An enabled endpoint, for posting to it."""

    account_id: int
    url: str
    allow_private_network: bool
    is_failing: bool
    secrets: list[str] = field(repr=False)
    """All secrets that sign now."""


COLUMNS = """id, account_id, url, description, events, enabled, disabled_reason, disabled_at, failing_since,
              allow_private_network, created_at"""
_WHOSE = "id = %(id)s and (%(account)s::bigint is null or account_id = %(account)s)"


async def add(pool: Connections, keyring: Keyring, new: NewEndpoint, secret: str | None = None) -> str:
    """Add an endpoint, once per id, and return its secret; left out, it gets a new one.

    Raises:
        NotFoundError: there is no such account.
        ConflictError: the account has as many as it may have.
    """
    sealed = _seal(keyring, new.id, [(secret or new_secret(), None)])
    async with pool.connection() as conn, conn.transaction():
        # The lock serialises those who count.
        cursor = await conn.execute(
            "select from accounts where id = %s and status <> 'deleted' for update", (new.account_id,)
        )
        if cursor.rowcount == 0:
            raise NotFoundError("account_not_found", f"There is no user {new.account_id}.")
        cursor = await conn.execute("select id from callback_endpoints where account_id = %s", (new.account_id,))
        known = {endpoint_id for (endpoint_id,) in await cursor.fetchall()}
        if new.id not in known and len(known) >= MOST:
            raise ConflictError("too_many_callbacks", f"{MOST} endpoints are the most: remove one first.")
        await conn.execute(
            """insert into callback_endpoints
                   (id, account_id, url, description, events, secrets, allow_private_network)
               values (%s, %s, %s, %s, %s, %s, %s) on conflict (id) do nothing""",
            (
                new.id,
                new.account_id,
                new.url,
                new.description,
                None if new.events is None else list(new.events),
                sealed,
                new.allow_private_network,
            ),
        )
        (kept, _), *_ = await _secrets(conn, keyring, new.id, new.account_id)
        return kept


async def find(pool: Connections, endpoint_id: UUID, account_id: int | None = None) -> Endpoint | None:
    """An endpoint; with an account only if it is that account's own."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Endpoint)) as cursor:
        await cursor.execute(
            f"select {COLUMNS} from callback_endpoints where {_WHOSE}",  # noqa: S608 - constants of ours
            {"id": endpoint_id, "account": account_id},
        )
        return await cursor.fetchone()


async def list_endpoints(pool: Connections, account_id: int | None = None) -> list[Endpoint]:
    """An account's endpoints, or all, oldest first."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Endpoint)) as cursor:
        await cursor.execute(
            f"""select {COLUMNS} from callback_endpoints
                where %(account)s::bigint is null or account_id = %(account)s
                order by account_id, created_at, id""",  # noqa: S608 - constants of ours
            {"account": account_id},
        )
        return await cursor.fetchall()


async def page(
    pool: Connections,
    account_id: int | None,
    enabled: bool | None,
    place: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Endpoint]:
    """Endpoints of all accounts, or of one, before a place, the newest first."""
    conditions = {
        "account_id = %(account)s": account_id is not None,
        "enabled = %(enabled)s": enabled is not None,
        "(created_at, id) < (%(at)s, %(id)s)": place is not None,
    }
    given = [condition for condition, is_given in conditions.items() if is_given]
    at, endpoint_id = place or (None, None)
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Endpoint)) as cursor:
        await cursor.execute(
            f"""select {COLUMNS} from callback_endpoints {"where" if given else ""} {" and ".join(given)}
                order by created_at desc, id desc limit %(limit)s""",  # noqa: S608 - constants of ours
            {"account": account_id, "enabled": enabled, "at": at, "id": endpoint_id, "limit": limit},
        )
        return await cursor.fetchall()


async def change(pool: Connections, endpoint_id: UUID, account_id: int, changes: dict[str, Any]) -> bool:
    """Change ``url``, ``description``, ``events``, ``enabled`` or ``allow_private_network``.

    Enabling an endpoint clears why it was disabled, and makes pending deliveries due. Returns whether it is the
    account's.
    """
    assert changes.keys() <= {"url", "description", "events", "enabled", "allow_private_network"}
    assignments = [f"{name} = %({name})s" for name in changes]
    if "enabled" in changes:
        assignments += [
            "disabled_reason = case when enabled = %(enabled)s and not enabled then disabled_reason end",
            "disabled_at = case when not %(enabled)s then coalesce(disabled_at, clock_timestamp()) end",
            "failing_since = case when enabled = %(enabled)s then failing_since end",
        ]
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            f"update callback_endpoints set {', '.join(assignments)} where {_WHOSE}",  # noqa: S608 - constants of ours
            {**changes, "id": endpoint_id, "account": account_id},
        )
        if cursor.rowcount and changes.get("enabled"):
            await conn.execute(
                """update callback_deliveries set next_at = clock_timestamp()
                   where endpoint_id = %s and state = 'pending' and next_at > clock_timestamp()""",
                (endpoint_id,),
            )
        return cursor.rowcount == 1


async def remove(pool: Connections, endpoint_id: UUID, account_id: int | None = None) -> bool:
    """Delete an endpoint and all its deliveries. Returns whether it was the account's.

    In the order in which the end of a try locks them: first the deliveries. So that none is queued meanwhile, the
    endpoint is disabled before.
    """
    values = {"id": endpoint_id, "account": account_id}
    async with pool.connection() as conn:
        cursor = await conn.execute(f"update callback_endpoints set enabled = false where {_WHOSE}", values)  # noqa: S608
        if cursor.rowcount == 0:
            return False
        async with conn.transaction():
            await conn.execute("delete from callback_deliveries where endpoint_id = %s", (endpoint_id,))
            await conn.execute(f"delete from callback_endpoints where {_WHOSE}", values)  # noqa: S608
        return True


async def rotate(
    pool: Connections,
    keyring: Keyring,
    endpoint_id: UUID,
    account_id: int,
    until: datetime,
    secret: str | None = None,
) -> str | None:
    """Give an endpoint this secret, or a new one; earlier ones also sign until ``until``. ``None``: it is not the
    account's."""
    async with pool.connection() as conn, conn.transaction():
        known = await _secrets(conn, keyring, endpoint_id, account_id)
        if not known:
            return None
        fresh = secret or new_secret()
        ends = until.timestamp()
        former = [(secret, ends if end is None else min(end, ends)) for secret, end in known]
        await conn.execute(
            "update callback_endpoints set secrets = %s where id = %s",
            (_seal(keyring, endpoint_id, [(fresh, None), *former][:_MOST_SECRETS]), endpoint_id),
        )
        return fresh


async def target(pool: Pool, keyring: Keyring, endpoint_id: UUID, now: datetime) -> Target | None:
    """The data to post to an endpoint; ``None``: it is disabled, or was removed.

    Raises:
        KeyringError: the ring lacks the key, or the row was tampered with.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select account_id, url, allow_private_network, failing_since is not null, secrets
               from callback_endpoints where id = %s and enabled""",
            (endpoint_id,),
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    account_id, url, allow_private_network, is_failing, sealed = row
    known = open_secrets(keyring, endpoint_id, sealed)
    secrets = [secret for secret, end in known if end is None or end > now.timestamp()]
    return Target(account_id, url, allow_private_network, is_failing, secrets)


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal all secrets with the current key, so that older keys can be removed from the ring. Returns how many.

    Raises:
        KeyringError: one does not open; nothing was changed then.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute("select id, secrets from callback_endpoints order by id for update")
        rows = await cursor.fetchall()
        for endpoint_id, sealed in rows:
            resealed = _seal(keyring, endpoint_id, open_secrets(keyring, endpoint_id, sealed))
            await conn.execute("update callback_endpoints set secrets = %s where id = %s", (resealed, endpoint_id))
    return len(rows)


_Secret = tuple[str, float | None]
"""A secret, and when it ends (Unix seconds); the newest does not."""


async def _secrets(
    conn: AsyncConnection[TupleRow], keyring: Keyring, endpoint_id: UUID, account_id: int
) -> list[_Secret]:
    """An endpoint's secrets, newest first, and a lock on it; none if it is not the account's."""
    cursor = await conn.execute(
        "select secrets from callback_endpoints where id = %s and account_id = %s for update",
        (endpoint_id, account_id),
    )
    row = await cursor.fetchone()
    return open_secrets(keyring, endpoint_id, row[0]) if row else []


def _seal(keyring: Keyring, endpoint_id: UUID, secrets: Sequence[_Secret]) -> bytes:
    return keyring.encrypt(orjson.dumps(secrets), _aad(endpoint_id))


def open_secrets(keyring: Keyring, endpoint_id: UUID, sealed: bytes) -> list[_Secret]:
    """An endpoint's secrets, newest first.

    Raises:
        KeyringError: the ring lacks the key, or the row was tampered with.
    """
    return [(secret, end) for secret, end in orjson.loads(keyring.decrypt(sealed, _aad(endpoint_id)))]


def _aad(endpoint_id: UUID) -> bytes:
    return f"callback_endpoints|secrets|{endpoint_id}".encode()
