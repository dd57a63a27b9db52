"""Users add, change and delete gateways of their own, where the plan allows it; those reach public addresses only."""

import asyncio
from uuid import UUID, uuid4

import pytest

from gateways.registry import GATEWAY_TYPES
from services.accounts import own_gateways
from store.accounts import accounts, plans
from store.gateways import gateways
from store.gateways.gateway_shares import share
from tests.api.admin import admin
from tests.api.answers import SMS, assert_error, send_one
from tests.api.test_narrowed_keys import key_with
from tests.faults.sink import running_sink
from tests.stack import Stack, User

ALL = ("send", "read", "gateways")
SECRET = uuid4().hex
TWILIO = {"account_sid": "AC" + "0" * 32, "auth_token": SECRET, "from_number": "+14155550100"}
NEW = {"channel": "sms", "type": "twilio", "identifier": "my-twilio", "config": TWILIO}


async def call(stack: Stack, key: User, method: str, path: str = "", body: object = None, **headers: str):
    more = {} if body is None else {"json": body}
    return await stack.http.request(method, f"/api/gateways{path}", headers=key.headers | headers, **more)


async def added(stack: Stack, key: User, **more: object) -> dict:
    answer = await call(stack, key, "POST", "", NEW | more)
    assert answer.status_code == 200, answer.text
    assert SECRET not in answer.text
    return answer.json()["data"]


async def without_own(stack: Stack, user: User) -> None:
    plan = await plans.create(stack.pool, plans.NewPlan(name=uuid4().hex, period="forever", own_gateways=False))
    await accounts.assign_plan(stack.pool, user.id, plan.name, uuid4())


async def is_kept_in(stack: Stack, user: User) -> None:
    """A message meets a gateway that cannot be reached."""
    uid = (await send_one(stack, user))["uid"]
    async with asyncio.timeout(20):
        while not (made := [one for one in (await stack.status(user, "sms", uid))["attempts"] if one["ended_at"]]):
            await asyncio.sleep(0.02)
    assert {one["outcome"] for one in made} == {"gateway_down"}
    assert "not a public address" in made[0]["reason"]
    await stack.http.post(f"/api/sms/{uid}/cancel", headers=user.headers)


async def test_a_user_adds_reads_changes_and_deletes_a_gateway(stack: Stack):
    user = await stack.user()
    key = await key_with(stack, user, *ALL)
    new = await added(stack, key, rate="5/s")
    assert (new["own"], new["user_id"], new["per_second"], new["config"]["auth_token"]) == (
        True,
        user.id,
        5,
        {"set": True},
    )
    read = await call(stack, key, "GET", f"/{new['id']}")
    assert read.json()["data"] == new
    patch = {"priority": 7, "config": {"from_number": "+14155550101"}, "rate": None}
    stale = await call(stack, key, "PATCH", f"/{new['id']}", patch, **{"If-Match": '"none"'})
    assert_error(stale, 412, "changed_meanwhile")
    changed = await call(stack, key, "PATCH", f"/{new['id']}", patch, **{"If-Match": read.headers["etag"]})
    assert changed.status_code == 200, changed.text
    data = changed.json()["data"]
    assert (data["priority"], data["per_second"], data["config"]["from_number"]) == (7, None, "+14155550101")
    stored = await gateways.load(stack.pool, stack.keyring, UUID(new["id"]))
    assert stored.config["auth_token"] == SECRET
    assert (await call(stack, key, "DELETE", f"/{new['id']}")).json()["data"] is None
    assert_error(await call(stack, key, "GET", f"/{new['id']}"), 404, "gateway_not_found")
    events = await (await admin(stack)).data("GET", f"/audit?actor=user:{user.id}")
    assert [event["action"] for event in events] == ["gateway.deleted", "gateway.updated", "gateway.created"]
    assert SECRET not in str(events)


async def test_what_an_owner_does_with_a_gateway_is_logged(stack: Stack):
    user = await stack.user()
    identifier = await stack.gateway(user.id, "sms", "sandbox", {})
    (gateway,) = await gateways.named(stack.pool, user.id, identifier)
    for what in ("pause", "drain", "resume"):
        assert (await call(stack, user, "POST", f"/{gateway.id}/{what}")).status_code == 200
    assert (await call(stack, user, "POST", f"/{gateway.id}/test", {"to": SMS["number"]})).status_code == 200
    events = await (await admin(stack)).data("GET", f"/audit?actor=user:{user.id}")
    assert [event["action"] for event in events] == [
        "gateway.tested",
        "gateway.resumed",
        "gateway.drained",
        "gateway.paused",
    ]
    assert {event["targets"][0]["id"] for event in events} == {str(gateway.id)}


async def test_a_plan_without_own_gateways_allows_only_to_delete_them(stack: Stack):
    user = await stack.user()
    key = await key_with(stack, user, *ALL)
    gateway = await added(stack, key)
    await without_own(stack, user)
    assert_error(await call(stack, key, "POST", "", NEW | {"identifier": "b"}), 403, "own_gateways_denied")
    assert_error(await call(stack, key, "PATCH", f"/{gateway['id']}", {"priority": 1}), 403, "own_gateways_denied")
    assert (await call(stack, key, "DELETE", f"/{gateway['id']}")).status_code == 200


@pytest.mark.parametrize("value", [True, 1, "true", "yes"])
async def test_no_user_lets_a_gateway_reach_a_private_network(stack: Stack, value: object):
    key = await key_with(stack, await stack.user(), *ALL)
    config = TWILIO | {"allow_private_network": value}
    assert_error(await call(stack, key, "POST", "", NEW | {"config": config}), 403, "private_network")
    gateway = await added(stack, key)
    answer = await call(stack, key, "PATCH", f"/{gateway['id']}", {"config": {"allow_private_network": value}})
    assert_error(answer, 403, "private_network")


async def test_what_staff_allowed_ends_when_the_user_changes_the_configuration(stack: Stack):
    user = await stack.user()
    key = await key_with(stack, user, *ALL)
    async with running_sink(1) as sink:
        identifier = await stack.gateway(user.id, "sms", "http", sink.config)
        (gateway,) = await gateways.named(stack.pool, user.id, identifier)
        elsewhere = {"config": {"url": "http://10.0.0.1/"}}
        assert_error(await call(stack, key, "PATCH", f"/{gateway.id}", elsewhere), 403, "private_network")
        assert (await call(stack, key, "PATCH", f"/{gateway.id}", {"priority": 3})).status_code == 200
        back = {"config": {"allow_private_network": False, "url": sink.url}}
        assert (await call(stack, key, "PATCH", f"/{gateway.id}", back)).status_code == 200
        await is_kept_in(stack, user)
        assert not sink.arrived


async def test_a_message_through_a_users_gateway_reaches_no_private_address(stack: Stack):
    user = await stack.user()
    key = await key_with(stack, user, *ALL)
    async with running_sink(1) as sink:
        config = sink.config | {"allow_private_network": False}
        await added(stack, key, type="http", config=config)
        await is_kept_in(stack, user)
        assert not sink.arrived


@pytest.mark.parametrize("type_", sorted(GATEWAY_TYPES))
async def test_users_add_gateways_of_the_types_that_keep_to_public_addresses(stack: Stack, type_: str):
    key = await key_with(stack, await stack.user(), *ALL)
    channel = min(GATEWAY_TYPES[type_].channels)
    answer = await call(
        stack,
        key,
        "POST",
        "",
        {"channel": channel, "type": type_, "identifier": "g", "config": {"allow_private_network": 0}},
    )
    if type_ in own_gateways.TYPES:
        assert answer.status_code in (200, 422), answer.text
        # Phones fetch their messages: a gateway of theirs connects to nothing.
        assert type_ == "android" or "allow_private_network" in GATEWAY_TYPES[type_].config.model_fields
    else:
        assert_error(answer, 403, "type_not_allowed")
    assert {"sandbox"}.isdisjoint(own_gateways.TYPES)


async def test_anothers_gateway_is_unknown_and_a_shared_one_is_not_ones_own(stack: Stack):
    user, other = await stack.user(), await stack.user()
    key = await key_with(stack, user, *ALL)
    theirs, shared = [
        (await gateways.named(stack.pool, owner, await stack.gateway(owner, "sms", "sandbox", {})))[0].id
        for owner in (other.id, 0)
    ]
    await share(stack.pool, shared, user.id)
    for method in ("GET", "PATCH", "DELETE"):
        for unknown in (theirs, uuid4()):
            assert_error(await call(stack, key, method, f"/{unknown}", {}), 404, "gateway_not_found")
        assert_error(await call(stack, key, method, f"/{shared}", {}), 403, "gateway_not_yours")
    assert (await gateways.get(stack.pool, theirs)).enabled
    assert_error(await call(stack, key, "POST", "", NEW | {"owner": other.id}), 422, "extra_forbidden", "/owner")


async def test_a_user_has_a_bounded_number_of_gateways(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(own_gateways, "MOST", 2)
    key = await key_with(stack, await stack.user(), *ALL)
    answers = await asyncio.gather(*(call(stack, key, "POST", "", NEW | {"identifier": f"g{n}"}) for n in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409, 409]
    full = await call(stack, key, "POST", "", NEW | {"identifier": "more"})
    assert_error(full, 409, "too_many_gateways")


async def test_a_repeat_adds_one_gateway_and_a_dry_run_none(stack: Stack):
    user = await stack.user()
    key, same = await key_with(stack, user, *ALL), {"Idempotency-Key": uuid4().hex}
    answers = [await call(stack, key, "POST", "", NEW, **same) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert (await call(stack, key, "POST", "?dry_run=true", NEW | {"identifier": "b"})).json()["dry_run"] is True
    assert len(await gateways.list_gateways(stack.pool, user.id)) == 1
    assert_error(await call(stack, key, "POST", "", NEW), 409, "gateway_exists")
    assert_error(
        await call(stack, key, "POST", "", NEW | {"identifier": "c", "config": {}}),
        422,
        "missing",
        "/config/account_sid",
        "/config/auth_token",
    )


async def test_types_that_users_may_add_are_listed_for_forms(stack: Stack):
    key = await key_with(stack, await stack.user(), "read")
    answer = await stack.http.get("/api/gateway-types", headers=key.headers)
    assert answer.status_code == 200, answer.text
    types = answer.json()["data"]
    assert {entry["type"] for entry in types} == own_gateways.TYPES
    assert all(entry["schema"]["properties"][name]["writeOnly"] for entry in types for name in entry["secrets"])
