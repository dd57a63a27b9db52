"""The provider at which staff logs in, log-ins on their way, and which member is whom there."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.keyring import Keyring
from store.access.staff import Member
from store.pool import Connections, Pool

ON_ITS_WAY = timedelta(minutes=10)
"""How long somebody may take at the provider."""
_AAD = b"oidc|client_secret"


@dataclass(frozen=True, slots=True)
class Stored:
    """The provider, as it is stored."""

    config: dict[str, Any]
    client_secret: bytes = field(repr=False)
    """Sealed."""


async def read(pool: Connections, *, lock: bool = False) -> Stored | None:
    """The provider; ``None``: there is none. ``lock``: nobody else changes it until the transaction ends."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Stored)) as cursor:
        await cursor.execute(
            f"select config, client_secret from oidc where id{' for update' if lock else ''}"  # noqa: S608 - ours
        )
        return await cursor.fetchone()


async def write(pool: Connections, config: dict[str, Any], client_secret: bytes) -> None:
    """Replace the provider."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into oidc (config, client_secret) values (%s, %s) on conflict (id) do update
               set config = excluded.config, client_secret = excluded.client_secret""",
            (Jsonb(config), client_secret),
        )


async def remove(pool: Connections) -> None:
    """Forget the provider."""
    async with pool.connection() as conn:
        await conn.execute("delete from oidc")


def seal(keyring: Keyring, secret: str) -> bytes:
    """A client secret as it is stored."""
    return keyring.encrypt(secret.encode(), _AAD)


def unseal(keyring: Keyring, sealed: bytes) -> str:
    """A stored client secret.

    Raises:
        KeyringError: it does not open with these keys.
    """
    return keyring.decrypt(sealed, _AAD).decode()


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal the secret with the current key, so that older keys can be removed. Returns how many there are.

    Raises:
        KeyringError: it does not open; nothing was changed then.
    """
    async with pool.connection() as conn, conn.transaction():
        row = await (await conn.execute("select client_secret from oidc where id for update")).fetchone()
        if row is None:
            return 0
        await conn.execute("update oidc set client_secret = %s", (seal(keyring, unseal(keyring, row[0])),))
    return 1


async def begin(pool: Connections, state: bytes, binding: bytes) -> None:
    """Note a log-in on its way, by hashes; those that took too long are forgotten."""
    async with pool.connection() as conn:
        await conn.execute(
            """with old as (delete from oidc_log_ins where created_at < clock_timestamp() - %s)
               insert into oidc_log_ins (state, binding) values (%s, %s)""",
            (ON_ITS_WAY, state, binding),
        )


async def end(pool: Connections, state: bytes, binding: bytes) -> bool:
    """End a log-in, once. Returns whether it was on its way, in this browser."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """delete from oidc_log_ins where state = %s
               returning binding = %s and created_at > clock_timestamp() - %s""",
            (state, binding, ON_ITS_WAY),
        )
        row = await cursor.fetchone()
    return row is not None and bool(row[0])


_MEMBER = """
select s.id, s.email, s.name, s.role, s.status, s.expires_at, s.created_at, s.totp_required
from staff s left join oidc_members m on m.staff_id = s.id
where s.status <> 'removed'
"""
_LOCKED = "for update of s"


async def member_of(pool: Connections, subject: str) -> Member | None:
    """The member of staff who is this one there; nobody else changes it until the transaction ends."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(f"{_MEMBER} and m.subject = %s {_LOCKED}", (subject,))
        return await cursor.fetchone()


async def member_by_email(pool: Connections, email: str) -> Member | None:
    """The member of staff of this address who is nobody there yet; locked as in ``member_of``."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(f"{_MEMBER} and lower(s.email) = lower(%s) and m.subject is null {_LOCKED}", (email,))
        return await cursor.fetchone()


async def link(pool: Connections, member_id: int, subject: str) -> None:
    """Note whom a member is there."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into oidc_members (subject, staff_id) values (%s, %s)
               on conflict (subject) do update set staff_id = excluded.staff_id, lost = false""",
            (subject, member_id),
        )


async def mark_lost(pool: Connections, member_id: int) -> None:
    """Note that a member was removed because it lost its groups: with one of them it may come back."""
    async with pool.connection() as conn:
        await conn.execute("update oidc_members set lost = true where staff_id = %s", (member_id,))


async def was_removed_here(pool: Connections, subject: str) -> bool:
    """Whether somebody here removed the member who was this one there."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select not m.lost and s.status = 'removed' from oidc_members m join staff s on s.id = m.staff_id
               where m.subject = %s""",
            (subject,),
        )
        row = await cursor.fetchone()
    return row is not None and bool(row[0])
