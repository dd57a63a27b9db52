"""Gateways that staff deletes: what they sent keeps their names, what waits for them goes elsewhere or fails."""

from collections import Counter

import pytest

from tests.api.admin import admin
from tests.api.answers import SMS, assert_error, send_one
from tests.api.test_admin_gateways import added, sender
from tests.api.test_paused_gateways import paused, through
from tests.faults.sink import running_sink
from tests.stack import Stack


async def test_a_deleted_gateway_is_unknown_and_what_it_sent_still_shows_its_name(stack: Stack):
    staff, user = await admin(stack), await sender(stack)
    gateway = await added(staff, share_with=[user.id])
    path, name = f"/gateways/{gateway['id']}", {"gateway_identifier": gateway["identifier"]}
    uid = (await send_one(stack, user, **name))["uid"]
    before = await stack.final(user, "sms", uid)
    assert before["gateway"] == gateway["identifier"]
    tag = (await staff.call("GET", path)).headers["ETag"]
    await staff.data("PATCH", path, {"priority": 1})
    assert_error(await staff.call("DELETE", path, If_Match=tag), 412, "changed_meanwhile")
    assert await staff.data("DELETE", path) is None
    assert await stack.status(user, "sms", uid) == before
    for method, where, body in (
        ("GET", path, None),
        ("DELETE", path, None),
        ("PATCH", path, {"enabled": True}),
        ("POST", f"{path}/resume", None),
        ("POST", f"{path}/test", {"to": "+14155550123"}),
        ("PUT", f"{path}/shares/{user.id}", None),
    ):
        assert_error(await staff.call(method, where, body), 404, "gateway_not_found")
    unknown = 404, "gateway_not_found", "/contact/0/gateway_identifier"
    assert_error(await stack.send(user, "sms", SMS | name), *unknown)
    listed = await stack.http.get("/api/gateways", headers=user.headers)
    assert listed.json()["data"] == []
    again = await added(staff, identifier=gateway["identifier"], share_with=[user.id])
    assert again["id"] != gateway["id"]
    assert (await stack.final(user, "sms", (await send_one(stack, user, **name))["uid"]))["state"] == "sent"


@pytest.mark.parametrize("owned", [True, False])
async def test_messages_that_wait_for_a_deleted_gateway_take_another_one_or_fail(stack: Stack, owned):
    staff, user = await admin(stack), await sender(stack)
    whose = {"owner": user.id} if owned else {"share_with": [user.id]}
    gateway, other = await added(staff, priority=1, **whose), await added(staff, priority=2, **whose)
    for one in (gateway, other):
        await staff.data("POST", f"/gateways/{one['id']}/pause")
    named = (await send_one(stack, user, gateway_identifier=gateway["identifier"]))["uid"]
    free = (await send_one(stack, user))["uid"]
    for uid in (named, free):
        await paused(stack, user, uid)
    await staff.data("DELETE", f"/gateways/{gateway['id']}")
    failed = await stack.final(user, "sms", named)
    assert (failed["state"], failed["credit"]["state"], bool(failed["reason"])) == ("failed", "released", True)
    await staff.data("POST", f"/gateways/{other['id']}/resume")
    sent_later = await stack.final(user, "sms", free)
    assert (sent_later["state"], sent_later["gateway"]) == ("sent", other["identifier"])


async def test_the_last_gateway_of_a_waiting_message_is_deleted_and_it_fails_with_a_reason(stack: Stack):
    staff, user = await admin(stack), await sender(stack)
    gateway = await added(staff, owner=user.id)
    await staff.data("POST", f"/gateways/{gateway['id']}/pause")
    uid = (await send_one(stack, user))["uid"]
    await paused(stack, user, uid)
    await staff.data("DELETE", f"/gateways/{gateway['id']}")
    failed = await stack.final(user, "sms", uid)
    assert (failed["state"], bool(failed["reason"])) == ("failed", True)


async def test_pages_that_are_being_sent_go_on_through_another_gateway_once_theirs_is_deleted(stack: Stack):
    staff, user = await admin(stack), await stack.user()
    async with running_sink(1) as sink:
        name, gateway_id = await through(stack, user, sink, per_second=10.0, priority=1)
        other = await added(staff, owner=user.id, priority=2)
        reply = await stack.send(user, "sms", *[SMS] * 60)
        await sink.reaches(3)
        await staff.data("DELETE", f"/gateways/{gateway_id}")
        found = [await stack.final(user, "sms", item["uid"]) for item in reply.json()["data"]]
        assert {data["state"] for data in found} == {"sent"}
        by_gateway = Counter(data["gateway"] for data in found)
        assert by_gateway == {name: sink.arrived.total(), other["identifier"]: 60 - sink.arrived.total()}
        assert by_gateway[name] < 50
