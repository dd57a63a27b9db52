"""The rest of the page this product started from, each row and answer over HTTP alone.

Users, plans, credits, gateways and settings have theirs where they are tested: ``test_seed_row_…``. Automations, lead
ads and Android devices are no administration.
"""

from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from store.settings import install_settings
from tests.api.admin import ADMIN, Staff, admin
from tests.api.answers import CONTACT, SMS, assert_error, send_one
from tests.receiver import receiving
from tests.stack import Stack, User


async def customer(owner: Staff, credit: int = 10) -> User:
    """A user with credit, made over HTTP."""
    made = await owner.user()
    for channel in CONTACT:
        body = {"channel": channel, "amount": credit}
        await owner.data("POST", f"/users/{made['id']}/credits", body)
    return User(made["id"], (await owner.data("POST", "/keys", {"user": made["id"]}))["key"])


async def shared_gateway(owner: Staff, channel: str, *users: User) -> dict[str, Any]:
    """A gateway of the admin, shared with these users."""
    new = {"channel": channel, "type": "sandbox", "identifier": uuid4().hex}
    made = await owner.data("POST", "/gateways", new)
    for user in users:
        await owner.data("PUT", f"/gateways/{made['id']}/shares/{user.id}")
    return made


@pytest.mark.parametrize("channel", list(CONTACT))
async def test_seed_row_send_email_sms_whatsapp_and_read_their_status(stack: Stack, channel: str):
    owner = await admin(stack)
    user = await customer(owner)
    await shared_gateway(owner, channel, user)
    uid = (await send_one(stack, user, channel))["uid"]
    data = await stack.final(user, channel, uid)
    assert (data["uid"], data["state"] in ("sent", "delivered")) == (uid, True)


async def test_seed_row_gateways_available_to_a_user_and_to_the_admin(stack: Stack):
    owner = await admin(stack)
    user, sender = await customer(owner), User(0, owner.key)
    gateway = await shared_gateway(owner, "sms")
    wanted = SMS | {"gateway_identifier": gateway["identifier"]}
    assert (await stack.send(sender, "sms", wanted)).status_code == 200
    assert_error(await stack.send(user, "sms", wanted), 404, "gateway_not_found", "/contact/0/gateway_identifier")
    await owner.data("PUT", f"/gateways/{gateway['id']}/shares/{user.id}")
    assert (await stack.send(user, "sms", wanted)).status_code == 200


async def test_seed_row_plan_and_credit_enforcement(stack: Stack):
    owner = await admin(stack)
    user, sender = await customer(owner, credit=1), User(0, owner.key)
    named = {"gateway_identifier": (await shared_gateway(owner, "sms", user))["identifier"]}
    await stack.final(user, "sms", (await send_one(stack, user, **named))["uid"])
    assert_error(await stack.send(user, "sms", SMS | named), 402, "no_credit")
    for _ in range(3):
        assert (await stack.send(sender, "sms", SMS | named)).status_code == 200


async def test_seed_row_counts_against_analytics_and_webhook_source(stack: Stack):
    owner = await admin(stack)
    user, sender = await customer(owner), User(0, owner.key)
    gateway = await shared_gateway(owner, "sms", user)
    async with receiving() as receiver:
        hook = {"url": receiver.url, "allow_private_network": True, "events": ["message.sent"]}
        answer = await stack.http.post("/api/callbacks", json=hook, headers=sender.headers)
        for of in (user, sender):
            await stack.final(of, "sms", (await send_one(stack, of, gateway_identifier=gateway["identifier"]))["uid"])
        (event,) = await receiver.hears(1)
        await stack.http.delete(f"/api/callbacks/{answer.json()['data']['id']}", headers=sender.headers)
    assert (event["data"]["user_id"], event["data"]["by_admin"]) == (None, True)
    page = (await owner.call("GET", f"/usage?group_by=user&gateway={gateway['id']}")).json()
    accepted = {row["user_id"]: row["accepted"] for row in page["data"]}
    assert sorted(accepted.values()) == [1, 1]
    assert accepted[user.id] == 1


async def test_seed_row_admin_endpoints_are_secured_by_an_ip_allow_list(stack: Stack):
    owner = await admin(stack)
    member = await owner.colleague("admin")
    for networks, status in ((["127.0.0.0/8", "::1"], 200), (["192.0.2.0/24"], 403)):
        key = (await owner.data("POST", "/keys", {"staff": member.id, "ip_allow": networks}))["key"]
        assert (await Staff(stack, key).call("GET", "/users")).status_code == status


async def test_seed_row_settings_export_and_apply(own_stack: Stack):
    """What the page has a tool on the machine for."""
    owner = await admin(own_stack)
    role = f"exported-{uuid4().hex[:8]}"
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["users:read"]})
    exported = await owner.call("GET", "/settings/export")
    assert role in yaml.safe_load(exported.text)["roles"]
    before = await install_settings.read(own_stack.pool)
    answer = await _post(owner, "diff", exported.text)
    assert answer.status_code == 200, answer.text
    assert await install_settings.read(own_stack.pool) == before
    added = yaml.safe_dump({"apiVersion": "xsender/v1", "roles": {f"x-{role}": {"permissions": ["plans:read"]}}})
    assert (await _post(owner, "apply", added)).status_code == 200
    assert (await owner.data("GET", f"/roles/x-{role}"))["permissions"] == ["plans:read"]


async def _post(owner: Staff, what: str, text: str) -> httpx.Response:
    return await owner.stack.http.post(f"{ADMIN}/settings/{what}", content=text, headers={"Api-key": owner.key})


async def test_seed_row_roles_bind_to_api_tokens(stack: Stack):
    owner, role = await admin(stack), f"desk-{uuid4().hex[:8]}"
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["users:read", "credits:read"]})
    member = await owner.colleague(role)
    user = await owner.user()
    assert (await member.data("GET", f"/users/{user['id']}"))["id"] == user["id"]
    assert_error(await member.call("POST", f"/users/{user['id']}/suspend"), 403, "permission_missing")
    narrowed = await owner.data("POST", "/keys", {"staff": member.id, "scopes": ["credits:read"]})
    assert_error(await Staff(stack, narrowed["key"]).call("GET", f"/users/{user['id']}"), 403, "permission_missing")
