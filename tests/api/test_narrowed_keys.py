"""A key is narrowed to some actions, channels, or gateways: it does those, and nothing else."""

import asyncio
from uuid import uuid4

import pytest

from domain.messages.routing import Mode
from store.gateways import gateways
from tests.api.access.routes import ALL
from tests.api.admin import admin
from tests.api.answers import CONTACT, EMAIL, SMS, assert_error, send_one
from tests.api.batches import get, send_batch, sink_gateway, steer
from tests.api.test_tenancy import filled
from tests.faults.sink import running_sink
from tests.stack import Stack, User

LATER = "2027-01-01T00:00:00Z"


async def key_with(stack: Stack, user: User, *scopes: str, **more: object) -> User:
    """A key of the user with these scopes."""
    made = await (await admin(stack)).data("POST", "/keys", {"user": user.id, "scopes": list(scopes), **more})
    assert made["scopes"] == sorted(scopes)
    return User(user.id, made["key"])


async def gateway_id(stack: Stack, user: User, identifier: str) -> str:
    (found,) = await gateways.named(stack.pool, user.id, identifier)
    return str(found.id)


NEEDS = {route.name: route.scopes for route in ALL if route.scopes}


async def code_of(stack: Stack, key: User, route: str) -> str | None:
    """The code with which a route refuses a key; ``None``: with none of those of narrowed keys."""
    method, path = route.split(" ")
    answer = await stack.http.request(method, filled(path).replace("{key}", "none"), headers=key.headers, json={})
    assert answer.status_code < 500, answer.text
    return answer.json()["errors"][0]["code"] if answer.status_code == 403 else None


async def test_narrowed_keys_and_test_keys_only_reach_what_minds_them(stack: Stack):
    user = await stack.user()
    identifier = await stack.gateway(user.id, "sms", "sandbox", {})
    gateway = f"gateway:{await gateway_id(stack, user, identifier)}"
    both = ("send", "read")
    for key, refusal in (
        (await key_with(stack, user, *both, "channel:sms"), "key_narrowed"),
        (await key_with(stack, user, *both, gateway), "key_narrowed"),
        (await key_with(stack, user, *both, test=True), "test_key"),
    ):
        for route, needs in NEEDS.items():
            if set(needs.scopes) <= set(both) and "/email/" not in route and "/whatsapp/" not in route:
                assert await code_of(stack, key, route) == (None if needs.minds_narrowing else refusal), route


@pytest.mark.parametrize("channel", ["email", "whatsapp"])
async def test_a_key_of_one_channel_sends_reads_and_changes_there_only(stack: Stack, channel: str):
    user = await stack.user()
    for each in CONTACT:
        await stack.gateway(user.id, each, "sandbox", {})
    key = await key_with(stack, user, "send", "read", "channel:sms")
    item = await send_one(stack, key, "sms", schedule_at=LATER)
    assert (await stack.status(key, "sms", item["uid"]))["state"] == "scheduled"
    assert (await stack.http.post(f"/api/sms/{item['uid']}/cancel", headers=key.headers)).status_code == 200
    uid = (await send_one(stack, user, channel, schedule_at=LATER))["uid"]
    assert_error(await stack.send(key, channel, CONTACT[channel]), 403, "channel_not_allowed")
    for method, path in (
        ("GET", f"/api/get/{channel}/{uid}"),
        ("POST", f"/api/{channel}/{uid}/cancel"),
        ("POST", f"/api/{channel}/{uid}/reschedule"),
    ):
        answer = await stack.http.request(method, path, headers=key.headers, json={"schedule_at": LATER})
        assert_error(answer, 403, "channel_not_allowed")
    params = {"contacts": SMS["number"], "message": "Hi"}
    by_query = await stack.http.get("/api/whatsapp/send", headers=key.headers, params=params)
    assert_error(by_query, 403, "channel_not_allowed")
    several = await key_with(stack, user, "send", "channel:sms", f"channel:{channel}")
    assert (await stack.send(several, channel, CONTACT[channel])).status_code == 200
    assert_error(await stack.http.get(f"/api/get/sms/{uid}", headers=several.headers), 403, "scope_missing")


async def test_a_key_of_one_channel_requests_no_fallback_on_another(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    key = await key_with(stack, user, "send", "channel:sms")
    step = {"channel": "email", "after": "1m", "if": "not_delivered", **EMAIL}
    for contacts in ([SMS | {"fallback": [step]}], [SMS, SMS | {"fallback": [step]}]):
        assert_error(await stack.send(key, "sms", *contacts), 403, "channel_not_allowed")
    own = {"channel": "sms", "after": "1m", "if": "not_delivered", **SMS}
    assert (await stack.send(key, "sms", SMS | {"fallback": [own]})).status_code == 200


async def test_a_key_of_one_channel_finds_batches_of_it_only(stack: Stack):
    user = await stack.user()
    batch = (await send_batch(stack, user, 501, schedule_at=LATER))["batch"]
    sms, email = [await key_with(stack, user, "send", "read", f"channel:{each}") for each in ("sms", "email")]
    assert [each["uid"] for each in (await get(stack, sms, ""))["data"]] == [batch]
    assert (await get(stack, email, ""))["data"] == []
    for path in ("", "/messages"):
        answer = await stack.http.get(f"/api/batches/{batch}{path}", headers=email.headers)
        assert_error(answer, 403, "channel_not_allowed")
    assert_error(await steer(stack, email, batch, "cancel"), 403, "channel_not_allowed")
    assert (await steer(stack, sms, batch, "cancel")).status_code == 200


async def test_a_key_of_gateways_sends_through_none_but_those(stack: Stack):
    user = await stack.user()
    first, second, third = [await stack.gateway(user.id, "sms", "sandbox", {}, priority=n) for n in range(3)]
    narrowed = [f"gateway:{await gateway_id(stack, user, name)}" for name in (second, third)]
    key = await key_with(stack, user, "send", "read", *narrowed)
    for wanted, used in ((None, second), (second, second), (third, third)):
        fields = {} if wanted is None else {"gateway_identifier": wanted}
        item = await send_one(stack, key, **fields)
        assert (await stack.final(key, "sms", item["uid"]))["gateway"] == used
    assert_error(await stack.send(key, "sms", SMS | {"gateway_identifier": first}), 403, "gateway_not_allowed")
    assert_error(await stack.send(key, "sms", SMS, SMS | {"gateway_identifier": first}), 403, "gateway_not_allowed")
    missing = await stack.send(key, "sms", SMS | {"gateway_identifier": "none"})
    assert_error(missing, 404, "gateway_not_found", "/contact/0/gateway_identifier")
    assert_error(await stack.send(key, "email", EMAIL), 403, "gateway_not_allowed")


async def test_requests_of_several_keys_that_come_together_keep_to_their_gateways(stack: Stack):
    user = await stack.user()
    names = [await stack.gateway(user.id, "sms", "sandbox", {}, priority=n) for n in range(3)]
    narrowed = [f"gateway:{await gateway_id(stack, user, name)}" for name in names[1:]]
    keys = [user, *[await key_with(stack, user, "send", "read", scope) for scope in narrowed]]
    together = list(range(3)) * 10
    items = await asyncio.gather(*(send_one(stack, keys[place]) for place in together))
    for place, item in zip(together, items, strict=True):
        assert (await stack.final(user, "sms", item["uid"]))["gateway"] == names[place]


async def test_a_message_does_not_fail_over_to_a_gateway_that_its_key_may_not_use(stack: Stack):
    user = await stack.user()
    async with running_sink(1) as sink:
        allowed = await stack.gateway(user.id, "sms", "sandbox", {})
        await sink_gateway(stack, user, sink)
        own = await gateway_id(stack, user, allowed)
        key = await key_with(stack, user, "send", "read", f"gateway:{own}")
        flaky = await send_one(stack, key, number="+15005550003")
        data = await stack.final(key, "sms", flaky["uid"])
        assert {attempt["gateway"] for attempt in data["attempts"]} == {allowed}
        assert len(data["attempts"]) == 3
        await gateways.set_mode(stack.pool, (await gateways.named(stack.pool, user.id, allowed))[0].id, Mode.PAUSED)
        waiting = (await send_one(stack, key))["uid"]
        async with asyncio.timeout(20):
            while (((await stack.status(key, "sms", waiting))["waiting"] or {}).get("for")) != "gateway_paused":
                await asyncio.sleep(0.02)
        await gateways.set_enabled(stack.pool, (await gateways.named(stack.pool, user.id, allowed))[0].id, False)
        refused = await stack.final(key, "sms", (await send_one(stack, key))["uid"])
        assert (refused["state"], refused["code"]) == ("failed", "gateway_not_allowed")
        assert refused["credit"]["state"] == "released"
        assert not sink.arrived


async def test_a_fallback_keeps_to_the_gateways_of_its_key(stack: Stack):
    user = await stack.user()
    async with running_sink(1) as sink:
        sms = await stack.gateway(user.id, "sms", "sandbox", {})
        await stack.gateway(user.id, "email", "http", sink.config)
        key = await key_with(stack, user, "send", "read", f"gateway:{await gateway_id(stack, user, sms)}")
        step = {"channel": "email", "after": "1s", "if": "not_delivered", **EMAIL}
        item = await send_one(stack, key, number="+15005550001", fallback=[step])
        async with asyncio.timeout(20):
            while not (uid := (await stack.status(key, "sms", item["uid"]))["fallback_uid"]):
                await asyncio.sleep(0.02)
        data = await stack.final(key, "email", uid)
        assert (data["state"], data["code"]) == ("failed", "gateway_not_allowed")
        assert not sink.arrived


async def test_a_batch_keeps_to_the_gateways_of_its_key_whoever_switches_it(stack: Stack):
    user = await stack.user()
    async with running_sink(1) as sink:
        other = await sink_gateway(stack, user, sink, priority=1)
        own = await stack.gateway(user.id, "sms", "sandbox", {})
        key = await key_with(stack, user, "send", "read", f"gateway:{await gateway_id(stack, user, own)}")
        batch = (await send_batch(stack, key, 501, schedule_at=LATER))["batch"]
        for of in (key, user):
            assert_error(
                await steer(stack, of, batch, "switch-gateway", gateway_identifier=other), 403, "gateway_not_allowed"
            )
        assert (await steer(stack, key, batch, "cancel")).status_code == 200
        sent = (await send_batch(stack, key, 501))["batch"]
        async with asyncio.timeout(60):
            while (data := (await get(stack, key, f"/{sent}"))["data"])["state"] != "completed":
                await asyncio.sleep(0.05)
        assert data["counts"] == {"sent": 501}
        assert not sink.arrived


async def test_a_key_can_only_be_narrowed_to_gateways_that_its_user_may_use(stack: Stack):
    owner, user, other = await admin(stack), await stack.user(), await stack.user()
    theirs = await gateway_id(stack, other, await stack.gateway(other.id, "sms", "sandbox", {}))
    texts = []
    for named in (theirs, str(uuid4())):
        answer = await owner.call("POST", "/keys", {"user": user.id, "scopes": ["send", f"gateway:{named}"]})
        texts.append(assert_error(answer, 422, "gateway_not_found", "/scopes")["message"].replace(named, "…"))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("scope", ["fly", "channel:", "channel:fax", "gateway:", "gateway:x", "gateway:*", "SEND", "*"])
async def test_there_are_no_other_scopes(stack: Stack, scope: str):
    owner, user = await admin(stack), await stack.user()
    answer = await owner.call("POST", "/keys", {"user": user.id, "scopes": ["send", scope]})
    assert_error(answer, 422, "scope_unknown", "/scopes")
    assert_error(await owner.call("POST", "/keys", {"user": user.id, "scopes": ["admin"]}), 403, "scope_denied")
