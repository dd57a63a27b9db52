"""What staff makes, changes and deletes over HTTP, in any order; a user's key is refused before and after any step."""

from base64 import b64encode
from typing import Any
from uuid import uuid4

from tests.api.access.objects import ended_operation
from tests.api.admin import Staff, admin
from tests.api.answers import send_one
from tests.api.batches import waiting_batch
from tests.api.devices.phones import paired, tokens
from tests.api.stateful.machine import Game, Ids
from tests.api.stateful.playing import Caller, play
from tests.api.test_admin_audit import some_delivery
from tests.api.test_approvals import policy, requested
from tests.api.test_credit_requests import PDF
from tests.api.test_credit_requests import asked as asked_for_credits
from tests.stack import Stack


async def user(staff: Staff) -> Ids:
    external_id = uuid4().hex
    account = (await staff.user(external_id=external_id))["id"]
    person = {"email": f"{uuid4().hex}@example.com"}
    begun = await staff.data("POST", f"/users/{account}/persons/erasures", person)
    return {"account": str(account), "external_id": external_id, "erasure": begun["erasure"]["id"]}


async def plan(staff: Staff) -> Ids:
    return {"plan": (await staff.data("POST", "/plans", {"name": f"plan {uuid4().hex}"}))["name"]}


async def key(staff: Staff) -> Ids:
    return {"key": (await staff.data("POST", "/keys", {"user": (await staff.user())["id"]}))["id"]}


async def domain(staff: Staff) -> Ids:
    new = {"user": (await staff.user())["id"], "domain": f"{uuid4().hex}.test"}
    return {"domain": str((await staff.data("POST", "/domains", new))["id"])}


async def member(staff: Staff) -> Ids:
    return {"staff": str((await staff.colleague("support")).id)}


async def role(staff: Staff) -> Ids:
    name = f"role-{uuid4().hex[:8]}"
    await staff.data("PUT", f"/roles/{name}", {"permissions": ["users:read"]})
    return {"role": name}


async def gateway(staff: Staff) -> Ids:
    new = {"channel": "sms", "type": "sandbox", "identifier": uuid4().hex}
    made = await staff.data("POST", "/gateways", new)
    return {"gateway": made["id"], "account": str((await staff.user())["id"])}


async def credit_request(staff: Staff) -> Ids:
    asked = await asked_for_credits(staff.stack, await staff.stack.user(), proof=b64encode(PDF).decode())
    return {"credit_request": str(asked["id"])}


async def approval(staff: Staff) -> Ids:
    other, of = await staff.colleague("finance"), await staff.user()
    async with policy(staff, "top_up"):
        body = {"channel": "sms", "amount": 5}
        return {"approval": str((await requested(other, "POST", f"/users/{of['id']}/credits", body))["id"])}


async def message(staff: Staff) -> Ids:
    return {"uid": (await send_one(staff.stack, await staff.stack.user(), schedule_at="2027-01-01T00:00:00Z"))["uid"]}


async def batch(staff: Staff) -> Ids:
    return {"uid": await waiting_batch(staff.stack, await staff.stack.user())}


async def callback(staff: Staff) -> Ids:
    endpoint, delivery = await some_delivery(staff)
    return {"callback": str(endpoint), "delivery": str(delivery)}


async def device(staff: Staff) -> Ids:
    stack = staff.stack
    user = await stack.user()
    phone, (issued,) = await paired(stack, user), await tokens(stack, user)
    return {"device": str(await phone.id()), "device_token": str(issued.token.id), "sim": "sim-1"}


async def operation(staff: Staff) -> Ids:
    return {"operation": await ended_operation(staff.stack, await staff.stack.user())}


MAKERS: dict[str, Any] = {
    "users": user,
    "plans": plan,
    "keys": key,
    "domains": domain,
    "staff": member,
    "roles": role,
    "gateways": gateway,
    "credits": credit_request,
    "approvals": approval,
    "messages": message,
    "batches": batch,
    "callbacks": callback,
    "operations": operation,
    "devices": device,
}


async def test_staff_does_in_any_order_what_the_document_says_and_users_are_refused(stack: Stack):
    owner = await admin(stack)

    async def begin() -> Caller:
        staff = await owner.colleague("owner")
        return Caller({"Api-key": staff.key}, staff)

    game = Game(
        url=stack.url,
        under=["/api/admin/v1/"],
        but=[  # which would concern what others of these tests do
            "/api/admin/v1/approval-policies/",
            "/api/admin/v1/workflows/jobs/",
            "/api/admin/v1/retries/",
        ],
        kind_at=4,
        kinds={"failures": "messages"},
        stranger=(await stack.user()).headers,
        refusals=[403],
        still_there=[
            *("/api/admin/v1/users/{account}", "/api/admin/v1/staff/{staff}"),
            *("/api/admin/v1/gateways/{gateway}/warm-up", "/api/admin/v1/domains/{domain}/warm-up"),
            "/api/admin/v1/gateways/{gateway}/shares/{account}",  # the gateway is what can be read
        ],
        rounds=20,
        steps=25,
    )
    await play(game, begin, MAKERS)
