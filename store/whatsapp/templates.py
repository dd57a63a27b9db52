"""Templates of providers by gateway, and when they are read again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.whatsapp.templates import APPROVED, ProviderTemplate
from store.pool import Connections, Pool

_COLUMNS = "name, language, provider_id, category, status, components, quality, rejected_reason"


@dataclass(frozen=True, slots=True)
class Listed:
    """A template, and the gateway whose it is."""

    gateway: str
    template: ProviderTemplate
    synced_at: datetime


async def take_due(pool: Pool, type_name: str, seconds: float, most: int) -> list[tuple[UUID, int]]:
    """Gateways whose templates are to be read now: ids and versions. They are due again after ``seconds``, whatever
    comes of it. One that was never read is due at once."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into template_syncs (gateway_id) select id from gateways g
               where type = %s and enabled and not exists (select from template_syncs s where s.gateway_id = g.id)
               on conflict do nothing""",
            (type_name,),
        )
        cursor = await conn.execute(
            """update template_syncs s set due_at = clock_timestamp() + %s * interval '1 second'
               from gateways g
               where s.gateway_id in (select gateway_id from template_syncs where due_at <= clock_timestamp()
                                      order by due_at limit %s for update skip locked)
                 and g.id = s.gateway_id and g.enabled
               returning g.id, g.version""",
            (seconds, most),
        )
        return await cursor.fetchall()


async def replace(pool: Pool, gateway_id: UUID, found: Sequence[ProviderTemplate]) -> None:
    """Keep what a gateway's provider has now, and nothing else."""
    async with pool.connection() as conn, conn.transaction(), conn.cursor() as cursor:
        await cursor.execute("select from template_syncs where gateway_id = %s for update", (gateway_id,))
        await cursor.execute("delete from provider_templates where gateway_id = %s", (gateway_id,))
        await cursor.executemany(
            f"""insert into provider_templates (gateway_id, {_COLUMNS})
                values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing""",  # noqa: S608 - a constant of ours
            [
                (
                    *(gateway_id, one.name, one.language, one.provider_id, one.category, one.status),
                    *(Jsonb(one.components), one.quality, one.rejected_reason),
                )
                for one in found
            ],
        )
        await cursor.execute(
            "update template_syncs set synced_at = clock_timestamp(), failure = null where gateway_id = %s",
            (gateway_id,),
        )


async def note_failure(pool: Pool, gateway_id: UUID, reason: str) -> None:
    """Note why they could not be read. What was read before stays; they are due again in ten minutes."""
    async with pool.connection() as conn:
        await conn.execute(
            """update template_syncs set failure = %s, due_at = clock_timestamp() + interval '10 minutes'
               where gateway_id = %s""",
            (reason[:500], gateway_id),
        )


async def read_again(store: Connections, gateway_ids: Collection[UUID]) -> None:
    """Have the templates of these gateways read soon."""
    async with store.connection() as conn:
        await conn.execute(
            "update template_syncs set due_at = clock_timestamp() where gateway_id = any(%s)", (list(gateway_ids),)
        )


_USABLE = """
from accounts a cross join lateral usable_gateways(a.id, a.plan_id) as way (id)
join gateways g on g.id = way.id and g.channel = 'whatsapp' and g.enabled
join template_syncs s on s.gateway_id = g.id and s.synced_at is not null
"""


async def of_account(store: Connections, account_id: int, after: tuple[str, str, str], limit: int) -> Sequence[Listed]:
    """Templates of the gateways that an account may use, by gateway, name and language."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""select g.identifier, s.synced_at, t.name, t.language, t.provider_id, t.category, t.status, t.components,
                    t.quality, t.rejected_reason {_USABLE}
                join provider_templates t on t.gateway_id = g.id
                where a.id = %(account)s and (g.identifier, t.name, t.language) > (%(gateway)s, %(name)s, %(language)s)
                order by g.identifier, t.name, t.language limit %(limit)s""",
            {"account": account_id, **dict(zip(("gateway", "name", "language"), after, strict=True)), "limit": limit},
        )
        return [Listed(gateway, ProviderTemplate(*values), at) for gateway, at, *values in await cursor.fetchall()]


async def of_gateway(store: Connections, gateway_id: UUID, after: tuple[str, str, str], limit: int) -> Sequence[Listed]:
    """Templates of one gateway, by name and language."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select g.identifier, s.synced_at, t.name, t.language, t.provider_id, t.category, t.status, t.components,
                   t.quality, t.rejected_reason
               from gateways g join template_syncs s on s.gateway_id = g.id and s.synced_at is not null
               join provider_templates t on t.gateway_id = g.id
               where g.id = %s and (t.name, t.language) > (%s, %s) order by t.name, t.language limit %s""",
            (gateway_id, *after[1:], limit),
        )
        return [Listed(gateway, ProviderTemplate(*values), at) for gateway, at, *values in await cursor.fetchall()]


async def own_gateways(store: Connections, account_id: int) -> list[UUID]:
    """Gateways of an account's own whose templates are read."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select s.gateway_id from template_syncs s join gateways g on g.id = s.gateway_id
               where g.account_id = %s and g.enabled""",
            (account_id,),
        )
        return [gateway_id for (gateway_id,) in await cursor.fetchall()]


async def approved_languages(pool: Pool, gateway_id: UUID, names: Collection[str]) -> dict[str, set[str]]:
    """The languages in which a gateway's templates of these names are approved, by name."""
    found: dict[str, set[str]] = {}
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select name, language from provider_templates where gateway_id = %s and name = any(%s) and status = %s",
            (gateway_id, list(names), APPROVED),
        )
        for name, language in await cursor.fetchall():
            found.setdefault(name, set()).add(language)
    return found


async def named(
    store: Connections, account_id: int, names: Collection[str]
) -> dict[str, dict[str, list[ProviderTemplate]] | None]:
    """By identifier of a gateway that the account may use: by name its templates; ``None``: they were not read."""
    found: dict[str, dict[str, list[ProviderTemplate]] | None] = {}
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select g.identifier, s.synced_at is not null, t.name, t.language, t.provider_id, t.category, t.status,
                   t.components, t.quality, t.rejected_reason
               from accounts a cross join lateral usable_gateways(a.id, a.plan_id) as way (id)
               join gateways g on g.id = way.id and g.channel = 'whatsapp' and g.enabled
               left join template_syncs s on s.gateway_id = g.id
               left join provider_templates t on t.gateway_id = g.id and t.name = any(%s)
               where a.id = %s""",
            (list(names), account_id),
        )
        for gateway, is_read, *values in await cursor.fetchall():
            of_gateway = found.setdefault(gateway, {} if is_read else None)
            if of_gateway is not None and values[0] is not None:
                of_gateway.setdefault(values[0], []).append(ProviderTemplate(*values))
    return found
