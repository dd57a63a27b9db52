"""API keys in the store."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from uuid import uuid4

import pytest

from domain.access.api_keys import KeyKind, matches, parse
from domain.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from store.accounts import accounts, api_keys, plans
from tests.store.builders import find_key, new_account


async def test_a_key_is_found_with_its_account_plan_and_wallet(pool):
    plan = plans.NewPlan(name=f"plan {uuid4()}", rate_class="high")
    await plans.create(pool, plan)
    account = await new_account(pool, credit=5, plan=plan.name)
    networks = [ip_network("192.0.2.0/24"), ip_network("2001:db8::1")]
    minted = await api_keys.create(pool, KeyKind.USER, account, "shop", ["send"], networks)
    found = await find_key(pool, minted.id, "sms")
    assert found.principal == api_keys.Principal(
        key_id=minted.id,
        account_id=account,
        kind="user",
        scopes=["send"],
        status="active",
        time_zone="UTC",
        default_region=None,
        rate_class="high",
        available=5,
        settings_version=found.principal.settings_version,
        rates_version=None,
    )
    assert matches(parse(minted.text), found.hash)
    assert (found.revoked_at, found.expires_at, found.allowed_ips) == (None, None, networks)
    assert (await find_key(pool, minted.id, None)).principal.available is None
    assert await find_key(pool, "nosuchkey000", "sms") is None


async def test_an_admin_key_has_all_scopes_and_no_wallet(pool):
    minted = await api_keys.create(pool, KeyKind.ADMIN, 0)
    found = (await find_key(pool, minted.id, "sms")).principal
    assert (found.account_id, found.kind, found.available) == (0, "admin", None)
    assert found.scopes == ["send", "read", "admin"]
    assert found.rate_class == "unlimited"


async def test_a_suspension_shows_in_the_key(pool):
    account = await new_account(pool)
    minted = await api_keys.create(pool, KeyKind.USER, account)
    await accounts.suspend(pool, account)
    assert (await find_key(pool, minted.id, "sms")).principal.status == "suspended"


async def test_keys_fit_their_owner(pool):
    account = await new_account(pool)
    for kind, owner in ((KeyKind.USER, 0), (KeyKind.ADMIN, account), (KeyKind.USER, 2**62)):
        with pytest.raises(NotFoundError):
            await api_keys.create(pool, kind, owner)
    with pytest.raises(ForbiddenError):
        await api_keys.create(pool, KeyKind.USER, account, scopes=["send", "admin"])
    for scopes in ([], ["fly"]):
        with pytest.raises(InvalidError):
            await api_keys.create(pool, KeyKind.USER, account, scopes=scopes)


async def test_the_list_and_the_row_hold_no_secret(pool):
    account = await new_account(pool)
    minted = await api_keys.create(pool, KeyKind.USER, account, "shop")
    (listed,) = await api_keys.list_keys(pool, account)
    assert (listed.id, listed.name, listed.preview) == (minted.id, "shop", minted.text[-4:])
    secret = minted.text.split("_")[3][:43]
    async with pool.connection() as conn:
        row = await (await conn.execute("select k::text from api_keys k where id = %s", (minted.id,))).fetchone()
    assert secret not in row[0]
    assert secret not in repr(minted)


async def test_a_rolled_key_works_on_for_the_overlap(pool):
    account = await new_account(pool)
    networks = [ip_network("192.0.2.0/24")]
    in_90_days = datetime.now(UTC) + timedelta(days=90)
    old = await api_keys.create(pool, KeyKind.USER, account, "shop", ["read"], networks, in_90_days)
    new = await api_keys.roll(pool, old.id, overlap=600)
    before, after = [await find_key(pool, key.id, None) for key in (old, new)]
    assert matches(parse(new.text), after.hash)
    assert (after.principal.scopes, after.allowed_ips) == (["read"], networks)
    assert abs(before.expires_at - datetime.now(UTC) - timedelta(seconds=600)) < timedelta(minutes=1)
    assert abs(after.expires_at - in_90_days) < timedelta(minutes=1)


async def test_rolling_never_lengthens_a_key_and_needs_a_valid_one(pool):
    account = await new_account(pool)
    soon = datetime.now(UTC) + timedelta(seconds=60)
    key = await api_keys.create(pool, KeyKind.USER, account, expires_at=soon)
    await api_keys.roll(pool, key.id, overlap=3600)
    assert (await find_key(pool, key.id, None)).expires_at == soon
    await api_keys.roll(pool, key.id, overlap=0)
    with pytest.raises(ConflictError):
        await api_keys.roll(pool, key.id, overlap=0)
    with pytest.raises(NotFoundError):
        await api_keys.roll(pool, "nosuchkey000", overlap=0)


async def test_revoking_is_final(pool):
    account = await new_account(pool)
    key = await api_keys.create(pool, KeyKind.USER, account)
    await api_keys.revoke(pool, key.id)
    revoked_at = (await find_key(pool, key.id, None)).revoked_at
    await api_keys.revoke(pool, key.id)
    assert (await find_key(pool, key.id, None)).revoked_at == revoked_at is not None
    with pytest.raises(ConflictError):
        await api_keys.roll(pool, key.id, overlap=60)
    with pytest.raises(NotFoundError):
        await api_keys.revoke(pool, "nosuchkey000")
