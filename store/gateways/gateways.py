"""Gateways: who owns them, who may use them, and their configuration, which is readable only with the key ring."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import class_row, dict_row

from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.keyring import Keyring, KeyringError
from domain.messages.routing import Mode
from domain.recipients import InvalidRecipient, normalise_email
from store.gateways.gateway_shares import share_on
from store.pool import Connections, InTransaction, Pool

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What an identifier may look like."""

MOST_OF_A_TYPE = 200
"""Gateways whose secrets are tried at a webhook address that names none. With more, use addresses per gateway."""


@dataclass(frozen=True, slots=True)
class NewGateway:
    """A gateway to be added."""

    account_id: int
    """The owner; 0 is the admin."""
    channel: str
    identifier: str
    type: str
    config: dict[str, Any] = field(repr=False)
    per_second: float | None = None
    """The most messages per second; ``None``: no limit."""
    priority: int = 100
    """Lower goes first."""
    on_unknown: str = "hold"
    """What to do with a message whose answer was lost: hold or resend."""
    share_with: Sequence[int] = ()
    """Accounts that may use it, besides the owner."""
    from_policy: str = "fixed"
    """What emails through it are from: ``fixed``, its own address; ``verified_domains``, those of senders, too."""


@dataclass(frozen=True, slots=True)
class GatewayInfo:
    """A gateway without its configuration."""

    id: UUID
    account_id: int
    channel: str
    identifier: str
    type: str
    enabled: bool
    mode: str
    """``active``, ``draining`` or ``paused``."""
    breaker: str
    """``closed``; ``open``: out of use for a while; ``half_open``: the next page shows whether it works again."""
    priority: int
    per_second: float | None
    on_unknown: str
    version: int
    shared_with: list[int]
    from_policy: str
    """As in ``NewGateway``."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredGateway:
    """A gateway with its decrypted configuration: for building it, never for output."""

    id: UUID
    account_id: int
    channel: str
    identifier: str
    type: str
    config: dict[str, Any] = field(repr=False)
    version: int
    per_second: float | None
    on_unknown: str
    enabled: bool
    from_policy: str
    from_address: str | None
    """Its own address; empty: it has none; ``None``: not noted yet."""


# The state of the breaker in row `b`. A time further away than any pause was written before the clock was set back.
BREAKER = """
    case when b.open_until is null then 'closed' when b.open_until between clock_timestamp() and clock_timestamp()
         + interval '10 minutes' then 'open' else 'half_open' end
"""

INFO = f"""
select g.id, g.account_id, g.channel, g.identifier, g.type, g.enabled, g.mode, {BREAKER} as breaker, g.priority,
       g.per_second, g.on_unknown, g.version, g.created_at, g.from_policy,
       array(select s.account_id from gateway_shares s where s.gateway_id = g.id order by 1) as shared_with
from gateways g left join gateway_breakers b on b.gateway_id = g.id
where g.deleted_at is null
"""  # noqa: S608 - a constant of ours


async def add(pool: Connections, keyring: Keyring, new: NewGateway) -> UUID:
    """Add a gateway, enabled, and share it. Returns its id.

    Raises:
        InvalidError: the identifier cannot be one.
        ConflictError: the owner has a gateway of this identifier on this channel.
        NotFoundError: there is no such owner, or an account to share with does not exist.
    """
    _check_identifier(new.identifier)
    gateway_id = uuid4()
    sealed = _seal(keyring, gateway_id, new.config)
    async with pool.connection() as conn, conn.transaction():
        try:
            cursor = await conn.execute(
                """insert into gateways
                       (id, account_id, channel, identifier, type, config, per_second, priority, on_unknown,
                        from_policy, from_address)
                   select %(id)s, a.id, %(channel)s, %(identifier)s, %(type)s, %(config)s,
                          %(per_second)s, %(priority)s, %(on_unknown)s, %(from_policy)s, %(from_address)s
                   from accounts a where a.id = %(account_id)s and a.status <> 'deleted'""",
                {
                    **asdict(new),
                    "id": gateway_id,
                    "config": sealed,
                    "from_address": from_address(new.config),
                },
            )
        except psycopg.errors.UniqueViolation:
            raise _taken(new.channel, new.identifier) from None
        if cursor.rowcount == 0:
            raise NotFoundError("account_not_found", f"There is no user {new.account_id} to own the gateway.")
        for account_id in new.share_with:
            await share_on(conn, gateway_id, account_id)
    return gateway_id


async def get(pool: Connections, gateway_id: UUID) -> GatewayInfo:
    """One gateway.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        await cursor.execute(f"{INFO} and g.id = %s", (gateway_id,))
        row = await cursor.fetchone()
    if row is None:
        raise _unknown(gateway_id)
    return row


async def lock(pool: Connections, gateway_id: UUID) -> GatewayInfo:
    """One gateway, which nobody else changes until the transaction ends.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with pool.connection() as conn:
        await conn.execute("select from gateways where id = %s for no key update", (gateway_id,))
    return await get(pool, gateway_id)


async def list_gateways(pool: Pool, account_id: int | None = None) -> list[GatewayInfo]:
    """An owner's gateways, or all, in the order of owner, channel and identifier."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        await cursor.execute(
            f"""{INFO} and (%(owner)s::bigint is null or g.account_id = %(owner)s)
                order by g.account_id, g.channel, g.identifier""",
            {"owner": account_id},
        )
        return await cursor.fetchall()


async def named(pool: Connections, account_id: int, identifier: str, channel: str | None = None) -> list[GatewayInfo]:
    """An owner's gateways of this identifier: at most one per channel."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        await cursor.execute(
            f"""{INFO} and g.account_id = %(owner)s and g.identifier = %(identifier)s
                and g.channel = coalesce(%(channel)s::text, g.channel) order by g.channel""",
            {"owner": account_id, "identifier": identifier, "channel": channel},
        )
        return await cursor.fetchall()


async def of_type(pool: Pool, channel: str, type_name: str, gateway_id: UUID | None = None) -> list[tuple[UUID, int]]:
    """Ids and versions of the gateways of a type, or of the one meant, in use or not: the admin's, then by age.

    Deleted ones come last, as providers report on what was sent before.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select id, version from gateways
               where channel = %s and type = %s and id = coalesce(%s, id)
               order by deleted_at is not null, account_id <> 0, created_at, id limit %s""",
            (channel, type_name, gateway_id, MOST_OF_A_TYPE),
        )
        return await cursor.fetchall()


async def in_use(pool: Pool, type_names: Sequence[str]) -> list[tuple[UUID, int]]:
    """Ids and versions of the enabled gateways of these types."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select id, version from gateways where type = any(%s) and enabled order by id", (list(type_names),)
        )
        return await cursor.fetchall()


async def by_identifier(pool: Pool, account_id: int, channel: str, identifier: str) -> GatewayInfo | None:
    """The gateway that an account means by this identifier: its own one, else one shared with it or in its plan."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        await cursor.execute(
            f"""{INFO} and g.channel = %(channel)s and g.identifier = %(identifier)s and g.id in (
                    select usable_gateways(a.id, a.plan_id) from accounts a where a.id = %(account_id)s)
                order by g.account_id = %(account_id)s desc, g.priority, g.created_at, g.id limit 1""",  # noqa: S608 - a constant
            {"account_id": account_id, "channel": channel, "identifier": identifier},
        )
        return await cursor.fetchone()


async def unknown_identifiers(pool: Connections, account_id: int, channel: str, identifiers: Sequence[str]) -> set[str]:
    """Of these identifiers, those that mean no gateway to the account, enabled or not."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select unknown_gateways(%s, %s, %s::text[])", (account_id, channel, list(identifiers))
        )
        return {identifier for (identifier,) in await cursor.fetchall()}


async def identifiers_of(pool: Connections, gateway_ids: Collection[str], channel: str) -> set[str]:
    """The identifiers of these gateways, as far as they are of a channel and not deleted."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select identifier from gateways where id = any(%s::uuid[]) and channel = %s and deleted_at is null",
            (list(gateway_ids), channel),
        )
        return {identifier for (identifier,) in await cursor.fetchall()}


async def usable_ids(pool: Connections, account_id: int, gateway_ids: Collection[str]) -> set[str]:
    """Which of these gateways an account may send through, enabled or not."""
    if not gateway_ids:
        return set()
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select way.id::text from accounts a cross join lateral usable_gateways(a.id, a.plan_id) as way (id)
               where a.id = %s and way.id = any(%s::uuid[])""",
            (account_id, list(gateway_ids)),
        )
        return {gateway_id for (gateway_id,) in await cursor.fetchall()}


async def count(pool: Connections, account_id: int) -> int:
    """How many gateways an account owns."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select count(*) from gateways where account_id = %s and deleted_at is null", (account_id,)
        )
        row = await cursor.fetchone()
        return int(row[0]) if row else 0


async def load(pool: Connections, keyring: Keyring, gateway_id: UUID) -> StoredGateway:
    """A gateway with its configuration opened.

    Raises:
        NotFoundError: there is none of this id.
        KeyringError: the ring lacks the key, or the row was tampered with.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """select id, account_id, channel, identifier, type, config, version, per_second, on_unknown, enabled,
                      from_policy, from_address
               from gateways where id = %s""",
            (gateway_id,),
        )
        row = await cursor.fetchone()
    if row is None:
        raise _unknown(gateway_id)
    return StoredGateway(**{**row, "config": _open(keyring, gateway_id, row["config"])})


async def set_enabled(pool: Connections, gateway_id: UUID, enabled: bool) -> None:
    """Enable or disable a gateway.

    Raises:
        NotFoundError: there is none of this id.
    """
    await _change(pool, gateway_id, "enabled = %s", (enabled,))


async def set_mode(pool: Connections, gateway_id: UUID, mode: Mode) -> None:
    """Activate, drain or pause a gateway. Idempotent.

    Raises:
        NotFoundError: there is none of this id.
    """
    await _change(pool, gateway_id, "mode = %s", (mode,))


async def tune(
    pool: Connections, gateway_id: UUID, per_second: float | None, priority: int, on_unknown: str, from_policy: str
) -> None:
    """Change a gateway's rate, priority, and policies for lost answers and for what emails are from.

    Raises:
        NotFoundError: there is none of this id.
    """
    settings = (per_second, priority, on_unknown, from_policy)
    await _change(pool, gateway_id, "per_second = %s, priority = %s, on_unknown = %s, from_policy = %s", settings)


async def configure(pool: Connections, keyring: Keyring, gateway_id: UUID, config: dict[str, Any]) -> None:
    """Replace a gateway's configuration.

    Raises:
        NotFoundError: there is none of this id.
    """
    values = (_seal(keyring, gateway_id, config), from_address(config))
    await _change(pool, gateway_id, "config = %s, from_address = %s", values)


async def rename(pool: Connections, gateway: GatewayInfo, identifier: str) -> None:
    """Give a gateway another identifier.

    Raises:
        InvalidError: the identifier cannot be one.
        ConflictError: the owner has a gateway of this identifier on this channel.
        NotFoundError: the gateway is no more.
    """
    _check_identifier(identifier)
    try:
        await _change(pool, gateway.id, "identifier = %s", (identifier,))
    except psycopg.errors.UniqueViolation:
        raise _taken(gateway.channel, identifier) from None


async def delete(pool: Connections, gateway_id: UUID) -> None:
    """Delete a gateway: nobody's messages find it. It is kept for what was sent through it, with its configuration for
    receipts that come later.

    Paused, running dispatches return what they have not sent; disabled, messages that wait for it are signalled.

    Raises:
        NotFoundError: there is none of this id.
    """
    gone = "deleted_at = clock_timestamp(), enabled = %s, mode = %s"
    async with pool.connection() as conn, conn.transaction():
        await _change(InTransaction(conn), gateway_id, gone, (False, Mode.PAUSED))
        await conn.execute("delete from gateway_shares where gateway_id = %s", (gateway_id,))
        await conn.execute("delete from plan_gateways where gateway_id = %s", (gateway_id,))


async def _change(pool: Connections, gateway_id: UUID, assignments: str, values: tuple[object, ...]) -> None:
    """Every change increments the version, by which workers detect outdated copies."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"update gateways set {assignments}, version = version + 1 where id = %s and deleted_at is null",  # noqa: S608 - constants of ours
            (*values, gateway_id),
        )
    if cursor.rowcount == 0:
        raise _unknown(gateway_id)


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal every configuration with the current key, so that older keys can be removed. Returns how many.

    Raises:
        KeyringError: a configuration does not open; nothing was changed then.
    """
    async with pool.connection() as conn, conn.transaction():
        rows = await (await conn.execute("select id, config from gateways order by id for update")).fetchall()
        for gateway_id, sealed in rows:
            resealed = _seal(keyring, gateway_id, _open(keyring, gateway_id, sealed))
            await conn.execute("update gateways set config = %s where id = %s", (resealed, gateway_id))
    return len(rows)


async def open_configs(pool: Connections, keyring: Keyring, gateway_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The configurations of these gateways, without those that do not open with the ring."""
    async with pool.connection() as conn:
        rows = await (
            await conn.execute("select id, config from gateways where id = any(%s)", (list(gateway_ids),))
        ).fetchall()
    found: dict[UUID, dict[str, Any]] = {}
    for gateway_id, sealed in rows:
        with suppress(KeyringError):
            found[gateway_id] = _open(keyring, gateway_id, sealed)
    return found


def from_address(config: Mapping[str, Any]) -> str:
    """The own address of a gateway, as senders' addresses are spelled; empty: it has none."""
    given = config.get("from_address")
    if not isinstance(given, str):
        return ""
    try:
        return normalise_email(given)
    except InvalidRecipient:
        return ""


def _check_identifier(identifier: str) -> None:
    if not IDENTIFIER.fullmatch(identifier):
        raise InvalidError("identifier", "Use letters, digits, '.', '_' and '-' for the identifier.", "/identifier")


def _taken(channel: str, identifier: str) -> ConflictError:
    message = f"There is a {channel} gateway {identifier} already: choose another identifier."
    return ConflictError("gateway_exists", message)


def _seal(keyring: Keyring, gateway_id: UUID, config: dict[str, Any]) -> bytes:
    return keyring.encrypt(json.dumps(config).encode(), _aad(gateway_id))


def _open(keyring: Keyring, gateway_id: UUID, sealed: bytes) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(keyring.decrypt(sealed, _aad(gateway_id)))
    return config


def _aad(gateway_id: UUID) -> bytes:
    return f"gateways|config|{gateway_id}".encode()


def _unknown(gateway_id: UUID) -> NotFoundError:
    return NotFoundError("gateway_not_found", f"There is no gateway with the id {gateway_id}.")
