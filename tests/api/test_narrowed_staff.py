"""Permissions of staff are narrowed to a user, a gateway or a channel: the request has to name that."""

from uuid import uuid4

import pytest

from domain.access.permissions import narrowed
from store.gateways import gateways
from tests.api.access.test_decisions import GATEWAY
from tests.api.access.test_walk import NOBODY
from tests.api.admin import ADMIN, Staff, admin
from tests.api.answers import CONTACT, assert_error, send_one
from tests.stack import Stack, serve_api


async def test_messages_of_one_channel(stack: Stack):
    owner, user = await admin(stack), await stack.user()
    uids = {}
    for channel in CONTACT:
        await stack.gateway(user.id, channel, "sandbox", {})
        uids[channel] = (await send_one(stack, user, channel))["uid"]
        await stack.final(user, channel, uids[channel])
    member = await owner.colleague("owner", ["messages:read@channel:sms", "messages:resolve@channel:sms"])
    assert (await member.data("GET", f"/messages/{uids['sms']}"))["uid"] == uids["sms"]
    assert_error(await member.call("POST", f"/messages/{uids['sms']}/resolve", {"as": "sent"}), 409, "not_unknown")
    for uid in (uids["email"], uids["whatsapp"], str(uuid4())):
        assert_error(await member.call("GET", f"/messages/{uid}"), 403, "permission_missing")
        assert_error(await member.call("POST", f"/messages/{uid}/resolve", {"as": "sent"}), 403, "permission_missing")
    assert (await member.call("GET", "/messages/none")).status_code == 403
    assert_error(await member.call("GET", f"/messages/{uids['sms']}?reveal=true"), 403, "permission_missing")


async def test_recipients_are_revealed_on_the_channel_of_the_permission_only(stack: Stack):
    owner, user = await admin(stack), await stack.user()
    member = await owner.colleague("owner", ["messages:read", "messages:reveal@channel:sms"])
    for channel, status in (("sms", 200), ("email", 403)):
        await stack.gateway(user.id, channel, "sandbox", {})
        uid = (await send_one(stack, user, channel))["uid"]
        await stack.final(user, channel, uid)
        assert (await member.call("GET", f"/messages/{uid}")).status_code == 200
        assert (await member.call("GET", f"/messages/{uid}?reveal=true")).status_code == status


async def test_a_member_works_on_one_gateway(stack: Stack):
    owner = await admin(stack)
    mine, other = [
        (await gateways.named(stack.pool, 0, await stack.gateway(0, "sms", "sandbox", {})))[0].id for _ in "ab"
    ]
    member = await owner.colleague("operator", [f"gateways:pause@{mine}", f"gateways:read@{mine}"])
    assert (await member.data("POST", f"/gateways/{mine}/pause"))["mode"] == "paused"
    assert (await member.data("GET", f"/gateways/{mine}"))["mode"] == "paused"
    for method, path in (("POST", f"/gateways/{other}/pause"), ("GET", f"/gateways/{other}"), ("GET", "/gateways")):
        assert_error(await member.call(method, path), 403, "permission_missing")
    assert (await gateways.get(stack.pool, other)).mode == "active"


def test_of_two_that_overlap_the_narrower_one_counts():
    assert narrowed({"users:read"}, {"users:read@7"}) == {"users:read@7"}
    assert narrowed({"users:read@7"}, {"users:read"}) == {"users:read@7"}
    assert narrowed({"users:read@7", "users:read@8"}, {"users:read@8", "users:write"}) == {"users:read@8"}
    assert narrowed({"users:read@7"}, {"users:read@8"}) == frozenset()
    assert narrowed({"users:read@7"}, {"*"}) == {"users:read@7"}


async def test_nobody_grants_more_objects_than_they_have(stack: Stack):
    owner, role = await admin(stack), f"lead-{uuid4().hex[:8]}"
    own = ["keys:write", "roles:write", "staff:write", "users:read@7", "gateways:read"]
    await owner.data("PUT", f"/roles/{role}", {"permissions": own})
    lead, boss = await owner.colleague(role), await owner.colleague("admin")

    async def tries(permissions: list[str]) -> set[int]:
        key = await lead.call("POST", "/keys", {"staff": boss.id, "scopes": permissions})
        made = await lead.call("PUT", f"/roles/x-{uuid4().hex[:8]}", {"permissions": permissions})
        return {key.status_code, made.status_code}

    for allowed in (["users:read@7"], ["gateways:read"], [f"gateways:read@{GATEWAY}"]):
        assert await tries(allowed) == {200}
    for denied in (["users:read"], ["users:read@8"], ["users:read@7", "users:read@8"], ["users:write@7"]):
        assert await tries(denied) == {403}


@pytest.mark.parametrize(
    "scope",
    [
        "users:read@",
        "users:read@0",
        "users:read@07",
        "users:read@x",
        "users:read@7@8",
        "users:read@channel:sms",
        "users:fly@7",
        "plans:read@7",
        "gateways:read@7",
        f"gateways:read@{GATEWAY.upper()}",
        "messages:read@sms",
        "messages:read@channel:fax",
        "audit:read@7",
    ],
)
async def test_what_is_no_narrowed_permission(stack: Stack, scope: str):
    owner = await admin(stack)
    assert_error(
        await owner.call("PUT", f"/roles/r-{uuid4().hex[:8]}", {"permissions": [scope]}),
        422,
        "permission_unknown",
        "/permissions",
    )


async def test_other_forms_of_an_id_do_not_open_anothers(stack: Stack):
    owner = await admin(stack)
    seven = await owner.user()
    member = await owner.colleague("owner", [f"users:read@{seven['id']}"])
    assert (await member.data("GET", f"/users/{seven['id']}"))["id"] == seven["id"]
    for path in (
        f"/users/0{seven['id']}",
        f"/users/{NOBODY}",
        f"/users/{NOBODY}?account={seven['id']}",
        "/users",
        "/users?q=a",
    ):
        assert (await member.call("GET", path)).status_code == 403, path


async def test_a_key_for_one_user_is_stored_shown_replaced_and_no_wider_than_its_holder(stack: Stack):
    owner = await admin(stack)
    mine, other = await owner.user(), await owner.user()
    member, scopes = await owner.colleague("support"), [f"users:read@{mine['id']}", f"users:write@{mine['id']}"]
    made = await owner.data("POST", "/keys", {"staff": member.id, "scopes": scopes})
    assert made["scopes"] == sorted(scopes)
    assert (await owner.data("GET", f"/keys/{made['id']}"))["scopes"] == sorted(scopes)
    rolled = await owner.data("POST", f"/keys/{made['id']}/roll", {"overlap_seconds": 60})
    assert rolled["scopes"] == sorted(scopes)
    for key in (made["key"], rolled["key"]):
        narrow = Staff(stack, key)
        assert (await narrow.data("GET", f"/users/{mine['id']}"))["id"] == mine["id"]
        assert_error(await narrow.call("GET", f"/users/{other['id']}"), 403, "permission_missing")
        change = await narrow.call("PATCH", f"/users/{mine['id']}", {"name": "Bo"})
        assert_error(change, 403, "permission_missing")  # the role lacks it


async def test_a_list_that_shows_more_is_refused_with_what_the_key_is_for(stack: Stack):
    owner, mine = await admin(stack), await (await admin(stack)).user()
    key = await owner.colleague("owner", [f"users:read@{mine['id']}", "messages:read@channel:sms"])
    told = assert_error(await key.call("GET", "/users"), 403, "permission_missing")["message"]
    assert f"only for {mine['id']};" in told
    told = assert_error(await key.call("GET", "/messages"), 403, "permission_missing")["message"]
    assert "only for channel:sms; filter by one channel" in told
    assert all(one["channel"] == "sms" for one in await key.data("GET", "/messages?channel=sms"))
    for channels in ("channel=email", "channel=sms&channel=email", "channel=email&channel=sms"):
        assert (await key.call("GET", f"/messages?{channels}")).status_code == 403
    assert "only for" not in assert_error(await key.call("GET", "/plans"), 403, "permission_missing")["message"]


async def test_a_narrowed_key_follows_its_role_from_the_next_request_on_in_every_process(stack: Stack):
    owner, role = await admin(stack), f"lead-{uuid4().hex[:8]}"
    mine, other = await owner.user(), await owner.user()
    path = f"/users/{mine['id']}"
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["users:read"]})
    key = await owner.colleague(role, [f"users:read@{mine['id']}"])
    async with serve_api(stack.settings) as second:
        for permissions, status in (
            ([f"users:read@{other['id']}"], 403),
            ([f"users:read@{mine['id']}", "plans:read"], 200),
            (["plans:read"], 403),
            (["users:read"], 200),
        ):
            await owner.data("PUT", f"/roles/{role}", {"permissions": permissions})
            for url in (stack.url, second):
                answer = await stack.http.get(f"{url}{ADMIN}{path}", headers={"Api-key": key.key})
                assert answer.status_code == status, answer.text


async def test_credits_of_one_user_go_to_no_other(stack: Stack):
    owner = await admin(stack)
    mine, other = await owner.user(), await owner.user()
    await owner.data("POST", f"/users/{mine['id']}/credits", {"channel": "sms", "amount": 100})
    body = {"to": other["id"], "channel": "sms", "amount": 10}
    key = await owner.colleague("owner", [f"credits:write@{mine['id']}"])
    path = f"/users/{mine['id']}/credits/transfer"
    refused = await key.call("POST", path, body)
    assert str(other["id"]) in assert_error(refused, 403, "permission_missing")["message"]
    missing = await key.call("POST", path, body | {"to": int(NOBODY)})
    assert missing.status_code == 403, "it is not told whether there is such a user"
    wallets = (await owner.data("GET", f"/users/{other['id']}/credits"))["sms"]
    assert wallets["available"] == 0
    both = await owner.colleague("owner", [f"credits:write@{one['id']}" for one in (mine, other)])
    assert (await both.call("POST", path, body)).status_code == 200
