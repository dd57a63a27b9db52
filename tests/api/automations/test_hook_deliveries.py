"""The same delivery again is answered alike and does nothing: one after the other, at once, and at another process."""

import asyncio

import httpx

from store.automations.hooks import deliveries
from tests.api.answers import assert_error
from tests.api.automations.automations import data, holder
from tests.api.automations.hooks import ADA, entered, listened, made, post
from tests.stack import Stack, serve_api

ALWAYS = {"re_entry": {"mode": "always"}}


async def test_a_key_and_an_id_of_a_sender_tell_deliveries_apart(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user)
    await listened(stack, user, entry=ALWAYS)
    runs = 0
    for headers in (
        {"Idempotency-Key": "a"},
        {"Idempotency-Key": "b"},
        {"webhook-id": "a"},
        {"svix-id": "a"},
    ):
        answers = [(await post(stack, hook["path"], ADA, headers)).json() for _ in range(3)]
        assert answers == [answers[0]] * 3
        assert answers[0]["workflows_triggered"] == 1
        runs += 1
        assert len(await entered(stack, user)) == runs, headers
    for _ in range(2):  # without any, each post is another one
        await post(stack, hook["path"], ADA)
    assert len(await entered(stack, user)) == runs + 2


async def test_a_key_belongs_to_one_body(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user)
    await listened(stack, user)
    key = {"Idempotency-Key": "a"}
    assert (await post(stack, hook["path"], ADA, key)).status_code == 200
    assert_error(await post(stack, hook["path"], ADA | {"order_id": 2}, key), 422, "idempotency_mismatch")
    assert_error(await post(stack, hook["path"], ADA, {"Idempotency-Key": "é".encode()}), 422, "idempotency_key")


async def test_a_delivery_that_was_refused_may_come_again(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user)
    await listened(stack, user)
    named = {"webhook-id": "a"}
    assert (await post(stack, hook["path"], {"email": "no address"}, named)).status_code == 422
    assert (await post(stack, hook["path"], ADA, named)).json()["workflows_triggered"] == 1


async def test_the_same_id_at_two_hooks_is_two_deliveries(stack: Stack):
    user = await holder(stack)
    hooks = [await made(stack, user, name=name) for name in ("Shop cart", "Other")]
    await listened(stack, user, entry=ALWAYS)
    named = {"webhook-id": "a"}
    assert (await post(stack, hooks[1]["path"], ADA, named)).json()["workflows_triggered"] == 0
    assert (await post(stack, hooks[0]["path"], ADA, named)).json()["workflows_triggered"] == 1


async def test_fifty_at_once_at_two_processes_enter_once(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, delivery=["/id"])
    await listened(stack, user, entry=ALWAYS)
    async with serve_api(stack.settings) as other, httpx.AsyncClient(timeout=30) as http:
        answers = await asyncio.gather(
            *(http.post(f"{base}{hook['path']}", json=ADA | {"id": 7}) for base in [stack.url, other] * 25)
        )
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.text for answer in answers} == {answers[0].text}
        assert answers[0].json()["workflows_triggered"] == 1
    assert len(await entered(stack, user)) == 1


async def test_deliveries_are_forgotten_after_four_days(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user)
    await listened(stack, user, entry=ALWAYS)
    for number in range(3):
        await post(stack, hook["path"], ADA, {"webhook-id": str(number)})
    of_hook = "hook_id = (select id from automation_hooks where account_id = %s)"
    async with stack.pool.connection() as conn:
        for hours in (73, 97):
            await conn.execute(
                f"""update automation_deliveries set at = clock_timestamp() - %s * interval '1 hour'
                    where ctid = (select ctid from automation_deliveries
                                  where {of_hook} and at > clock_timestamp() - interval '1 hour' limit 1)""",
                (hours, user.id),
            )
    await deliveries.delete_old(stack.pool)
    async with stack.pool.connection() as conn:
        row = await (
            await conn.execute(f"select count(*) from automation_deliveries where {of_hook}", (user.id,))
        ).fetchone()
    assert row == (2,)


async def test_a_hook_without_ids_pays_for_none(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user)
    await listened(stack, user)
    await post(stack, hook["path"], ADA)
    async with stack.pool.connection() as conn:
        row = await (
            await conn.execute(
                """select count(*) from automation_deliveries d join automation_hooks h on h.id = d.hook_id
                   where h.account_id = %s""",
                (user.id,),
            )
        ).fetchone()
    assert row == (0,)
    assert (await data(stack, user, "GET", "/hooks/shop-cart"))["failures"] == 0


async def test_a_key_counts_where_the_hooks_own_places_are_empty(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, delivery=["header:X-Delivery", "/id"])
    await listened(stack, user, entry=ALWAYS)
    for headers in ({"Idempotency-Key": "a"}, {"webhook-id": "a"}, {"X-Delivery": "a"}, {"X-Delivery": "b"}):
        for _ in range(2):
            answer = await post(stack, hook["path"], ADA | {"id": 7}, headers)
            assert answer.json()["workflows_triggered"] == 1
    assert len(await entered(stack, user)) == 4
    for _ in range(2):  # a part of the id is none
        await post(stack, hook["path"], ADA, {"X-Delivery": "a"})
    assert len(await entered(stack, user)) == 6
