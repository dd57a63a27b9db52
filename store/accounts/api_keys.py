"""API keys: they identify the account of a request. Secrets are shown once, when created, and never stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from psycopg.rows import class_row

from domain.access.api_keys import KeyKind, MintedKey, mint, preview
from domain.access.permissions import EVERYTHING
from domain.access.user_scopes import Rights, checked_scopes, is_narrowed, terms_of
from domain.audience.purposes import Purpose
from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.messages.page import KeyTerms
from store.accounts import sending_terms
from store.audience.consent import purposes
from store.links import settings
from store.pool import Connections
from store.settings import install_settings

Network = IPv4Network | IPv6Network

ADMIN_SCOPES = ("send", "read", "admin")
"""What a key of the admin can be allowed to do; those of staff keys are permissions, or all of their role's."""
_ALL = {KeyKind.ADMIN: ADMIN_SCOPES, KeyKind.STAFF: (EVERYTHING,)}


@dataclass(frozen=True, slots=True)
class ActingStaff:
    """A member of staff who works in the account of a user."""

    id: int
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Principal:
    """The account that a request acts for."""

    key_id: str
    account_id: int
    """0 is the admin."""
    kind: str
    scopes: list[str]
    status: str
    """The status of the account: active, suspended or deleted."""
    time_zone: str
    default_region: str | None
    """The country of the account's numbers that have no country code; ``None``: the install's."""
    rate_class: str
    """The key's own, or from the account's plan; ``unlimited`` without either."""
    available: int | None
    """Credits on the requested channel; ``None`` where nothing is charged, or no channel was given."""
    settings_version: int
    """Of the settings of the install (``store.settings.install_settings``)."""
    rates_version: int | None
    """Of the rates of the account's plan; ``None``: it has none."""
    plan_countries: list[str] | None = None
    """Whose numbers the account's plan lets it send to; ``None``: those of all."""
    has_own_rate: bool = False
    """Whether the rate class is the key's own, so that its requests are counted apart."""
    spend_cap: int | None = None
    """The most credits that its messages may take in a day; ``None``: no limit."""
    purposes: tuple[Purpose, ...] = ()
    """Those that the account made or changed."""
    templates_version: int = 0
    """Of the account's templates: it grows with each that is published; 0: none ever was."""
    links: dict[str, Any] | None = None
    """What is done with the links of the account's messages, with its ``domain``, for ``LinkRules``."""
    is_session: bool = False
    """Whether somebody has logged in: then ``key_id`` is the session's."""
    acting: ActingStaff | None = None
    """Who works in the account by this session, if it is not its user."""
    is_confirmed: bool = True
    """Whether it was proved lately who uses the session; of keys always."""

    @property
    def is_test(self) -> bool:
        """Whether its messages only pretend to be sent."""
        return self.kind == KeyKind.TEST

    @property
    def rights(self) -> Rights:
        """What a user's key may do, as it is compared."""
        return Rights.of(self.scopes)

    @property
    def terms(self) -> KeyTerms | None:
        """What the key demands of its messages, if anything."""
        if not (self.is_test or self.spend_cap is not None or is_narrowed(self.scopes)):
            return None
        terms = terms_of(self.key_id, self.scopes, test=self.is_test)
        return terms if terms.test or terms.gateways or self.spend_cap is not None else None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it is stored, with all that is needed to accept or refuse it."""

    principal: Principal
    hash: bytes = field(repr=False)
    revoked_at: datetime | None
    expires_at: datetime | None
    allowed_ips: list[Network] | None
    """Networks it may be used from; ``None``: any."""
    staff_id: int | None
    """The member of staff whose it is; ``None``: a user's, or the admin's."""
    certificate: str | None
    """SHA-256 of the client certificate that requests must come with; ``None``: they need none."""
    session_used_at: datetime | None = None
    """When it was used, about, if it is a session."""
    lacks_second_factor: bool = False
    """Whether it is a session that began with a password, of somebody who has no second factor."""

    @property
    def kind(self) -> str:
        """What its text says that it is."""
        return KeyKind.SESSION if self.principal.is_session else self.principal.kind


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key as its owner sees it afterwards."""

    id: str
    account_id: int
    kind: str
    staff_id: int | None
    name: str
    preview: str
    """The last characters of the key."""
    scopes: list[str]
    allowed_ips: list[Network] | None
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None
    """To the minute; ``None``: never."""
    last_used_ip: str | None
    rate_class: str | None
    spend_cap: int | None
    certificate: str | None


Wanted = tuple[str, str | None]
"""The id of a key, and the channel whose credit is to be loaded with it."""

COLUMNS = f"""k.id, k.account_id, k.kind, k.scopes, a.status, a.time_zone, a.default_region,
       coalesce(k.rate_class, p.rate_class, 'unlimited'), {{available}}, {install_settings.VERSION}, p.rates_version,
       {sending_terms.COUNTRIES}, k.rate_class is not null, k.spend_cap,
       case when a.asks_consent then {purposes.OF_ACCOUNT} end, a.templates_version, {settings.OF_ACCOUNT},
       k.hash, k.revoked_at, k.expires_at, k.allowed_ips, k.staff_id, k.certificate"""
"""What ``stored_key`` takes; ``available`` is a column, or null."""
COLUMN_COUNT = 23
JOINS = """join api_keys k on k.id = wanted.id
join accounts a on a.id = k.account_id
left join plans p on p.id = a.plan_id"""
"""What ``COLUMNS`` are of, joined to ``wanted``, whose ``id`` is a key's."""

_FIND = f"""
select wanted.id, wanted.channel, {COLUMNS.format(available="w.available")}
from unnest(%s::text[], %s::text[]) as wanted(id, channel)
{JOINS}
left join wallets w on w.account_id = k.account_id and w.channel = wanted.channel
"""  # noqa: S608 - constants of ours


async def find_keys(pool: Connections, wanted: Sequence[Wanted]) -> dict[Wanted, StoredKey]:
    """The keys of these ids, whether they are valid or not, with what their accounts have available on the channel."""
    ids, channels = [key_id for key_id, _ in wanted], [channel for _, channel in wanted]
    async with pool.connection() as conn:
        rows = await (await conn.execute(_FIND, (ids, channels))).fetchall()
    return {(row[0], row[1]): stored_key(row[2:]) for row in rows}


def stored_key(columns: Sequence[Any]) -> StoredKey:
    """A key from its ``COLUMNS``."""
    return StoredKey(Principal(*[*columns[:14], purposes.read(columns[14]), *columns[15:17]]), *columns[17:])


async def create(
    pool: Connections,
    kind: KeyKind,
    account_id: int,
    name: str = "",
    scopes: Sequence[str] | None = None,
    allowed_ips: Sequence[Network] | None = None,
    expires_at: datetime | None = None,
    staff_id: int | None = None,
    rate_class: str | None = None,
    spend_cap: int | None = None,
    certificate: str | None = None,
) -> MintedKey:
    """Make a key; ``scopes`` left out means those that a key of its kind usually has. Its text is not stored.

    Of a member of staff the account is the admin; whether the scopes are permissions is not checked here.

    Raises:
        InvalidError: an unknown scope, or no scope.
        ForbiddenError: a scope that this kind cannot have.
        NotFoundError: there is no such account.
    """
    is_users = kind in (KeyKind.USER, KeyKind.TEST)
    if is_users:
        scopes = checked_scopes(scopes)
    elif scopes is None:
        scopes = _ALL[kind]
    elif kind is KeyKind.ADMIN:
        check_admin_scopes(scopes)
    minted = mint(kind)
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """insert into api_keys
                   (id, account_id, kind, name, hash, preview, scopes, allowed_ips, expires_at, staff_id, rate_class,
                    spend_cap, certificate)
               select %s, a.id, %s, %s, %s, %s, %s, %s::cidr[], %s, %s, %s, %s, %s from accounts a
               where a.id = %s and a.status <> 'deleted' and (a.id = 0) = %s""",
            (
                minted.id,
                kind,
                name,
                minted.hash,
                preview(minted.text),
                list(scopes),
                None if allowed_ips is None else list(allowed_ips),
                expires_at,
                staff_id,
                rate_class,
                spend_cap,
                certificate,
                account_id,
                not is_users,
            ),
        )
    if cursor.rowcount == 0:
        raise NotFoundError("account_not_found", f"There is no user {account_id}.")
    return minted


def check_admin_scopes(scopes: Sequence[str]) -> None:
    """Refuse what an admin's key cannot be allowed to do.

    Raises:
        InvalidError: an unknown scope, or no scope.
    """
    known = ", ".join(ADMIN_SCOPES)
    if unknown := sorted(set(scopes) - set(ADMIN_SCOPES)):
        raise InvalidError("scope_unknown", f"No scope {', '.join(unknown)}: use {known}.", "/scopes")
    if not scopes:
        raise InvalidError("scopes_empty", f"Give the key a scope: {known}.", "/scopes")


_INFO = """
select id, account_id, kind, staff_id, name, preview, scopes, allowed_ips, expires_at, revoked_at, created_at,
       (select u.last_used_at from key_uses u where u.key_id = id) as last_used_at,
       (select u.last_used_ip from key_uses u where u.key_id = id) as last_used_ip, rate_class, spend_cap,
       certificate
from api_keys
"""


async def list_keys(pool: Connections, account_id: int) -> list[KeyInfo]:
    """An account's keys, the newest first, revoked ones included."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(KeyInfo)) as cursor:
        await cursor.execute(f"{_INFO} where account_id = %s order by created_at desc, id", (account_id,))
        return await cursor.fetchall()


async def get(pool: Connections, key_id: str, *, lock: bool = False) -> KeyInfo:
    """One key; ``lock``: nobody else changes it until the transaction ends.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(KeyInfo)) as cursor:
        await cursor.execute(f"{_INFO} where id = %s{' for update' if lock else ''}", (key_id,))
        key = await cursor.fetchone()
    if key is None:
        raise _unknown(key_id)
    return key


async def count_valid(pool: Connections, account_id: int) -> int:
    """How many keys of an account can be used."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select count(*) from api_keys
               where account_id = %s and revoked_at is null and coalesce(expires_at > now(), true)""",
            (account_id,),
        )
        row = await cursor.fetchone()
        return int(row[0]) if row else 0


async def page(
    pool: Connections, user_id: int | None, staff_id: int | None, after: tuple[datetime, str] | None, limit: int
) -> list[KeyInfo]:
    """Keys after one made at a time, with an id; the newest first, revoked ones included; of one user, one member of
    staff, or all."""
    conditions = {
        "account_id = %(user)s": user_id,
        "staff_id = %(staff)s": staff_id,
        "(created_at, id) < (%(at)s, %(id)s)": after,
    }
    where = " and ".join(condition for condition, value in conditions.items() if value is not None) or "true"
    at, key_id = after or (None, None)
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(KeyInfo)) as cursor:
        await cursor.execute(
            f"{_INFO} where {where} order by created_at desc, id desc limit %(limit)s",
            {"user": user_id, "staff": staff_id, "at": at, "id": key_id, "limit": limit},
        )
        return await cursor.fetchall()


_ROLL = """
with old as (
    update api_keys set expires_at = least(expires_at, now() + %(overlap)s * interval '1 second')
    where id = %(old_id)s
    returning account_id, kind, name, scopes, allowed_ips, staff_id, rate_class, spend_cap, certificate
), spent as (
    insert into key_spend select %(id)s, day, credits from key_spend where key_id = %(old_id)s
)
insert into api_keys
    (id, account_id, kind, name, hash, preview, scopes, allowed_ips, expires_at, staff_id, rate_class, spend_cap,
     certificate)
select %(id)s, account_id, kind, name, %(hash)s, %(preview)s, scopes, allowed_ips, now() + %(lifetime)s, staff_id,
       rate_class, spend_cap, certificate
from old
"""


async def roll(pool: Connections, key_id: str, overlap: int) -> MintedKey:
    """Replace a key by a new one with the same rights; the old one works for ``overlap`` more seconds.

    What the old one has spent today counts for the new one too. A key with a limited lifetime is replaced by one with
    the same lifetime.

    Raises:
        NotFoundError: there is no such key.
        ConflictError: it is revoked or expired.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            """select kind, expires_at - created_at, revoked_at is null and coalesce(expires_at > now(), true)
               from api_keys where id = %s for update""",
            (key_id,),
        )
        row = await cursor.fetchone()
        if row is None:
            raise _unknown(key_id)
        kind, lifetime, valid = row
        if not valid:
            raise ConflictError("key_invalid", f"The key {key_id} is revoked or expired: create a new one.")
        minted = mint(KeyKind(kind))
        await conn.execute(
            _ROLL,
            {
                "old_id": key_id,
                "overlap": overlap,
                "id": minted.id,
                "hash": minted.hash,
                "preview": preview(minted.text),
                "lifetime": lifetime,
            },
        )
    return minted


async def revoke(pool: Connections, key_id: str) -> None:
    """Revoke a key permanently.

    Raises:
        NotFoundError: there is no such key.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "update api_keys set revoked_at = coalesce(revoked_at, now()) where id = %s", (key_id,)
        )
    if cursor.rowcount == 0:
        raise _unknown(key_id)


def _unknown(key_id: str) -> NotFoundError:
    return NotFoundError("key_not_found", f"There is no key with the id {key_id}.")
