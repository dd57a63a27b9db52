"""Four eyes: what a policy names waits for a second person, and is made once, by the rights of both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from domain.ids import batch_workflow_id
from services.batch_approvals import carry_out
from tests.api.admin import Staff, admin
from tests.api.batches import send_batch, sink_gateway, wallet
from tests.faults.sink import running_sink
from tests.stack import Stack


@asynccontextmanager
async def policy(staff: Staff, kind: str, **body: Any) -> AsyncIterator[None]:
    """A policy for a while: others share the install."""
    await staff.data("PUT", f"/approval-policies/{kind}", body)
    try:
        yield
    finally:
        await staff.data("DELETE", f"/approval-policies/{kind}")


async def requested(staff: Staff, method: str, path: str, body: Any, **headers: str) -> dict[str, Any]:
    """What a change that waits for approval is answered."""
    answer = await staff.call(method, path, body, **headers)
    assert answer.status_code == 202, answer.text
    assert answer.json()["data"]["state"] == "pending"
    return answer.json()["data"]


async def available(staff: Staff, user: int) -> int:
    return (await staff.data("GET", f"/users/{user}/credits"))["sms"]["available"]


async def test_a_large_grant_waits_and_is_made_once_when_a_second_person_approves(stack: Stack):
    owner = await admin(stack)
    one, other, user = await owner.colleague("finance"), await owner.colleague("finance"), await owner.user()
    grant = {"channel": "sms", "amount": 501, "reason": "invoice 7"}
    async with policy(owner, "top_up", above=500):
        await one.data("POST", f"/users/{user['id']}/credits", grant | {"amount": 500})
        waits = await requested(one, "POST", f"/users/{user['id']}/credits", grant)
        assert (waits["kind"], waits["amount"], waits["requested_by"]["id"]) == ("top_up", 501, str(one.id))
        assert {"type": "user", "id": str(user["id"]), "name": user["name"]} in waits["targets"]
        assert await available(owner, user["id"]) == 500
        told = {"reason": "invoice 7", "changes": [], "metadata": {"channel": "sms", "amount": 501}}
        assert waits["details"] == told
        assert (await other.data("GET", f"/approvals/{waits['id']}"))["details"] == told

        own = await one.call("POST", f"/approvals/{waits['id']}/approve")
        assert (own.status_code, own.json()["errors"][0]["code"]) == (403, "own_request")
        answers = await asyncio.gather(*(other.call("POST", f"/approvals/{waits['id']}/approve") for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert await available(owner, user["id"]) == 1001
    decided = await other.data("GET", f"/approvals/{waits['id']}")
    assert (decided["state"], decided["decided_by"]["id"]) == ("approved", str(other.id))
    (moved, *_) = await owner.data("GET", f"/audit?actor=staff:{one.id}&action=user.credits_moved")
    assert moved["metadata"]["approved_by"]["id"] == str(other.id)
    (approved,) = await owner.data("GET", f"/audit?actor=staff:{other.id}&action=approval.approved")
    assert approved["targets"][0]["id"] == str(waits["id"])


async def test_a_denied_change_is_not_made_and_cannot_be_approved_later(stack: Stack):
    owner = await admin(stack)
    one, other, user = await owner.colleague("finance"), await owner.colleague("finance"), await owner.user()
    async with policy(owner, "top_up"):
        waits = await requested(one, "POST", f"/users/{user['id']}/credits", {"channel": "sms", "amount": 5})
        denied = await other.data("POST", f"/approvals/{waits['id']}/deny", {"reason": "no invoice"})
        assert (denied["state"], denied["reason"]) == ("denied", "no invoice")
        assert (await other.call("POST", f"/approvals/{waits['id']}/approve")).status_code == 409
        own = await requested(one, "POST", f"/users/{user['id']}/credits", {"channel": "sms", "amount": 5})
        assert (await one.data("POST", f"/approvals/{own['id']}/deny"))["state"] == "denied"
    assert await available(owner, user["id"]) == 0


async def test_an_approval_expires(stack: Stack):
    owner = await admin(stack)
    one, other, user = await owner.colleague("finance"), await owner.colleague("finance"), await owner.user()
    async with policy(owner, "top_up"):
        waits = await requested(one, "POST", f"/users/{user['id']}/credits", {"channel": "sms", "amount": 5})
    async with stack.pool.connection() as conn:
        await conn.execute("update approvals set expires_at = now() - interval '1 s' where id = %s", (waits["id"],))
    assert (await other.call("POST", f"/approvals/{waits['id']}/approve")).status_code == 409
    await carry_out(stack.pool, stack.temporal)
    assert (await other.data("GET", f"/approvals/{waits['id']}"))["state"] == "expired"
    async with stack.pool.connection() as conn:
        row = await (await conn.execute("select request from approvals where id = %s", (waits["id"],))).fetchone()
    assert row == (None,)


async def test_whose_rights_ended_meanwhile_gets_nothing_approved(stack: Stack):
    owner = await admin(stack)
    one, other, user = await owner.colleague("finance"), await owner.colleague("finance"), await owner.user()
    async with policy(owner, "top_up"):
        waits = await requested(one, "POST", f"/users/{user['id']}/credits", {"channel": "sms", "amount": 5})
        await owner.data("DELETE", f"/staff/{one.id}")
        answer = await other.call("POST", f"/approvals/{waits['id']}/approve")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "permission_missing")
    assert await available(owner, user["id"]) == 0


async def test_nobody_approves_what_they_could_not_do_themselves(stack: Stack):
    owner = await admin(stack)
    decides = f"role-{uuid4().hex[:8]}"
    await owner.data("PUT", f"/roles/{decides}", {"permissions": ["approvals:read", "approvals:decide"]})
    one, other, user = await owner.colleague("finance"), await owner.colleague(decides), await owner.user()
    async with policy(owner, "top_up"):
        waits = await requested(one, "POST", f"/users/{user['id']}/credits", {"channel": "sms", "amount": 5})
        assert (await other.call("POST", f"/approvals/{waits['id']}/approve")).status_code == 403
    assert (await owner.data("GET", f"/approvals/{waits['id']}"))["state"] == "pending"
    assert await available(owner, user["id"]) == 0


async def test_new_credentials_and_roles_wait_too_and_secrets_do_not_show(stack: Stack):
    owner = await admin(stack)
    one, other = await owner.colleague("owner"), await owner.colleague("owner")
    new = {"channel": "email", "type": "resend", "identifier": uuid4().hex}
    config = {"api_key": "re_first", "from_address": "a@example.com"}
    gateway = await one.data("POST", "/gateways", new | {"config": config})
    async with policy(owner, "credentials"):
        await one.data("PATCH", f"/gateways/{gateway['id']}", {"config": {"from_name": "Shop"}})
        waits = await requested(one, "PATCH", f"/gateways/{gateway['id']}", {"config": {"api_key": "re_second"}})
        assert "re_second" not in (await other.call("GET", f"/approvals/{waits['id']}")).text
        async with stack.pool.connection() as conn:
            row = await (await conn.execute("select a::text from approvals a where id = %s", (waits["id"],))).fetchone()
        assert row is not None
        assert "re_second" not in row[0]
        assert (await other.call("POST", f"/approvals/{waits['id']}/approve")).status_code == 200
    async with policy(owner, "role_grant"):
        person = {"email": f"{uuid4().hex}@example.com", "name": "New", "role": "support"}
        waits = await requested(one, "POST", "/staff", person)
        await other.data("POST", f"/approvals/{waits['id']}/approve")
        added = await owner.data("GET", "/staff?limit=200")
        assert person["email"] in {member["email"] for member in added}


async def test_a_repeat_with_its_idempotency_key_waits_once(stack: Stack):
    owner = await admin(stack)
    one, user = await owner.colleague("finance"), await owner.user()
    async with policy(owner, "top_up"):
        asked = [
            await requested(
                one, "POST", f"/users/{user['id']}/credits", {"channel": "sms", "amount": 5}, Idempotency_Key="a"
            )
            for _ in range(2)
        ]
        assert asked[0] == asked[1]
        dry = await one.call("POST", f"/users/{user['id']}/credits?dry_run=true", {"channel": "sms", "amount": 5})
        assert (dry.status_code, dry.json()["dry_run"]) == (202, True)
    listed = await owner.data("GET", "/approvals?state=pending&limit=200")
    assert [found["id"] for found in listed if found["requested_by"]["id"] == str(one.id)] == [asked[0]["id"]]


async def test_a_costly_batch_waits_for_the_staff_and_then_begins(stack: Stack):
    owner, user = await admin(stack), await stack.user(credit=2000)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink)
        async with policy(owner, "batch", above=600):
            small = (await send_batch(stack, user, 600))["batch"]
            batch = (await send_batch(stack, user, 601))["batch"]
        async with asyncio.timeout(60):
            await stack.temporal.get_workflow_handle(batch_workflow_id(UUID(small))).result()
        data = (await stack.http.get(f"/api/batches/{batch}", headers=user.headers)).json()["data"]
        assert (data["state"], data["waiting"]["for"]) == ("paused", "approval")
        resumed = await stack.http.post(f"/api/batches/{batch}/resume", headers=user.headers)
        assert (resumed.status_code, resumed.json()["errors"][0]["code"]) == (409, "approval_needed")
        waits = next(one for one in await owner.data("GET", "/approvals?state=pending") if one["batch_id"] == batch)
        assert (waits["kind"], waits["amount"]) == ("batch", 601)
        assert sink.arrived.total() == 600
        await owner.data("POST", f"/approvals/{waits['id']}/approve")
        async with asyncio.timeout(60):
            await stack.temporal.get_workflow_handle(batch_workflow_id(UUID(batch))).result()
        assert sink.arrived.total() == 1201
    assert await wallet(stack, user) == (799, 0, 1201)


async def _waiting(who: Staff) -> int:
    """Batches and campaigns that wait for approval, as they are told to whoever may approve them."""
    items = (await who.call("GET", "/attention")).json()["data"]
    return sum(item["count"] for item in items if item["kind"] == "batch_waiting")


async def test_a_denied_batch_is_cancelled_and_costs_nothing(stack: Stack):
    owner, user = await admin(stack), await stack.user(credit=2000)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink)
        async with policy(owner, "batch"):
            before = await _waiting(owner)
            batch = (await send_batch(stack, user, 600))["batch"]
        assert await _waiting(owner) == before + 1
        reads = await owner.colleague("owner", ["overview:read", "approvals:read"])
        assert await _waiting(reads) == 0, "it may not approve them"
        waits = next(one for one in await owner.data("GET", "/approvals?state=pending") if one["batch_id"] == batch)
        await owner.data("POST", f"/approvals/{waits['id']}/deny", {"reason": "too many"})
        async with asyncio.timeout(60):
            await stack.temporal.get_workflow_handle(batch_workflow_id(UUID(batch))).result()
        assert await _waiting(owner) == before
        assert not sink.arrived
    assert await wallet(stack, user) == (2000, 0, 0)
    data = (await stack.http.get(f"/api/batches/{batch}", headers=user.headers)).json()["data"]
    assert data["counts"] == {"cancelled": 600}
