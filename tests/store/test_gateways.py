"""Gateways in the store: their secrets, their owners, who may use them."""

from uuid import uuid4

import pytest

from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.keyring import CREDENTIALS, Keyring, KeyringError
from store.accounts import accounts, plans
from store.gateways import gateways
from store.gateways.gateway_shares import share, unshare
from tests.store.builders import new_account

SECRET = "sesame-open-1234"
KEYS = Keyring.generate()
KEYRING = Keyring.parse(KEYS, CREDENTIALS)


def new(owner: int, identifier: str | None = None, **fields) -> gateways.NewGateway:
    name = identifier or f"gw-{uuid4().hex}"
    config = {"url": "https://example.com", "token": SECRET}
    return gateways.NewGateway(
        account_id=owner, channel="sms", identifier=name, type="http", **{"config": config} | fields
    )


async def raw_config(pool, gateway_id) -> bytes:
    async with pool.connection() as conn:
        row = await (await conn.execute("select config from gateways where id = %s", (gateway_id,))).fetchone()
    return row[0]


async def test_a_gateway_comes_back_with_its_configuration(pool):
    account = await new_account(pool)
    added = new(account, per_second=50.0, on_unknown="resend", priority=7)
    gateway_id = await gateways.add(pool, KEYRING, added)
    assert await gateways.load(pool, KEYRING, gateway_id) == gateways.StoredGateway(
        id=gateway_id,
        account_id=account,
        channel="sms",
        identifier=added.identifier,
        type="http",
        config=added.config,
        version=1,
        per_second=50.0,
        on_unknown="resend",
        enabled=True,
        from_policy="fixed",
        from_address="",
    )
    info = await gateways.get(pool, gateway_id)
    assert (info.priority, info.shared_with) == (7, [])
    assert await gateways.list_gateways(pool, account) == [info]


async def test_secrets_are_sealed_and_stay_in_their_row(pool):
    one, two = [await gateways.add(pool, KEYRING, new(0)) for _ in range(2)]
    assert SECRET.encode() not in await raw_config(pool, one)
    assert SECRET not in repr(await gateways.load(pool, KEYRING, one)) + repr(new(0))
    async with pool.connection() as conn:
        await conn.execute("update gateways set config = %s where id = %s", (await raw_config(pool, one), two))
    with pytest.raises(KeyringError):
        await gateways.load(pool, KEYRING, two)
    await gateways.configure(pool, KEYRING, two, {})


async def test_resealing_lets_an_old_key_go(fresh_pool):
    gateway_id = await gateways.add(fresh_pool, KEYRING, new(0))
    fresh = Keyring.generate().replace("k1:", "k2:")
    assert await gateways.reseal_all(fresh_pool, Keyring.parse(f"{fresh},{KEYS}", CREDENTIALS)) == 1
    loaded = await gateways.load(fresh_pool, Keyring.parse(fresh, CREDENTIALS), gateway_id)
    assert loaded.config["token"] == SECRET
    with pytest.raises(KeyringError):
        await gateways.reseal_all(fresh_pool, KEYRING)


async def test_every_change_counts_up_the_version(pool):
    gateway_id = await gateways.add(pool, KEYRING, new(0))
    await gateways.set_enabled(pool, gateway_id, False)
    await gateways.tune(pool, gateway_id, 2.5, 9, "resend", "fixed")
    await gateways.configure(pool, KEYRING, gateway_id, {"url": "https://example.org"})
    loaded = await gateways.load(pool, KEYRING, gateway_id)
    assert (loaded.version, loaded.enabled, loaded.per_second, loaded.on_unknown) == (4, False, 2.5, "resend")
    assert loaded.config == {"url": "https://example.org"}
    for change in (gateways.set_enabled(pool, uuid4(), True), gateways.load(pool, KEYRING, uuid4())):
        with pytest.raises(NotFoundError):
            await change


async def test_an_identifier_is_the_owners_once_per_channel(pool):
    account, other = await new_account(pool), await new_account(pool)
    await gateways.add(pool, KEYRING, new(account, "main"))
    with pytest.raises(ConflictError):
        await gateways.add(pool, KEYRING, new(account, "main"))
    await gateways.add(pool, KEYRING, new(other, "main"))
    for identifier in (" ", "a b", "-a", "ä", "a\n", "a" * 101):
        with pytest.raises(InvalidError):
            await gateways.add(pool, KEYRING, new(account, identifier))
    with pytest.raises(NotFoundError):
        await gateways.add(pool, KEYRING, new(2**62))


async def test_an_account_sees_its_own_shared_and_plan_gateways(pool):
    account, stranger = await new_account(pool), await new_account(pool)
    names = [f"{kind}-{uuid4().hex}" for kind in ("own", "shared", "plan", "foreign")]
    own, shared, in_plan, foreign = names
    await gateways.add(pool, KEYRING, new(account, own))
    shared_id = await gateways.add(pool, KEYRING, new(0, shared, share_with=[account]))
    await gateways.add(pool, KEYRING, new(0, in_plan))
    await gateways.add(pool, KEYRING, new(stranger, foreign))
    plan = plans.NewPlan(name=f"plan {uuid4()}", own_gateways=False, gateways=[in_plan])
    await plans.create(pool, plan)

    async def unknown(who: int) -> set[str]:
        return await gateways.unknown_identifiers(pool, who, "sms", [*names, "nowhere"])

    assert await unknown(account) == {in_plan, foreign, "nowhere"}
    assert await unknown(0) == {own, foreign, "nowhere"}
    assert await unknown(stranger) == {own, shared, in_plan, "nowhere"}
    assert await gateways.unknown_identifiers(pool, account, "email", [own]) == {own}
    await accounts.assign_plan(pool, account, plan.name, uuid4())
    assert await unknown(account) == {own, foreign, "nowhere"}
    assert (await gateways.by_identifier(pool, account, "sms", shared)).id == shared_id
    await unshare(pool, shared_id, account)
    assert await gateways.by_identifier(pool, account, "sms", shared) is None


async def test_an_own_gateway_hides_a_shared_one_of_the_same_name(pool):
    account = await new_account(pool)
    name = f"gw-{uuid4().hex}"
    shared = await gateways.add(pool, KEYRING, new(0, name, priority=1, share_with=[account]))
    assert (await gateways.by_identifier(pool, account, "sms", name)).id == shared
    own = await gateways.add(pool, KEYRING, new(account, name))
    assert (await gateways.by_identifier(pool, account, "sms", name)).id == own
    assert [info.id for info in await gateways.named(pool, account, name)] == [own]


async def test_sharing_twice_is_one_share(pool):
    account = await new_account(pool)
    gateway_id = await gateways.add(pool, KEYRING, new(0))
    await share(pool, gateway_id, account)
    await share(pool, gateway_id, account)
    assert (await gateways.get(pool, gateway_id)).shared_with == [account]
    await unshare(pool, gateway_id, account)
    for refused in (unshare(pool, gateway_id, account), share(pool, gateway_id, 2**62), share(pool, uuid4(), account)):
        with pytest.raises(NotFoundError):
            await refused
    with pytest.raises(NotFoundError):
        await gateways.add(pool, KEYRING, new(0, "orphan", share_with=[2**62]))
    assert await gateways.named(pool, 0, "orphan") == []
