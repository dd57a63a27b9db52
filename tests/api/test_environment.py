"""Whether an account is one for tests: nothing that it sends leaves the install."""

from uuid import UUID, uuid4

from services.accounts.environment import Environment, environment_of
from services.sending.sandbox import ensure_sandbox
from store.accounts import accounts, plans
from store.gateways import gateways
from store.gateways.gateway_shares import share
from store.gateways.gateways import NewGateway
from tests.api.admin import admin
from tests.api.log_in import member, user
from tests.stack import Stack


async def _added(stack: Stack, owner: int) -> UUID:
    config = {"host": "mail.example.com", "from_address": "news@example.com"}
    new = NewGateway(account_id=owner, channel="email", type="smtp", identifier=uuid4().hex, config=config)
    return await gateways.add(stack.pool, stack.keyring, new)


async def test_an_account_is_live_once_it_may_use_what_is_no_sandbox(stack: Stack):
    account = (await stack.user()).id
    assert await environment_of(stack.pool, account) is Environment.TEST, "it has no gateway at all"
    for sandbox in await ensure_sandbox(stack.pool, stack.keyring):
        await share(stack.pool, sandbox.id, account)
    assert await environment_of(stack.pool, account) is Environment.TEST
    added = await _added(stack, account)
    assert await environment_of(stack.pool, account) is Environment.LIVE
    await gateways.set_enabled(stack.pool, added, False)
    assert await environment_of(stack.pool, account) is Environment.TEST


async def test_what_is_shared_counts_and_what_the_plan_forbids_does_not(stack: Stack):
    account = (await stack.user()).id
    await _added(stack, account)
    plan = await plans.create(stack.pool, plans.NewPlan(name=uuid4().hex, period="forever", own_gateways=False))
    await accounts.assign_plan(stack.pool, account, plan.name, uuid4())
    assert await environment_of(stack.pool, account) is Environment.TEST
    await share(stack.pool, await _added(stack, 0), account)
    assert await environment_of(stack.pool, account) is Environment.LIVE


async def test_whoever_logs_in_is_told(stack: Stack):
    owner = await admin(stack)
    person = await user(owner)
    session = await person.begin()
    assert (await session.data("GET", "/api/auth/me"))["environment"] == "test"
    await _added(stack, person.id)
    assert (await session.data("GET", "/api/auth/me"))["environment"] == "live"
    staff = await (await member(owner)).begin()
    assert (await staff.data("GET", "/api/auth/me"))["environment"] is None
