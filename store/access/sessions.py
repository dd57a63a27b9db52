"""Sessions of people who have logged in. Of their tokens only hashes are stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from psycopg.rows import class_row

from domain.access.api_keys import KeyKind, MintedKey, mint
from domain.access.people import Person, PersonKind
from domain.access.permissions import EVERYTHING
from domain.access.sessions import ACTING, CONFIRMED, IDLE, LIFETIME, MARKED_EVERY, MOST
from domain.access.user_scopes import SCOPES
from store.accounts import api_keys
from store.accounts.api_keys import ActingStaff, StoredKey, Wanted, stored_key
from store.pool import Connections, Pool, long_transaction


@dataclass(frozen=True, slots=True)
class Session:
    """A session, as its person sees it."""

    id: str
    kind: str
    person_id: int
    ip: str
    user_agent: str
    created_at: datetime
    used_at: datetime
    """Up to a minute before its last request."""
    expires_at: datetime
    """When it ends, if it is used until then."""


_LIVE = "least(s.expires_at, s.used_at + %(idle)s) > clock_timestamp()"

_STAFF = "staff:"
"""Before the id of a member of staff, as the proof of a session in the account of a user."""
_ACTING = f"'{_STAFF}%%'"

_FIND = f"""
select wanted.id, wanted.channel, {api_keys.COLUMNS.format(available="w.available")}, k.used_at,
       k.acting_id, k.acting_email, k.acting_role, k.is_confirmed, k.proof = 'password' and not exists (
           select from log_ins l where (l.kind, l.person_id) = (k.person, k.person_id) and l.totp_since is not null)
from unnest(%(ids)s::text[], %(channels)s::text[]) as wanted(id, channel)
join (select s.id, s.kind, s.kind as person, s.person_id, s.proof, s.hash, s.used_at,
             least(s.expires_at, s.used_at + %(idle)s) as expires_at,
             case s.kind when 'user' then s.person_id else 0 end as account_id,
             case s.kind when 'staff' then s.person_id end as staff_id,
             case s.kind when 'user' then %(of_users)s::text[] else %(of_staff)s::text[] end as scopes,
             case when s.proof = 'password' or s.proof like {_ACTING}
                  then coalesce(coalesce(s.confirmed_at, case s.proof when 'password' then s.created_at end)
                                > clock_timestamp() - %(confirmed)s, false)
                  else true end as is_confirmed,
             case when s.proof like {_ACTING} and m.id is null then s.created_at end as revoked_at,
             m.id as acting_id, m.email as acting_email, m.role as acting_role,
             null::cidr[] as allowed_ips, null::text as rate_class,
             null::bigint as spend_cap, null::text as certificate
      from sessions s
      left join staff m on m.id = case when s.proof like {_ACTING} then substr(s.proof, {len(_STAFF) + 1})::bigint end
           and m.status = 'active' and (m.expires_at is null or m.expires_at > clock_timestamp())) as k
  on k.id = wanted.id
join accounts a on a.id = k.account_id
left join plans p on p.id = a.plan_id
left join wallets w on w.account_id = k.account_id and w.channel = wanted.channel
"""  # noqa: S608 - constants of ours


async def find_sessions(pool: Pool, wanted: Sequence[Wanted]) -> dict[Wanted, StoredKey]:
    """The sessions of these ids, ended or not, as the keys that they stand for: one of staff has all that the role
    has, one of a user all that a user's key can have."""
    values = {
        "ids": [session_id for session_id, _ in wanted],
        "channels": [channel for _, channel in wanted],
        "idle": IDLE,
        "confirmed": CONFIRMED,
        "of_users": list(SCOPES),
        "of_staff": [EVERYTHING],
    }
    async with pool.connection() as conn:
        rows = await (await conn.execute(_FIND, values)).fetchall()
    return {(row[0], row[1]): _session(stored_key(row[2:-6]), *row[-6:]) for row in rows}


def _session(
    stored: StoredKey,
    used_at: datetime,
    id_: int | None,
    email: str,
    role: str,
    is_confirmed: bool,
    lacks_second_factor: bool,
) -> StoredKey:
    acting = None if id_ is None else ActingStaff(id_, email, role)
    principal = replace(stored.principal, is_session=True, acting=acting, is_confirmed=is_confirmed)
    return replace(stored, principal=principal, session_used_at=used_at, lacks_second_factor=lacks_second_factor)


_BEGIN = """
with known as (
    select from log_ins where (kind, person_id, password) = (%(kind)s, %(person)s, %(password)s) for update
), begun as (
    insert into sessions (id, kind, person_id, hash, ip, user_agent, expires_at, proof, confirmed_at)
    select %(id)s, %(kind)s, %(person)s, %(hash)s, %(ip)s, %(user_agent)s, clock_timestamp() + %(lifetime)s, %(proof)s,
           case when %(is_confirmed)s then clock_timestamp() end
    where %(password)s::text is null or exists (select from known)
    returning id
), crowded as (
    delete from sessions where id in (
        select id from sessions where kind = %(kind)s and person_id = %(person)s
        order by created_at desc offset %(others)s)
)
select id from begun
"""


async def begin(
    pool: Connections,
    person: Person,
    ip: str,
    user_agent: str,
    password: str | None,
    proof: str = "password",
    lifetime: timedelta = LIFETIME,
    *,
    is_confirmed: bool = False,
) -> MintedKey | None:
    """Begin a session. The text in the result is not stored.

    ``password``: the hash that was verified; if another one was set meanwhile, nothing begins, and the result is
    ``None``. ``None``: the person logs in with something else, the ``proof``. ``is_confirmed``: whoever begins it has
    proved just now who they are, in another session.
    """
    minted = mint(KeyKind.SESSION)
    values = {
        "kind": person.kind,
        "person": person.id,
        "password": password,
        "id": minted.id,
        "hash": minted.hash,
        "ip": ip,
        "user_agent": user_agent,
        "lifetime": lifetime,
        "proof": proof,
        "is_confirmed": is_confirmed,
        "others": MOST - 1,
    }
    async with pool.connection() as conn:
        cursor = await conn.execute(_BEGIN, values)
        return minted if await cursor.fetchone() is not None else None


async def begin_acting(
    pool: Connections, staff_id: int, account_id: int, ip: str, user_agent: str, *, is_confirmed: bool
) -> MintedKey:
    """Begin a session in which a member of staff works in the account of a user. It ends with the member's rights."""
    user = Person(PersonKind.USER, account_id)
    begun = await begin(pool, user, ip, user_agent, None, f"{_STAFF}{staff_id}", ACTING, is_confirmed=is_confirmed)
    assert begun is not None  # no password was to be compared
    return begun


async def confirm(pool: Connections, session_id: str, person: Person) -> None:
    """Note that who uses a session has proved who they are, also for where a member of staff works."""
    acting = f"{_STAFF}{person.id}" if person.kind is PersonKind.STAFF else None
    async with pool.connection() as conn:
        await conn.execute(
            "update sessions set confirmed_at = clock_timestamp() where id = %s or (kind = 'user' and proof = %s)",
            (session_id, acting),
        )


async def mark_used(pool: Connections, session_id: str) -> None:
    """Note that a session is used, at most once a minute."""
    async with pool.connection() as conn:
        await conn.execute(
            "update sessions set used_at = clock_timestamp() where id = %s and used_at < clock_timestamp() - %s",
            (session_id, MARKED_EVERY),
        )


_SESSION = "select s.id, s.kind, s.person_id, s.ip, s.user_agent, s.created_at, s.used_at, s.expires_at from sessions s"


async def of_person(pool: Connections, person: Person) -> list[Session]:
    """All that have not ended, the newest first."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            f"{_SESSION} where s.kind = %(kind)s and s.person_id = %(person)s and {_LIVE} order by s.created_at desc",
            {"kind": person.kind, "person": person.id, "idle": IDLE},
        )
        return await cursor.fetchall()


async def latest(pool: Connections, limit: int) -> list[Session]:
    """Those of everybody that have not ended, the newest first."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            f"{_SESSION} where {_LIVE} order by s.created_at desc, s.id desc limit %(limit)s",
            {"limit": limit, "idle": IDLE},
        )
        return await cursor.fetchall()


async def end(pool: Connections, session_id: str, person: Person | None = None) -> Person | None:
    """End a session, if it is this person's (``None``: whosever). Returns whose it was; ``None``: there is none."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            """delete from sessions s where s.id = %s and (%s::text is null or (s.kind, s.person_id) = (%s, %s))
               returning s.id, s.kind, s.person_id, s.ip, s.user_agent, s.created_at, s.used_at, s.expires_at""",
            (
                session_id,
                person and person.kind,
                person and person.kind,
                person and person.id,
            ),
        )
        ended = await cursor.fetchone()
    return None if ended is None else Person(PersonKind(ended.kind), ended.person_id)


async def end_all(pool: Connections, person: Person, but: str | None = None) -> int:
    """End all sessions of a person, but one. Returns how many."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "delete from sessions where kind = %s and person_id = %s and id is distinct from %s",
            (person.kind, person.id, but),
        )
        return cursor.rowcount


async def delete_ended(pool: Pool) -> None:
    """Delete sessions that have ended by themselves."""
    async with long_transaction(pool) as conn:
        await conn.execute(f"delete from sessions s where not {_LIVE}", {"idle": IDLE})  # noqa: S608
