"""Which addresses accounts may send emails from, through which gateways, and the keys that these are signed with."""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from domain.mail.addresses import domain_of
from domain.mail.sender_domains import USABLE
from domain.messages.routing import SendingAs
from store.pool import Connections

_USABLE = list(USABLE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What stands in the way of sending from an address."""

    is_verified: bool
    """Whether its domain is verified for the account."""
    is_own: bool
    """Whether it is the fixed address of a gateway that the account may use."""
    has_gateway: bool
    """Whether the account may use a gateway that sends from verified domains."""


async def wishes(pool: Connections, account_id: int, addresses: Collection[str]) -> dict[str, Wish]:
    """What stands in the way of each of these addresses."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """with ways as (
                   select g.from_policy, g.from_address
                   from (select * from accounts where id = %(account)s limit 1) a
                   cross join lateral usable_gateways(a.id, a.plan_id) as way (id)
                   join gateways g on g.id = way.id where g.channel = 'email')
               select f.address,
                      exists (select from sender_domains d where d.account_id = %(account)s and d.domain = f.domain
                                                             and d.state = any(%(usable)s::text[])),
                      exists (select from ways w where w.from_address = f.address),
                      exists (select from ways w where w.from_policy = 'verified_domains')
               from unnest(%(addresses)s::text[], %(domains)s::text[]) as f (address, domain)""",
            {
                "account": account_id,
                "addresses": list(addresses),
                "domains": [domain_of(address) for address in addresses],
                "usable": _USABLE,
            },
        )
        return {address: Wish(*wish) for address, *wish in await cursor.fetchall()}


async def sending_as(
    pool: Connections, accounts: Collection[int], domains: Collection[str], gateway_ids: Collection[UUID]
) -> dict[int, SendingAs]:
    """For each account, which of these domains are verified for it, and what these gateways send as."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select null::bigint, null::text, id, from_policy = 'verified_domains', from_address, null::uuid
               from gateways where id = any(%(gateways)s::uuid[])
               union all
               select account_id, domain, null, null, null, (select w.id from warm_ups w where w.domain_id = d.id)
               from sender_domains d
               where domain = any(%(domains)s::text[]) and account_id = any(%(accounts)s::bigint[])
                     and state = any(%(usable)s::text[])""",
            {
                "gateways": list(gateway_ids),
                "domains": list(domains),
                "accounts": list(accounts),
                "usable": _USABLE,
            },
        )
        rows = await cursor.fetchall()
    fixed = {gateway_id: address for _, _, gateway_id, _, address, _ in rows if gateway_id is not None}
    open_ones = frozenset(gateway_id for _, _, gateway_id, is_open, *_ in rows if is_open)
    return {
        account_id: SendingAs(
            frozenset(domain for owner, domain, *_ in rows if owner == account_id),
            open_ones,
            fixed,
            {domain: row[-1] for owner, domain, *row in rows if owner == account_id and row[-1] is not None},
        )
        for account_id in accounts
    }


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key of a domain that is verified for an account."""

    domain_id: int
    account_id: int
    domain: str
    selector: str
    sealed: bytes = field(repr=False)


async def signing_keys(pool: Connections, wanted: Collection[tuple[int, str]]) -> list[SigningKey]:
    """The keys of these accounts' domains, those that are verified now."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select d.id, d.account_id, d.domain, d.selector, d.key
               from unnest(%s::bigint[], %s::text[]) as w (account_id, domain)
               join sender_domains d on d.account_id = w.account_id and d.domain = w.domain
               where d.state = any(%s::text[])""",
            ([account_id for account_id, _ in wanted], [domain for _, domain in wanted], _USABLE),
        )
        return [SigningKey(*row) for row in await cursor.fetchall()]


async def note_from_address(pool: Connections, gateway_id: UUID, address: str) -> None:
    """Note the fixed address of a gateway that was configured before these were noted; empty: it has none."""
    async with pool.connection() as conn:
        await conn.execute(
            "update gateways set from_address = %s where id = %s and from_address is null", (address, gateway_id)
        )
