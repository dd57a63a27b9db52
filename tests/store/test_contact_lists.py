"""Lists of contacts read by index, whatever they filter by, at 100,000 contacts of two accounts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from embedded.engine import Engine
from store.audience.contacts import lists
from store.audience.contacts.lists import Filter
from store.pool import Pool, long_transaction, open_pool
from tests.databases import new_install
from tests.store.test_admin_lists import chosen, plan_of

MANY = 100_000
NOW = datetime.now(UTC)
OF_CONTACTS: dict[str, Any] = {
    "text": "name77",
    "email": "p77@example.com",
    "phone": "+491710000077",
    "external_id": "crm-77",
    "tag": "rare",
    "group": 177,
    "created_after": NOW - timedelta(days=400),
    "created_before": NOW - timedelta(seconds=MANY / 2),
    "updated_after": NOW - timedelta(minutes=5),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def many(engine: Engine):
    url = await new_install(engine.database_url)
    pool = await open_pool(url, 1, "test")
    async with long_transaction(pool) as conn:
        await conn.execute(
            "insert into accounts (id, email, name) overriding system value values (7, 'a@x', ''), (8, 'b@x', '')"
        )
        await conn.execute(
            """insert into contacts (id, account_id, email, phone, external_id, first_name, last_name, tags, groups,
                   created_at, updated_at)
               select uid_at(now() - (%(many)s - n) * interval '1 s'), 7 + n %% 2, 'p' || n || '@example.com',
                   '+49171' || lpad(n::text, 7, '0'), 'crm-' || n, 'Ada' || n %% 997, 'Name' || n * 7919 %% 10007,
                   case when n %% 10000 = 7 then '{rare,t0}' else array['t' || n %% 3] end,
                   array[n %% 7, 100 + n %% 1000],
                   now() - (%(many)s - n) * interval '1 s', now() - (%(many)s - n) * interval '1 s'
               from generate_series(1, %(many)s::bigint) as n""",
            {"many": MANY},
        )
        await conn.execute("analyze contacts")
    yield pool
    await pool.close()


@pytest.mark.parametrize("filters", chosen(OF_CONTACTS), ids=lambda filters: "+".join(filters) or "none")
@pytest.mark.parametrize("below", [None, UUID(int=2**127)])
async def test_contacts(many: Pool, filters: dict[str, Any], below: UUID | None):
    plan = await plan_of(many, lambda pool: lists.page(pool, 7, Filter(**filters), below, 50))
    assert "Seq Scan" not in plan, plan
    if {"email", "phone", "external_id"} & filters.keys():
        assert "contacts_newest" not in plan, f"it reads all contacts: {plan}"
