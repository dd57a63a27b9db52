"""Second factors of people: a secret that makes a code every 30 seconds, and recovery codes."""

from collections.abc import Sequence

from domain.access.people import Person, PersonKind
from domain.keyring import Keyring
from store.pool import Connections, Pool


def seal(keyring: Keyring, person: Person, secret: str) -> bytes:
    """A secret as it is stored."""
    return keyring.encrypt(secret.encode(), _aad(person))


def unseal(keyring: Keyring, person: Person, sealed: bytes) -> str:
    """A stored secret.

    Raises:
        KeyringError: it does not open with these keys.
    """
    return keyring.decrypt(sealed, _aad(person)).decode()


async def begin(pool: Connections, person: Person, sealed: bytes) -> bool:
    """Store a secret that waits for its first code; another that waits is replaced. Returns ``False`` if a second
    factor is in use."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """insert into log_ins as l (kind, person_id, totp_secret) values (%s, %s, %s)
               on conflict (kind, person_id) do update set totp_secret = excluded.totp_secret, totp_step = null
               where l.totp_since is null""",
            (person.kind, person.id, sealed),
        )
        return cursor.rowcount == 1


async def confirm(pool: Connections, person: Person, sealed: bytes, step: int) -> bool:
    """Need codes of this secret from now on. Returns ``False`` if it was replaced, or is in use already."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """update log_ins set totp_since = clock_timestamp(), totp_step = %s
               where (kind, person_id, totp_secret) = (%s, %s, %s) and totp_since is null""",
            (step, person.kind, person.id, sealed),
        )
        return cursor.rowcount == 1


async def use_step(pool: Connections, person: Person, step: int) -> bool:
    """Use a code, by the number of its half minute. Returns ``False`` if it, or a later one, was used."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """update log_ins set totp_step = %(step)s
               where (kind, person_id) = (%(kind)s, %(person)s) and coalesce(totp_step < %(step)s, true)""",
            {"step": step, "kind": person.kind, "person": person.id},
        )
        return cursor.rowcount == 1


async def put_codes(pool: Connections, person: Person, hashes: Sequence[bytes]) -> None:
    """Replace the recovery codes of somebody who has a second factor."""
    async with pool.connection() as conn:
        await conn.execute("delete from recovery_codes where (kind, person_id) = (%s, %s)", (person.kind, person.id))
        await conn.execute(
            "insert into recovery_codes (kind, person_id, hash) select %s, %s, unnest(%s::bytea[])",
            (person.kind, person.id, list(hashes)),
        )


async def use_code(pool: Connections, person: Person, digest: bytes) -> bool:
    """Use a recovery code. Returns ``False`` if there is none, or it was used."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "delete from recovery_codes where (kind, person_id, hash) = (%s, %s, %s)",
            (person.kind, person.id, digest),
        )
        return cursor.rowcount == 1


async def remove(pool: Connections, person: Person) -> bool:
    """Need no code any more. Returns whether one was needed, or set up."""
    async with pool.connection() as conn:
        await conn.execute("delete from recovery_codes where (kind, person_id) = (%s, %s)", (person.kind, person.id))
        cursor = await conn.execute(
            """update log_ins set totp_secret = null, totp_since = null, totp_step = null
               where (kind, person_id) = (%s, %s) and totp_secret is not null""",
            (person.kind, person.id),
        )
        return cursor.rowcount == 1


async def is_satisfied(pool: Connections, person: Person, session_id: str) -> bool:
    """Whether a session is of somebody who has a second factor, or of whom a provider of identities saw to that."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select exists (select from log_ins where (kind, person_id) = (%s, %s) and totp_since is not null)
                   or exists (select from sessions where id = %s and proof <> 'password')""",
            (person.kind, person.id, session_id),
        )
        row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal every secret with the current key, so that older keys can be removed. Returns how many.

    Raises:
        KeyringError: one does not open; nothing was changed then.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            "select kind, person_id, totp_secret from log_ins where totp_secret is not null for update"
        )
        rows = await cursor.fetchall()
        for kind, person_id, sealed in rows:
            person = Person(PersonKind(kind), person_id)
            await conn.execute(
                "update log_ins set totp_secret = %s where (kind, person_id) = (%s, %s)",
                (seal(keyring, person, unseal(keyring, person, sealed)), kind, person_id),
            )
    return len(rows)


def _aad(person: Person) -> bytes:
    return f"log_ins|totp_secret|{person.kind}|{person.id}".encode()
