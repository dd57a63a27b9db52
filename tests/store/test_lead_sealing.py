"""Credentials of sources and raw leads are sealed to their places, and follow the key ring."""

import pytest

from domain.keyring import CREDENTIALS, Keyring, KeyringError
from store.leads import resealing
from store.leads.sealing import open_credentials, open_lead, seal_credentials, seal_lead
from store.pool import Pool
from tests.leads_made import new_lead, new_source
from tests.store.builders import new_account


async def test_all_are_resealed_with_the_first_key_of_the_ring(fresh_pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("store.leads.resealing._SOME", 2)  # so that leads take several transactions
    old, new = Keyring.generate(), Keyring.generate().replace("k1:", "k2:")
    before, both, after = (Keyring.parse(text, CREDENTIALS) for text in (old, f"{new},{old}", new))
    source = await new_source(fresh_pool, await new_account(fresh_pool), "meta", page_id="508")
    leads = [await new_lead(fresh_pool, source) for _ in range(5)]
    bare = await new_lead(fresh_pool, source)
    async with fresh_pool.connection() as conn:
        sealed = seal_credentials(before, source.id, {"token": "secret"})
        await conn.execute("update lead_sources set sealed = %s where id = %s", (sealed, source.id))
        for lead in leads:
            raw = seal_lead(before, lead, {"id": str(lead)})
            await conn.execute("update leads set sealed = %s where id = %s", (raw, lead))
    assert await resealing.reseal_all(fresh_pool, both) == 6
    async with fresh_pool.connection() as conn:
        (kept,) = await (await conn.execute("select sealed from lead_sources")).fetchall()
        rows = dict(await (await conn.execute("select id, sealed from leads")).fetchall())
    assert open_credentials(after, source.id, kept[0]) == {"token": "secret"}
    assert [open_lead(after, lead, rows[lead])["id"] for lead in leads] == [str(lead) for lead in leads]
    assert rows[bare] is None
    with pytest.raises(KeyringError):
        open_lead(after, leads[0], rows[leads[1]])  # another place
