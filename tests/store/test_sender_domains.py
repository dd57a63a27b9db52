"""Keys of sender domains are sealed to their places, and follow the key ring."""

from domain.keyring import CREDENTIALS, Keyring
from store.accounts import sender_domains
from store.accounts.sender_domains import NewKey
from store.pool import Pool
from tests.store.builders import new_account


async def test_keys_are_resealed_with_the_first_key_of_the_ring(fresh_pool: Pool):
    old, new = Keyring.generate(), Keyring.generate().replace("k1:", "k2:")
    before, both, after = (Keyring.parse(text, CREDENTIALS) for text in (old, f"{new},{old}", new))
    account = await new_account(fresh_pool)
    first = await sender_domains.add(fresh_pool, before, account, "a.test", "t", NewKey("xs1", "one", "p"))
    await sender_domains.set_next_key(fresh_pool, before, first, NewKey("xs2", "two", "q"))
    await sender_domains.add(fresh_pool, before, account, "b.test", "t", NewKey("xs1", "three", "p"))
    assert await sender_domains.reseal_all(fresh_pool, both) == 2
    async with fresh_pool.connection() as conn:
        rows = await (await conn.execute("select domain, key, next_key from sender_domains order by id")).fetchall()
    opened = [
        sender_domains.open_key(after, account, domain, selector, sealed)
        for domain, *keys in rows
        for selector, sealed in zip(("xs1", "xs2"), keys, strict=True)
        if sealed is not None
    ]
    assert opened == ["one", "two", "three"]
