"""Samples of posts, and maps that are made from them: nobody enters, and no secret is kept."""

import json
from urllib.parse import urlencode

from domain.automations.hooks.suggesting import suggest
from store.automations.hooks import hooks, samples
from store.operations import exports, purging
from tests.api.answers import assert_error
from tests.api.automations.automations import call, data, holder
from tests.api.automations.hooks import ADA, entered, listened, made, post
from tests.stack import Stack

ORDER = {
    "id": 7,
    "customer": {"id": "c1", "email": "ada@example.com", "phone": "0151 2345678", "first_name": "Ada"},
    "total": 99,
}


async def test_a_sample_lets_nobody_in(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, auth={"style": "bearer"})
    await listened(stack, user)
    path, bearer = hook["path"] + "?test=1", {"Authorization": f"Bearer {hook['secret']}"}
    assert_error(await post(stack, path, ADA), 401, "hook_unauthorized")
    answer = await post(stack, path, ADA, bearer | {"X-Topic": "new", "Cookie": "a=b", "X-Api-Key": "c"})
    assert (answer.status_code, answer.json()["workflows_triggered"]) == (200, 0), answer.text
    assert answer.json()["message"] == "Sample recorded"
    (sample,) = await data(stack, user, "GET", "/hooks/shop-cart/samples")
    assert sample["body"] == ADA
    assert sample["headers"]["x-topic"] == "new"
    assert not {"authorization", "cookie", "x-api-key"} & set(sample["headers"])
    assert hook["secret"] not in json.dumps(sample)
    assert await entered(stack, user) == []
    assert (await call(stack, user, "GET", "/contacts")).json()["data"] == []


async def test_a_hook_that_is_tested_keeps_every_post_and_only_the_last_five(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user)
    await listened(stack, user)
    await data(stack, user, "PATCH", "/hooks/shop-cart", {"testing": True})
    for number in range(7):
        form = urlencode({"customer[email]": "ada@example.com", "n": number}).encode()
        answer = await post(stack, hook["path"], form, {"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.json()["workflows_triggered"] == 0
    kept = await data(stack, user, "GET", "/hooks/shop-cart/samples")
    assert [one["body"]["n"] for one in kept] == ["6", "5", "4", "3", "2"]
    assert kept[0]["body"]["customer"] == {"email": "ada@example.com"}
    await data(stack, user, "PATCH", "/hooks/shop-cart", {"testing": False})
    assert (await post(stack, hook["path"], ADA)).json()["workflows_triggered"] == 1


async def test_a_map_is_tried_on_the_newest_sample(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, delivery=["/id"], topic="header:X-Topic")
    assert_error(await call(stack, user, "POST", "/hooks/shop-cart/try"), 422, "hook_sample", "/body")
    assert_error(await call(stack, user, "POST", "/hooks/shop-cart/suggest"), 422, "hook_sample", "/body")
    await post(stack, hook["path"] + "?test=1", ORDER, {"X-Topic": "order.new"})
    unmapped = await data(stack, user, "POST", "/hooks/shop-cart/try")
    assert ([one["code"] for one in unmapped["notes"]], unmapped["contact"]) == (["contact_missing"], {})
    found = await data(stack, user, "POST", "/hooks/shop-cart/suggest")
    assert found == {
        "email": "/customer/email",
        "phone": "/customer/phone",
        "external_id": "/customer/id",
        "fields": {"first_name": "/customer/first_name"},
        "event": {"id": "/id"},
    }
    tried = await data(stack, user, "POST", "/hooks/shop-cart/try", {"map": found})
    assert [one["pointer"] for one in tried["notes"]] == ["/phone"]  # without a country, nobody knows where it is
    assert tried["contact"]["email"] == "ada@example.com"
    assert tried["event"] == {"id": 7, "total": 99, "topic": "order.new"}
    assert (tried["topic"], tried["has_delivery_id"]) == ("order.new", True)
    given = {"body": {"email": 7}, "map": {"email": ["/mail", "/email"]}}
    notes = (await data(stack, user, "POST", "/hooks/shop-cart/try", given))["notes"]
    assert [(one["pointer"], one["code"]) for one in notes] == [("/email", "value_type"), ("", "contact_missing")]
    assert (await call(stack, user, "GET", "/contacts")).json()["data"] == []


async def test_samples_are_deleted_with_their_hook_and_after_thirty_days(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user)
    for _ in range(2):
        await post(stack, hook["path"] + "?test=1", ADA)
    mine = "select count(*) from automation_hook_samples where account_id = %s"
    async with stack.pool.connection() as conn:
        await conn.execute(
            """update automation_hook_samples set at = clock_timestamp() - interval '31 days' where id = (
                   select min(id::text)::uuid from automation_hook_samples where account_id = %s)""",
            (user.id,),
        )
        await samples.delete_old(stack.pool)
        assert await (await conn.execute(mine, (user.id,))).fetchone() == (1,)
        await data(stack, user, "DELETE", "/hooks/shop-cart")
        assert await (await conn.execute(mine, (user.id,))).fetchone() == (0,)


def test_a_map_is_suggested_by_values_and_names():
    body = {
        "orderId": "A1",
        "note": "write to help@example.com",
        "shop": {"contactEmail": "shop@example.com"},
        "buyer": {"EMAIL": "ada@example.com", "Mobile": "+1 415 555 0123", "givenName": "Ada", "id": True},
        "lines": [{"sku": "x"}] * 3,
        "order_id": 5,
        "flag": False,
        "none": None,
    }
    assert suggest(body) == {
        "email": "/buyer/EMAIL",
        "phone": "/buyer/Mobile",
        "fields": {"first_name": "/buyer/givenName"},
        "event": {"order_id": "/orderId"},
    }
    assert suggest({"a/b~c": {"email": "ada@example.com"}}) == {"email": "/a~1b~0c/email"}
    assert suggest({"contact": {"address": "ada@example.com"}, "x": 5}) == {"email": "/contact/address"}
    deep: dict[str, object] = {}
    for _ in range(30):
        deep = {"email": "ada@example.com", "in": deep}
    assert suggest({"wide": {str(number): number for number in range(5_000)}, "deep": deep})["email"] == "/deep/email"


async def test_an_account_takes_its_samples_along_and_leaves_nothing_behind(stack: Stack):
    user = await holder(stack)
    hook = await made(stack, user, auth={"style": "bearer"})
    bearer = {"Authorization": f"Bearer {hook['secret']}"}
    await post(stack, hook["path"] + "?test=1", ADA, bearer)
    await post(stack, hook["path"], ADA, bearer | {"webhook-id": "a"})
    await data(stack, user, "POST", "/hooks/shop-cart/rotate")
    taken = {}
    for source in exports.SOURCES:
        if source.name.startswith("automation_hook"):
            taken[source.name] = [json.loads(row) for _, row in await exports.rows(stack.pool, source, user.id, None)]
    (kept,), (sample,) = taken["automation_hooks"], taken["automation_hook_samples"]
    assert not {"secrets", "digest"} & set(kept)
    assert sample["body"] == ADA
    (found,) = await hooks.page(stack.pool, user.id, None, 1)
    for step in purging.STEPS:
        await purging.do_step(stack.pool, step, user.id)
    async with stack.pool.connection() as conn:
        for table in ("hooks where id", "hook_samples where hook_id", "hook_former_ids where hook_id"):
            cursor = await conn.execute(f"select from automation_{table} = %s", (found.id,))
            assert cursor.rowcount == 0, table
        cursor = await conn.execute("select from automation_deliveries where hook_id = %s", (found.id,))
        assert cursor.rowcount == 0
