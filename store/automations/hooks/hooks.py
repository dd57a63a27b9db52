"""Addresses that other systems post to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Json

from domain.access.networks import Network
from domain.errors import ConflictError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Hook:
    """An address that other systems post to, without its secrets."""

    id: UUID
    account_id: int
    key: str
    """By which automations name it."""
    name: str
    preset: str | None
    """What it was made for."""
    auth: dict[str, Any] | None
    """How posts are signed; ``None``: not."""
    allowed_ips: list[Network] | None
    """Where posts come from; ``None``: from anywhere."""
    map: dict[str, Any] | None
    """Where values stand in a body; ``None``: under the usual names."""
    delivery: list[str] | None
    """Where the id of a delivery stands; ``None``: in the usual headers."""
    topic: str | None
    """Where it stands what happened."""
    unusable: str
    """What becomes of posts that cannot be used: ``refuse``, ``ignore``."""
    testing: bool
    """Posts become samples, and nobody enters."""
    failures: int
    """Posts that were refused."""
    last_failure_at: datetime | None
    last_failure: str | None
    """Why: a code."""
    created_at: datetime
    has_secret: bool
    former_id_until: datetime | None
    """Until when a former id works, too."""


@dataclass(frozen=True, slots=True)
class Door:
    """What a post needs to know of its hook."""

    id: UUID
    account_id: int
    key: str
    preset: str | None = None
    auth: dict[str, Any] | None = None
    secrets: bytes | None = field(default=None, repr=False)
    """Sealed (``sealing``)."""
    allowed_ips: list[Network] | None = None
    map: dict[str, Any] | None = None
    delivery: list[str] | None = None
    topic: str | None = None
    unusable: str = "refuse"
    testing: bool = False


@dataclass(frozen=True, slots=True)
class NewHook:
    """A hook to be added."""

    id: UUID
    account_id: int
    key: str
    name: str
    digest: bytes
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Columns of ``SETTINGS``."""
    secrets: bytes | None = field(default=None, repr=False)


SETTINGS = ("name", "preset", "auth", "allowed_ips", "map", "delivery", "topic", "unusable", "testing")
"""What its owner may set."""

_MOST_FORMER = 3
"""Former ids that work at a time: an extra rotation must not end the one in use."""
_COLUMNS = """h.id, h.account_id, h.key, h.name, h.preset, h.auth, h.allowed_ips, h.map, h.delivery, h.topic,
    h.unusable, h.testing, h.failures, h.last_failure_at, h.last_failure, h.created_at,
    h.secrets is not null as has_secret,
    (select max(f.until) from automation_hook_former_ids f where f.hook_id = h.id and f.until > clock_timestamp())
        as former_id_until"""
_DOOR = """h.id, h.account_id, h.key, h.preset, h.auth, h.secrets, h.allowed_ips, h.map, h.delivery, h.topic,
    h.unusable, h.testing"""


async def add(store: Connections, new: NewHook) -> None:
    """Add one.

    Raises:
        ConflictError: there is one with this key.
    """
    columns = {"name": new.name, **_stored(new.settings)}
    names = ", ".join(columns)
    try:
        async with store.connection() as conn:
            await conn.execute(
                f"""insert into automation_hooks (id, account_id, key, digest, secrets, {names})
                    values (%s, %s, %s, %s, %s, {", ".join(map(_place, columns))})""",  # noqa: S608 - constants of ours
                (new.id, new.account_id, new.key, new.digest, new.secrets, *columns.values()),
            )
    except UniqueViolation:
        raise ConflictError("hook_taken", f"there is a hook {new.key!r} already: choose another name") from None


async def page(store: Connections, account_id: int, before: UUID | None, limit: int) -> Sequence[Hook]:
    """Those of an account, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Hook)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from automation_hooks h
                where h.account_id = %(account)s and (%(before)s::uuid is null or h.id < %(before)s)
                order by h.id desc limit %(limit)s""",  # noqa: S608 - a constant of ours
            {"account": account_id, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def find(store: Connections, account_id: int, key: str, *, lock: bool = False) -> Hook | None:
    """One by its key."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Hook)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from automation_hooks h where h.account_id = %s and h.key = %s
                {"for update" if lock else ""}""",  # noqa: S608 - constants of ours
            (account_id, key),
        )
        return await cursor.fetchone()


async def by_digest(store: Connections, digest: bytes) -> Door | None:
    """The hook that has an id with this digest, or had it a while ago, if its account is active."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Door)) as cursor:
        await cursor.execute(
            f"""select {_DOOR} from automation_hooks h
                where h.id = coalesce(
                        (select id from automation_hooks where digest = %(digest)s),
                        (select hook_id from automation_hook_former_ids
                         where digest = %(digest)s and until > clock_timestamp()))
                    and (select status from accounts where id = h.account_id) = 'active'""",  # noqa: S608 - a constant of ours
            {"digest": digest},
        )
        return await cursor.fetchone()


async def change(store: Connections, id_: UUID, settings: Mapping[str, Any]) -> None:
    """Change some of ``SETTINGS``."""
    assert settings.keys() <= set(SETTINGS)
    columns = _stored(settings)
    assignments = ", ".join(f"{name} = {_place(name)}" for name in columns)
    async with store.connection() as conn:
        await conn.execute(
            f"update automation_hooks set {assignments} where id = %s",  # noqa: S608 - constants of ours
            (*columns.values(), id_),
        )


async def rotate(store: Connections, id_: UUID, digest: bytes, until: datetime) -> None:
    """Give a hook another id; the ones before work until then, at most."""
    async with store.connection() as conn:
        await conn.execute(
            "update automation_hook_former_ids set until = least(until, %s) where hook_id = %s", (until, id_)
        )
        await conn.execute(
            """insert into automation_hook_former_ids (digest, hook_id, until)
               select digest, id, %s from automation_hooks where id = %s""",
            (until, id_),
        )
        await conn.execute("update automation_hooks set digest = %s where id = %s", (digest, id_))
        await conn.execute(
            """delete from automation_hook_former_ids
               where hook_id = %(id)s and (until <= clock_timestamp() or digest not in (
                   select digest from automation_hook_former_ids where hook_id = %(id)s
                   order by until desc limit %(most)s))""",
            {"id": id_, "most": _MOST_FORMER},
        )


async def has(store: Connections, account_id: int, keys: Sequence[str]) -> set[str]:
    """Which of these keys an account has hooks with."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select key from automation_hooks where account_id = %s and key = any(%s)", (account_id, list(keys))
        )
        return {key for (key,) in await cursor.fetchall()}


async def count(store: Connections, account_id: int) -> int:
    """How many an account has."""
    async with store.connection() as conn:
        row = await (
            await conn.execute("select count(*)::integer from automation_hooks where account_id = %s", (account_id,))
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


async def remove(store: Connections, account_id: int, key: str) -> bool:
    """Delete one. Returns whether it was there."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "delete from automation_hooks where account_id = %s and key = %s", (account_id, key)
        )
        return cursor.rowcount == 1


async def note_failures(store: Connections, noted: Mapping[UUID, tuple[int, datetime, str]]) -> None:
    """Count posts that were refused: by hook, how many, when the last one came, and why it was refused."""
    rows = sorted(noted.items())
    async with store.connection() as conn:
        await conn.execute(
            """update automation_hooks h
               set failures = h.failures + n.count, last_failure_at = n.at, last_failure = n.why
               from unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::text[]) as n (id, count, at, why)
               where h.id = n.id""",
            ([id_ for id_, _ in rows], *(list(column) for column in zip(*(of for _, of in rows), strict=True))),
        )


def _place(column: str) -> str:
    return "%s::cidr[]" if column == "allowed_ips" else "%s"


def _stored(settings: Mapping[str, Any]) -> dict[str, Any]:
    json = {name: Json(settings[name]) for name in ("auth", "map") if settings.get(name) is not None}
    return {**settings, **json}
