"""Every route of the admin API names a permission, and every one that changes something is logged."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from fastapi.routing import APIRoute

from api.routers import ROUTERS
from domain.access.actors import COMMAND_LINE
from domain.access.approvals import Sensitive
from store.access import approvals
from store.callbacks import callback_endpoints, callbacks
from store.callbacks.callback_endpoints import NewEndpoint
from store.callbacks.callbacks import Notice
from store.operations import operations
from tests.api.admin import ADMIN, Staff, admin
from tests.api.batches import waiting_batch
from tests.api.devices.phones import paired, tokens
from tests.api.log_in import Person, enrol
from tests.api.log_in import member as member_who_logs_in
from tests.api.log_in import user as user_who_logs_in
from tests.stack import Stack

WITHOUT_A_PERMISSION = {("GET", f"{ADMIN}/codec"), ("OPTIONS", f"{ADMIN}/codec/{{direction}}")}
"""The sign-in of a browser, which checks the permission itself, and what a browser asks before it calls."""
CHANGING_NOTHING = {f"{ADMIN}/codec/decode", f"{ADMIN}/codec/encode", f"{ADMIN}/settings/diff"}
PROVIDER = {"issuer": "https://login.example.com", "client_id": "x", "client_secret": "y", "enabled": False}
NO_WORKFLOW = {"filter": {"id": "none"}, "reason": "a bug"}
TESTED_ELSEWHERE = {
    f"{ADMIN}/retries/{{retry}}/stop": "tests/api/test_failure_kinds.py",
    f"{ADMIN}/workflows/jobs/{{job}}/stop": "tests/api/test_workflows_api.py",
    f"{ADMIN}/messages/{{uid}}/resolve": "tests/store/test_unknown.py",
    f"{ADMIN}/approvals/{{approval}}/approve": "tests/api/test_approvals.py",
    f"{ADMIN}/users/{{account}}/act": "tests/api/test_acting.py",
}


async def rows(staff: Staff) -> set[tuple[str, str]]:
    return {(row["method"], row["path"]) for row in await staff.data("GET", "/permissions")}


async def test_no_route_of_the_admin_api_is_without_a_permission(stack: Stack):
    routes = {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.path.startswith(ADMIN)
        for method in route.methods
    }
    assert routes - await rows(await admin(stack)) == WITHOUT_A_PERMISSION


async def calls(staff: Staff) -> dict[tuple[str, str], tuple[str, Any]]:
    """By route, a call that changes something: path and body."""
    user, gone, left = await staff.user(), await staff.user(), await staff.user()
    await staff.data("DELETE", f"/users/{left['id']}")
    await staff.data("DELETE", f"/users/{gone['id']}")
    member, other = await staff.colleague("support"), await staff.colleague("support")
    old, older = [await staff.data("POST", "/keys", {"user": user["id"]}) for _ in range(2)]
    role, unused = f"role-{uuid4().hex[:8]}", f"role-{uuid4().hex[:8]}"
    await staff.data("PUT", f"/roles/{unused}", {"permissions": ["users:read"]})
    plan, new = await first_plan(staff), {"email": f"{uuid4().hex}@example.com", "name": "New"}
    people = {"email": f"{uuid4().hex}@example.com", "name": "New"}
    asked = await ask(staff.stack)
    subscriber = f"/users/{(await staff.user(plan=plan))['id']}"
    await staff.data("PUT", f"{subscriber}/plan", {"plan": plan, "at": "period_end"})
    gateway = {"channel": "sms", "type": "sandbox", "identifier": uuid4().hex}
    recipient = {"user": user["id"], "channel": "sms", "recipient": "+14155550100"}
    callback, delivery = await some_delivery(staff)
    where = f"/gateways/{(await staff.data('POST', '/gateways', gateway))['id']}"
    batch = await waiting_batch(staff.stack, await staff.stack.user())
    nobody = {"host": "127.0.0.1", "port": 9, "from_address": "a@example.com", "allow_private_network": True}
    await staff.data("PATCH", "/settings", {"system_mail": nobody})
    domain = (await staff.data("POST", "/domains", {"user": user["id"], "domain": f"{uuid4().hex}.test"}))["id"]
    phone = await paired(staff.stack, await staff.stack.user())
    device, (token,) = f"/devices/{await phone.id()}", await tokens(staff.stack, phone.user)
    return {
        ("POST", "/devices/tokens"): ("/devices/tokens", {"user": phone.user.id}),
        ("DELETE", "/devices/tokens/{device_token}"): (f"/devices/tokens/{token.token.id}", None),
        ("PATCH", "/devices/{device}"): (device, {"name": "Till"}),
        ("PATCH", "/devices/{device}/sims/{sim}"): (f"{device}/sims/sim-1", {"per_day": 200}),
        ("POST", "/devices/{device}/pair"): (f"{device}/pair", None),
        ("POST", "/devices/{device}/revoke"): (f"{device}/revoke", None),
        ("PUT", "/gateways/{gateway}/warm-up"): (f"{where}/warm-up", {"ladder": "sim"}),
        ("DELETE", "/gateways/{gateway}/warm-up"): (f"{where}/warm-up", None),
        ("PUT", "/domains/{domain}/warm-up"): (f"/domains/{domain}/warm-up", {"ladder": "email"}),
        ("DELETE", "/domains/{domain}/warm-up"): (f"/domains/{domain}/warm-up", None),
        ("POST", "/domains"): ("/domains", {"domain": f"{uuid4().hex}.test"}),
        ("POST", "/domains/{domain}/check"): (f"/domains/{domain}/check", None),
        ("POST", "/domains/{domain}/rotate-key"): (f"/domains/{domain}/rotate-key", None),
        ("DELETE", "/domains/{domain}"): (f"/domains/{domain}", None),
        ("POST", "/gateways"): ("/gateways", gateway | {"identifier": uuid4().hex}),
        ("PATCH", "/gateways/{gateway}"): (where, {"config": {"label": "other"}}),
        ("PUT", "/gateways/{gateway}/shares/{account}"): (f"{where}/shares/{user['id']}", None),
        ("DELETE", "/gateways/{gateway}/shares/{account}"): (f"{where}/shares/{user['id']}", None),
        ("POST", "/gateways/{gateway}/pause"): (f"{where}/pause", None),
        ("POST", "/gateways/{gateway}/drain"): (f"{where}/drain", None),
        ("POST", "/gateways/{gateway}/resume"): (f"{where}/resume", None),
        ("POST", "/gateways/{gateway}/test"): (f"{where}/test", {"to": "+14155550123"}),
        ("DELETE", "/gateways/{gateway}"): (where, None),
        ("PUT", "/approval-policies/{kind}"): ("/approval-policies/batch", {"above": 10**9}),
        ("DELETE", "/approval-policies/{kind}"): ("/approval-policies/batch", None),
        ("POST", "/approvals/{approval}/deny"): (f"/approvals/{await some_approval(staff)}/deny", None),
        ("POST", "/suppressions"): ("/suppressions", recipient),
        ("POST", "/suppressions/remove"): ("/suppressions/remove", recipient),
        ("POST", "/callbacks/{callback}/enable"): (f"/callbacks/{callback}/enable", None),
        ("POST", "/callbacks/{callback}/deliveries/{delivery}/replay"): (
            f"/callbacks/{callback}/deliveries/{delivery}/replay",
            None,
        ),
        ("POST", "/callbacks/{callback}/disable"): (f"/callbacks/{callback}/disable", None),
        ("POST", "/replay"): ("/replay", {"filter": {"user": user["id"]}}),
        ("POST", "/batches/{uid}/pause"): (f"/batches/{batch}/pause", None),
        ("POST", "/batches/{uid}/resume"): (f"/batches/{batch}/resume", None),
        ("POST", "/batches/{uid}/cancel"): (f"/batches/{batch}/cancel", None),
        ("POST", "/users/{account}/export"): (f"/users/{user['id']}/export", None),
        ("POST", "/users/{account}/purge"): (f"/users/{left['id']}/purge", None),
        ("POST", "/users/{account}/persons/export"): (f"/users/{user['id']}/persons/export", {"phone": "+14155550100"}),
        ("POST", "/users/{account}/persons/erasures"): (
            f"/users/{user['id']}/persons/erasures",
            {"phone": "+14155550100"},
        ),
        ("POST", "/pause-sending"): ("/pause-sending", {"user": user["id"], "reason": "spam"}),
        ("POST", "/resume-sending"): ("/resume-sending", {"user": user["id"]}),
        ("PATCH", "/users/{account}/guards"): (f"/users/{user['id']}/guards", {"countries": ["DE"]}),
        ("PUT", "/users/{account}/reputation"): (f"/users/{user['id']}/reputation", {"guard": "pause"}),
        ("PATCH", "/settings"): ("/settings", {"branding": {"footer": "Acme"}}),
        ("POST", "/settings/apply"): ("/settings/apply", {"apiVersion": "xsender/v1"}),
        ("POST", "/settings/system-mail/test"): ("/settings/system-mail/test", {"to": "ada@example.com"}),
        ("POST", "/users"): ("/users", new),
        ("PATCH", "/users/{account}"): (f"/users/{user['id']}", {"name": "Other"}),
        ("PUT", "/users/by-external-id/{external_id}"): (f"/users/by-external-id/{uuid4().hex}", people),
        ("POST", "/users/{account}/restore"): (f"/users/{gone['id']}/restore", None),
        ("POST", "/users/{account}/suspend"): (f"/users/{user['id']}/suspend", None),
        ("POST", "/users/{account}/resume"): (f"/users/{user['id']}/resume", None),
        ("PUT", "/users/{account}/plan"): (f"/users/{user['id']}/plan", {"plan": plan}),
        ("PUT", "/users/{account}/credits/alerts"): (f"/users/{user['id']}/credits/alerts", {"sms": {"amount": 5}}),
        ("POST", "/users/{account}/credits/transfer"): (
            f"{subscriber}/credits/transfer",
            {"to": user["id"], "channel": "sms", "amount": 1},
        ),
        ("POST", "/credits/requests/{credit_request}/approve"): (f"/credits/requests/{asked[0]}/approve", None),
        ("POST", "/credits/requests/{credit_request}/reject"): (
            f"/credits/requests/{asked[1]}/reject",
            {"reason": "unpaid"},
        ),
        ("DELETE", "/users/{account}/subscription/change"): (f"{subscriber}/subscription/change", None),
        ("POST", "/users/{account}/subscription/renew"): (f"{subscriber}/subscription/renew", None),
        ("POST", "/users/{account}/subscription/expire"): (f"{subscriber}/subscription/expire", None),
        ("POST", "/users/{account}/credits"): (f"/users/{user['id']}/credits", {"channel": "sms", "amount": 1}),
        ("POST", "/plans"): ("/plans", {"name": f"plan {uuid4().hex}"}),
        ("PATCH", "/plans/{plan}"): (f"/plans/{plan}", {"price_cents": 900}),
        ("DELETE", "/plans/{plan}"): (f"/plans/{await first_plan(staff)}", None),
        ("POST", "/keys"): ("/keys", {"user": user["id"]}),
        ("POST", "/keys/{key}/roll"): (f"/keys/{old['id']}/roll", None),
        ("POST", "/keys/{key}/revoke"): (f"/keys/{older['id']}/revoke", None),
        ("POST", "/staff"): ("/staff", people | {"role": "support"}),
        ("PATCH", "/staff/{staff}"): (f"/staff/{member.id}", {"role": "finance"}),
        ("DELETE", "/staff/{staff}"): (f"/staff/{other.id}", None),
        ("POST", "/staff/{staff}/invite"): (f"/staff/{member.id}/invite", None),
        ("POST", "/users/{account}/invite"): (f"/users/{user['id']}/invite", None),
        ("POST", "/staff/{staff}/reset-totp"): (f"/staff/{(await with_totp(staff, 'staff')).id}/reset-totp", None),
        ("POST", "/users/{account}/reset-totp"): (f"/users/{(await with_totp(staff, 'user')).id}/reset-totp", None),
        ("PATCH", "/oidc"): ("/oidc", PROVIDER),
        ("DELETE", "/oidc"): ("/oidc", None),
        ("PUT", "/roles/{role}"): (f"/roles/{role}", {"permissions": ["users:read"]}),
        ("DELETE", "/roles/{role}"): (f"/roles/{unused}", None),
        ("POST", "/users/bulk"): ("/users/bulk", {"items": [{"action": "resume", "user": user["id"]}]}),
        ("POST", "/workflows/reset"): ("/workflows/reset", NO_WORKFLOW),
        ("POST", "/workflows/terminate"): ("/workflows/terminate", NO_WORKFLOW),
        ("POST", "/workflows/signal"): ("/workflows/signal", NO_WORKFLOW | {"signal": "wake"}),
        ("POST", "/operations/{operation}/cancel"): (f"/operations/{await waiting_operation(staff)}/cancel", None),
        ("DELETE", "/users/{account}"): (f"/users/{user['id']}", None),
    }


async def some_delivery(staff: Staff) -> tuple[UUID, UUID]:
    stack, endpoint_id, key = staff.stack, uuid4(), uuid4().hex
    user = await stack.user()
    await callback_endpoints.add(
        stack.pool, stack.keyring, NewEndpoint(endpoint_id, user.id, "https://example.com/hook")
    )
    async with stack.pool.connection() as conn:
        notice = Notice(user.id, "endpoint.test", None, datetime.now(UTC), {}, key)
        delivery = await callbacks.queue_for(conn, endpoint_id, notice)
    assert delivery is not None
    return endpoint_id, delivery


async def some_approval(staff: Staff) -> int:
    who = {"type": "staff", "id": "0", "name": "", "role": "finance"}
    return (await approvals.add(staff.stack.pool, Sensitive("top_up", 1), "credits.moved", who, [])).id


async def waiting_operation(staff: Staff) -> str:
    """An operation that has not ended: the workers of this process do not come to it."""
    added = await operations.add(staff.stack.pool, "users.bulk", COMMAND_LINE, {"items": [{}], "id": ""})
    async with staff.stack.pool.connection() as conn:
        await conn.execute("update operations set state = 'running' where id = %s", (added.id,))
    return str(added.id)


async def ask(stack: Stack) -> list[int]:
    """The ids of two requests for credits."""
    user, body = await stack.user(), {"channel": "sms", "amount": 5}
    return [
        (await stack.http.post("/api/credits/requests", json=body, headers=user.headers)).json()["data"]["id"]
        for _ in range(2)
    ]


async def with_totp(staff: Staff, kind: str) -> Person:
    person = await (member_who_logs_in if kind == "staff" else user_who_logs_in)(staff)
    await enrol(await person.begin())
    return person


async def first_plan(staff: Staff) -> str:
    from tests.api.test_admin_users import plan_of

    return (await plan_of(staff.stack)).name


async def test_every_route_that_changes_something_writes_one_event_that_names_its_target(stack: Stack):
    staff = await admin(stack)
    examples = await calls(staff)
    changing = {
        (method, path.removeprefix(ADMIN))
        for method, path in await rows(staff)
        if method != "GET" and path not in CHANGING_NOTHING and path not in TESTED_ELSEWHERE
    }
    assert changing == set(examples), "give each route an example"
    key = staff.key.split("_")[2]
    for (method, _), (path, body) in examples.items():
        before = await staff.data("GET", f"/audit?actor=key:{key}&limit=200")
        await staff.data(method, path, body)
        (event, *others) = await staff.data("GET", f"/audit?actor=key:{key}&limit=200")
        assert others[0]["id"] == before[0]["id"], f"{method} {path} writes one event"
        assert (event["context"]["method"], event["context"]["path"]) == (method, ADMIN + quote(path))
        assert event["targets"], f"{method} {path}"
    await staff.data("PATCH", "/settings", {"branding": None, "system_mail": None})


async def test_denied_attempts_are_logged(stack: Stack):
    owner = await admin(stack)
    member = await owner.colleague("support")
    await member.call("POST", "/users", {})
    (event,) = await owner.data("GET", f"/audit?actor=staff:{member.id}")
    assert (event["action"], event["outcome"], event["context"]["path"]) == ("users:write", "denied", f"{ADMIN}/users")
