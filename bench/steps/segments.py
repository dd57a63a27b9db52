"""How fast the contacts of a segment are counted, beside a scan of the same contacts with one trivial filter."""

from datetime import UTC, datetime

from bench.figure import Figure
from bench.install import Install
from bench.load import Run, in_turn, run_in_flight
from bench.tenant import new_tenant
from domain.audience.conditions.parsing import OF_CONTACTS, parse_condition
from store.audience.segments import matching
from store.connection import Connection
from store.pool import long_transaction

_CONTACTS = 1_000_000
_COUNTS = 20
_SLICE = 100_000
_FILL = (
    """insert into contact_groups (account_id, key, name) values (%(account)s, 'shop', 'Shop')""",
    """insert into contacts (id, account_id, email, country, fields, tags, groups)
       select gen_random_uuid(), %(account)s, 'c' || n || '@example.com', (array['DE', 'AT', 'FR', 'US'])[1 + n %% 4],
              jsonb_build_object('city', 'city' || n %% 7, 'age', 16 + n %% 70),
              case n %% 3 when 0 then array['vip'] when 1 then array['new', 'vip'] else '{}' end,
              case when n %% 2 = 0 then array[g.id] else '{}' end
       from generate_series(%(first)s::integer, %(last)s::integer) as n
       join contact_groups g on g.account_id = %(account)s""",
    """insert into contact_events (account_id, contact_id, name, at, source)
       select account_id, id, 'message.opened', clock_timestamp() - random() * interval '90 days', gen_random_uuid()
       from contacts where account_id = %(account)s and random() < 0.5""",
)
CONDITION = {
    "all": [
        {"field": "contact.city", "op": "in", "value": ["city1", "city2", "city3"]},
        {"field": "contact.age", "op": "between", "value": [18, 40]},
        {"tag": "vip"},
        {"group": "shop"},
        {"event": "message.opened", "op": "happened", "within": "30d"},
    ]
}
"""Five conditions: a text, a number, a tag, a group, an event."""


async def measure(install: Install, scale: float) -> list[Figure]:
    """Counts and scans in turn, so that both meet the same machine."""
    contacts = int(_CONTACTS * scale)
    account = await _filled(install, contacts)
    condition = parse_condition(CONDITION, roots=OF_CONTACTS)

    async def segment(_: int) -> None:
        await matching.count(install.pool, account, condition, datetime.now(UTC))

    async def scan(_: int) -> None:
        async with long_transaction(install.pool) as conn:
            await conn.execute("select count(*) from contacts where account_id = %s and country = 'DE'", (account,))

    counted, scanned = await in_turn(
        lambda: run_in_flight(segment, _COUNTS, 1), lambda: run_in_flight(scan, _COUNTS, 1), _p95
    )
    return [
        Figure(
            "p95 of the count of a segment with five conditions",
            _p95(counted),
            "ms",
            f"One scan of {contacts:,} contacts, beside one of their events' index.",
            _p95(scanned),
            "a scan with one filter",
        )
    ]


async def _filled(install: Install, contacts: int) -> int:
    """An account with so many contacts."""
    user = (await new_tenant(install)).id
    for statement in _FILL:
        for first in range(0, contacts, _SLICE) if "generate_series" in statement else (0,):
            async with long_transaction(install.pool) as conn:
                last = min(first + _SLICE, contacts)
                await conn.execute(statement, {"account": user, "first": first + 1, "last": last})
    async with await Connection.to(install.settings.database_url, "bench", 300.0) as conn:
        await conn.execute("vacuum analyze contacts, contact_events")
    return user


def _p95(run: Run) -> float:
    return run.spread.p95_ms
