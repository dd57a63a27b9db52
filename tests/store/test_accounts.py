"""Accounts and plans."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from pydantic import ValidationError

from domain.access.api_keys import KeyKind, parse
from domain.errors import ConflictError, InvalidError, NotFoundError
from store.accounts import accounts, api_keys, plans
from store.accounts.credits import Wallet, show
from tests.store.builders import find_key, new_account


def address() -> str:
    return f"{uuid4().hex}@Example.com"


async def new_plan(pool, **fields) -> str:
    name = f"plan {uuid4()}"
    await plans.create(pool, plans.NewPlan.model_validate({"name": name, **fields}, strict=False))
    return name


async def test_a_new_account_has_an_empty_wallet_on_every_channel(pool):
    email = address()
    account = await accounts.create(pool, email, "Ada", None, uuid4())
    assert (account.email, account.name, account.status, account.plan) == (email, "Ada", "active", None)
    assert await show(pool, account.id) == dict.fromkeys(("email", "sms", "whatsapp"), Wallet(0, 0, 0, 0))
    assert await accounts.by_email(pool, email.upper()) == account == await accounts.get(pool, account.id)


async def test_an_address_is_used_once_until_its_account_is_deleted(pool):
    email = address()
    first = await accounts.create(pool, email, "Ada", None, uuid4())
    with pytest.raises(ConflictError, match="already"):
        await accounts.create(pool, email.upper(), "Ada", None, uuid4())
    await accounts.delete(pool, first.id)
    assert (await accounts.create(pool, email, "Ada", None, uuid4())).id > first.id


async def test_deleting_ends_the_keys_and_is_final(pool):
    account = await new_account(pool)
    key = await api_keys.create(pool, KeyKind.USER, account)
    await accounts.delete(pool, account)
    found = await find_key(pool, parse(key.text).id, None)
    assert found.revoked_at is not None
    assert found.principal.status == "deleted"
    for change in (accounts.delete, accounts.suspend, accounts.resume):
        with pytest.raises(NotFoundError):
            await change(pool, account)


async def test_the_admin_account_is_out_of_reach(pool):
    for change in (accounts.get, accounts.delete, accounts.suspend, accounts.resume):
        with pytest.raises(NotFoundError):
            await change(pool, 0)
    with pytest.raises(NotFoundError):
        await accounts.assign_plan(pool, 0, await new_plan(pool), uuid4())


async def test_pages_of_accounts_follow_each_other_without_the_deleted(pool):
    ids = [await new_account(pool) for _ in range(4)]
    await accounts.delete(pool, ids[1])
    first = await accounts.page(pool, ids[0] - 1, 2)
    second = await accounts.page(pool, first[-1].id, 2)
    assert [account.id for account in first + second][:3] == [ids[0], ids[2], ids[3]]


async def test_a_plan_grants_its_credits_once_per_assignment(pool):
    plan = await new_plan(pool, period="week", channels={"sms": {"credits": 7}, "email": {"daily_limit": 5}})
    assignment = uuid4()
    account = await accounts.create(pool, address(), "Ada", plan, assignment)
    assert account.plan == plan
    assert abs(account.plan_expires_at - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    await accounts.assign_plan(pool, account.id, plan, assignment)
    assert (await show(pool, account.id))["sms"] == Wallet(7, 0, 0, 7)
    await accounts.assign_plan(pool, account.id, plan, uuid4())
    assert (await show(pool, account.id))["sms"] == Wallet(14, 0, 0, 14)
    async with pool.connection() as conn:
        notes = await (await conn.execute("select note from journal where account_id = %s", (account.id,))).fetchall()
    assert notes == [(f"plan {plan}",)] * 2


async def test_a_plan_for_ever_has_no_end(pool):
    account = await accounts.create(pool, address(), "Ada", await new_plan(pool, period="forever"), uuid4())
    assert account.plan_expires_at is None


async def test_an_unknown_plan_leaves_no_account_behind(pool):
    email = address()
    with pytest.raises(NotFoundError):
        await accounts.create(pool, email, "Ada", "no such plan", uuid4())
    assert await accounts.by_email(pool, email) is None


async def test_a_plan_comes_back_as_it_was_created(pool):
    plan = await new_plan(pool, price_cents=900, currency="EUR", channels={"sms": {"credits": 7, "daily_limit": 9}})
    found = await plans.get(pool, plan)
    assert (found.price_cents, found.currency, found.period, found.own_gateways) == (900, "EUR", "month", True)
    assert found.channels == {"sms": {"credits": 7, "daily_limit": 9, "carry_over": None}}
    assert found in await plans.list_plans(pool)
    with pytest.raises(ConflictError):
        await plans.create(pool, plans.NewPlan(name=plan))


async def test_a_plan_with_an_unknown_gateway_is_refused_whole(pool):
    name = f"plan {uuid4()}"
    with pytest.raises(InvalidError, match="nowhere"):
        await plans.create(pool, plans.NewPlan(name=name, gateways=["nowhere"]))
    with pytest.raises(NotFoundError):
        await plans.get(pool, name)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "a\0b"},
        {"price_cents": -1},
        {"price_cents": 1.5},
        {"currency": "eur"},
        {"period": "decade"},
        {"channels": {"fax": {}}},
        {"channels": {"sms": {"credits": True}}},
        {"channels": {"sms": {"credit": 5}}},
        {"colour": "red"},
    ],
)
def test_a_malformed_plan_is_refused(fields):
    with pytest.raises(ValidationError):
        plans.NewPlan(**{"name": "plan", **fields})
