"""A token of staff can do exactly what its role and its scopes allow, from the next request on."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from api.admin.messages import revealing
from tests.api import log_in
from tests.api.admin import ADMIN, admin
from tests.api.answers import assert_error, send_one
from tests.stack import Stack, serve_api


async def test_scopes_give_nothing_that_the_role_has_not(stack: Stack):
    owner = await admin(stack)
    member = await owner.colleague("support", ["users:read", "users:write"])
    assert (await member.call("GET", "/users")).status_code == 200
    assert_error(
        await member.call("POST", "/users", {"email": "a@example.com", "name": "A"}), 403, "permission_missing"
    )


async def test_a_staff_key_sends_nothing(stack: Stack):
    member = await (await admin(stack)).colleague("owner")
    answer = await stack.http.post("/api/sms/send", json={}, headers={"Api-key": member.key})
    assert_error(answer, 403, "scope_missing")


async def test_a_change_of_a_role_or_of_rights_counts_from_the_next_request_in_every_process(stack: Stack):
    owner, role = await admin(stack), f"helper-{uuid4().hex[:8]}"
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["users:read"]})
    member = await owner.colleague(role)
    async with serve_api(stack.settings) as url:

        async def statuses() -> list[int]:
            return [
                (await stack.http.get(base + "/api/admin/v1/users", headers={"Api-key": member.key})).status_code
                for base in (stack.url, url)
            ]

        assert await statuses() == [200, 200]
        await owner.data("PUT", f"/roles/{role}", {"permissions": ["plans:read"]})
        assert await statuses() == [403, 403]
        await owner.data("PATCH", f"/staff/{member.id}", {"role": "support"})
        assert await statuses() == [200, 200]
        soon = datetime.now(UTC) + timedelta(seconds=0.3)
        await owner.data("PATCH", f"/staff/{member.id}", {"expires_at": soon.isoformat()})
        while datetime.now(UTC) < soon:
            await statuses()
        assert await statuses() == [401, 401]
        await owner.data("PATCH", f"/staff/{member.id}", {"expires_at": None})
        assert await statuses() == [200, 200]
        await owner.data("DELETE", f"/staff/{member.id}")
        assert await statuses() == [401, 401]


async def test_a_rolled_and_a_revoked_key_end_in_every_process(stack: Stack):
    owner = await admin(stack)
    member = await owner.colleague("support")
    (listed,) = await owner.data("GET", f"/keys?staff={member.id}")
    rolled = await owner.data("POST", f"/keys/{listed['id']}/roll", {"overlap_seconds": 0})
    async with serve_api(stack.settings) as url:
        for base in (stack.url, url):
            answers = [
                await stack.http.get(base + "/api/admin/v1/users", headers={"Api-key": key})
                for key in (member.key, rolled["key"])
            ]
            assert [answer.status_code for answer in answers] == [401, 200]
        await owner.data("POST", f"/keys/{rolled['id']}/revoke")
        for base in (stack.url, url):
            answer = await stack.http.get(base + "/api/admin/v1/users", headers={"Api-key": rolled["key"]})
            assert answer.status_code == 401
    assert [key["revoked_at"] is not None for key in await owner.data("GET", f"/keys?staff={member.id}")] == [
        True,
        False,
    ]
    assert_error(await owner.call("POST", f"/keys/{rolled['id']}/roll"), 409, "key_invalid")


async def test_nobody_grants_what_they_lack(stack: Stack):
    owner = await admin(stack)
    lead = f"lead-{uuid4().hex[:8]}"
    permissions = ["staff:read", "staff:write", "roles:write", "keys:read", "keys:write", "users:read"]
    await owner.data("PUT", f"/roles/{lead}", {"permissions": permissions})
    member, boss = await owner.colleague(lead), await owner.colleague("admin")
    new = {"email": f"{uuid4().hex}@example.com", "name": "New"}
    denied = [
        await member.call("POST", "/staff", new | {"role": "support"}),
        await member.call("PATCH", f"/staff/{boss.id}", {"role": lead}),
        await member.call("DELETE", f"/staff/{boss.id}"),
        await member.call("PUT", f"/roles/x-{lead}", {"permissions": ["credits:write"]}),
        await member.call("POST", "/keys", {"staff": boss.id}),
        await member.call("POST", "/keys", {"staff": boss.id, "scopes": ["credits:write"]}),
    ]
    for answer in denied:
        assert_error(answer, 403, "grant_denied")
    (key,) = await owner.data("GET", f"/keys?staff={boss.id}")
    for operation in ("roll", "revoke"):
        assert_error(await member.call("POST", f"/keys/{key['id']}/{operation}"), 403, "grant_denied")
    logged = await owner.data("GET", f"/audit?actor=staff:{member.id}&outcome=denied")
    assert [event["metadata"]["denied"] for event in logged] == ["grant_denied"] * 8
    await member.data("POST", "/staff", new | {"role": lead})
    assert_error(await member.call("PATCH", f"/staff/{member.id}", {"role": "owner"}), 403, "own_role")
    await member.data("POST", "/keys", {"staff": boss.id, "scopes": ["users:read"]})


async def test_presets_stay_as_they_are_and_a_role_in_use_stays(stack: Stack):
    owner, role = await admin(stack), f"role-{uuid4().hex[:8]}"
    assert_error(await owner.call("PUT", "/roles/support", {"permissions": ["users:read"]}), 409, "role_preset")
    assert_error(await owner.call("DELETE", "/roles/owner"), 409, "role_preset")
    await owner.data("PUT", f"/roles/{role}", {"permissions": ["users:read", "users:read"]})
    shown = {"name": role, "permissions": ["users:read"], "preset": False, "managed_by": None}
    assert await owner.data("GET", f"/roles/{role}") == shown
    member = await owner.colleague(role)
    assert_error(await owner.call("DELETE", f"/roles/{role}"), 409, "role_in_use")
    await owner.data("DELETE", f"/staff/{member.id}")
    assert await owner.data("DELETE", f"/roles/{role}") is None
    assert_error(await owner.call("GET", f"/roles/{role}"), 404, "role_not_found")
    for name, wanted, code, pointer in (
        ("Upper", ["users:read"], "role_name", ""),
        (role, ["users:fly"], "permission_unknown", "/permissions"),
        (role, [], "permissions_empty", "/permissions"),
    ):
        assert_error(await owner.call("PUT", f"/roles/{name}", {"permissions": wanted}), 422, code, pointer)


async def test_recipients_are_masked_for_staff_and_reveals_are_logged(stack: Stack):
    owner, user = await admin(stack), await stack.user()
    gateway = await stack.gateway(user.id, "sms", "sandbox", {})
    uid = (await send_one(stack, user, gateway_identifier=gateway))["uid"]
    full = (await stack.final(user, "sms", uid))["to"]
    support, auditor = await owner.colleague("support"), await owner.colleague("admin")
    sandbox = f"/sandbox/messages?uid={uid}"
    assert (await owner.data("GET", f"/messages/{uid}"))["to"] == full, "an admin key sees all, as ever"
    assert (await support.data("GET", f"/messages/{uid}"))["to"] == f"{full[:3]}•••{full[-2:]}"
    (masked,) = await support.data("GET", sandbox)
    assert (masked["to"], "message" in masked) == (f"{full[:3]}•••{full[-2:]}", False)
    assert_error(await support.call("GET", f"/messages/{uid}?reveal=true"), 403, "permission_missing")
    assert (await auditor.data("GET", f"/messages/{uid}?reveal=true"))["to"] == full
    (shown,) = await auditor.data("GET", sandbox + "&reveal=true")
    assert shown["to"] == full
    events = await owner.data("GET", f"/audit?action=message.revealed&target=message:{uid}")
    assert [(event["actor"]["id"], event["outcome"]) for event in events] == [
        (str(auditor.id), "ok"),
        (str(support.id), "denied"),
    ]


async def test_an_open_page_reveals_once_and_not_at_each_refresh(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    owner = await admin(stack)
    one = await log_in.member(owner, "admin")
    session, page = await one.begin(), f"{ADMIN}/sandbox/messages?limit=1&reveal=true"

    async def logged() -> list[str]:
        events = await owner.data("GET", f"/audit?action=message.revealed&actor=staff:{one.id}")
        return [event["outcome"] for event in events]

    for _ in range(3):
        assert (await session.call("GET", page)).status_code == 200
    assert await logged() == ["ok"]
    await session.call("GET", f"{page}&uid={uuid4()}")
    assert await logged() == ["ok"] * 2, "something else"
    await (await one.begin()).call("GET", page)
    assert await logged() == ["ok"] * 3, "another session"
    await owner.data("PATCH", f"/staff/{one.id}", {"role": "support"})
    for _ in range(2):
        assert_error(await session.call("GET", page), 403, "permission_missing")
    assert await logged() == ["denied"] * 2 + ["ok"] * 3, "who may no more is refused each time"
    await owner.data("PATCH", f"/staff/{one.id}", {"role": "admin"})
    monkeypatch.setattr(revealing, "SAME_FOR", 0.0)
    await session.call("GET", page)
    assert (await logged())[0] == "ok", "later it is a reveal of its own"
