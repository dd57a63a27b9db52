"""Credits that users ask for, with a proof, and what staff decides."""

import asyncio
from base64 import b64encode
from typing import Any
from uuid import uuid4

import httpx
import pytest

from store.accounts import credits
from store.credits import requests
from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.stack import Stack, User

PDF = b"%PDF-1.7 paid"
PATH = "/api/credits/requests"


async def ask(stack: Stack, user: User, **more: Any) -> httpx.Response:
    headers = user.headers | {name.replace("_", "-"): more.pop(name) for name in [*more] if name[0].isupper()}
    return await stack.http.post(PATH, json={"channel": "sms", "amount": 50} | more, headers=headers)


async def asked(stack: Stack, user: User, **more: Any) -> dict[str, Any]:
    answer = await ask(stack, user, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def available(stack: Stack, user: User) -> int:
    return (await credits.show(stack.pool, user.id))["sms"].available


async def own(stack: Stack, user: User, **query: str) -> list[dict[str, Any]]:
    return (await stack.http.get(PATH, headers=user.headers, params=query)).json()["data"]


async def test_a_request_with_its_proof_is_approved_and_its_user_sees_that(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=1)
    request = await asked(stack, user, note="invoice 17", proof=b64encode(PDF).decode())
    assert request == (await own(stack, user))[0]
    assert (request["state"], request["proof"]) == ("pending", {"type": "application/pdf", "bytes": len(PDF)})
    finance = await staff.colleague("finance")
    (listed,) = await finance.data("GET", f"/credits/requests?user={user.id}&state=pending")
    assert (listed["id"], listed["user_id"], listed["note"]) == (request["id"], user.id, "invoice 17")
    path = f"/credits/requests/{request['id']}"
    proof = await finance.call("GET", f"{path}/proof")
    assert (proof.content, proof.headers["content-type"]) == (PDF, "application/pdf")
    assert proof.headers["content-disposition"].startswith("attachment;")
    assert proof.headers["x-content-type-options"] == "nosniff"
    decided = await finance.data("POST", f"{path}/approve", {"reason": "paid"})
    assert (decided["state"], decided["granted"], decided["decided_by"]["id"]) == ("approved", 50, str(finance.id))
    assert await available(stack, user) == 51
    (entry,) = await own(stack, user)
    assert (entry["state"], entry["reason"], "decided_by" in entry) == ("approved", "paid", False)
    (event,) = await staff.data("GET", f"/audit?target=credit_request:{request['id']}")
    assert (event["action"], event["actor"]["id"]) == ("credits.request_approved", str(finance.id))
    assert await credits.audit(stack.pool) == []


async def test_another_amount_may_be_granted_and_a_rejection_grants_nothing(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=1)
    first, second = await asked(stack, user), await asked(stack, user)
    approved = await staff.data("POST", f"/credits/requests/{first['id']}/approve", {"amount": 20})
    assert (approved["amount"], approved["granted"]) == (50, 20)
    rejected = await staff.data("POST", f"/credits/requests/{second['id']}/reject", {"reason": "no money came"})
    assert (rejected["state"], rejected["granted"], rejected["reason"]) == ("rejected", None, "no money came")
    assert await available(stack, user) == 21
    for path in ("approve", "reject"):
        refused = await staff.call("POST", f"/credits/requests/{second['id']}/{path}", {"reason": "again"})
        assert_error(refused, 409, "request_decided")


async def test_however_many_decide_at_once_one_decision_counts(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=1)
    for _ in range(4):
        request = await asked(stack, user)
        before = await available(stack, user)
        verdicts = ["approve"] * 5 + ["reject"] * 3
        answers = await asyncio.gather(
            *(staff.call("POST", f"/credits/requests/{request['id']}/{one}", {"reason": "x"}) for one in verdicts)
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
        state = (await staff.data("GET", f"/credits/requests/{request['id']}"))["state"]
        assert await available(stack, user) - before == (50 if state == "approved" else 0)
    assert await credits.audit(stack.pool) == []


async def test_a_repeat_with_its_key_asks_once_and_approves_once(stack: Stack):
    staff, user, key = await admin(stack), await stack.user(credit=1), uuid4().hex
    answers = [await ask(stack, user, Idempotency_Key=key) for _ in range(3)]
    assert {answer.text for answer in answers} == {answers[0].text}
    (request,) = await own(stack, user)
    path = f"/credits/requests/{request['id']}/approve"
    again = [await staff.call("POST", path, {}, Idempotency_Key=key) for _ in range(2)]
    assert again[0].text == again[1].text
    assert again[1].status_code == 200
    assert await available(stack, user) == 51


async def test_ten_requests_wait_at_a_time(stack: Stack):
    staff, user = await admin(stack), await stack.user()
    answers = await asyncio.gather(*(ask(stack, user) for _ in range(14)))
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [409] * 4
    (first, *_) = await own(stack, user)
    await staff.data("POST", f"/credits/requests/{first['id']}/reject", {"reason": "no"})
    await asked(stack, user)


@pytest.mark.parametrize(
    ("more", "status", "code", "pointer"),
    [
        ({"amount": 0}, 422, "amount", "/amount"),
        ({"amount": -1}, 422, "amount", "/amount"),
        ({"amount": 1.5}, 422, "int_type", "/amount"),
        ({"channel": "fax"}, 422, "enum", "/channel"),
        ({"note": "x" * 501}, 422, "string_too_long", "/note"),
        ({"account": 1}, 422, "extra_forbidden", "/account"),
        ({"proof": "not base64!"}, 422, "not_base64", "/proof"),
        ({"proof": ""}, 422, "proof_type", "/proof"),
        ({"proof": b64encode(b"<html><script>").decode()}, 422, "proof_type", "/proof"),
        ({"proof": b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()}, 422, "proof_type", "/proof"),
        ({"proof": b64encode(b" %PDF-1.7").decode()}, 422, "proof_type", "/proof"),
        ({"proof": b64encode(PDF + b"x" * 1024 * 1024).decode()}, 422, "proof_too_large", "/proof"),
        ({"proof": b64encode(PDF + b"x" * 2 * 1024 * 1024).decode()}, 413, "too_large", ""),
    ],
)
async def test_what_cannot_be_asked_is_refused(stack: Stack, more, status, code, pointer):
    user = await stack.user()
    assert_error(await ask(stack, user, **more), status, code, pointer)
    assert await own(stack, user) == []


async def test_a_proof_of_a_mebibyte_is_taken(stack: Stack):
    user = await stack.user()
    proof = b"\x89PNG\r\n\x1a\n" + b"x" * (1024 * 1024 - 8)
    assert (await asked(stack, user, proof=b64encode(proof).decode()))["proof"]["bytes"] == 1024 * 1024


async def test_nobody_sees_what_others_ask_for_or_decides_on_it(stack: Stack):
    staff, user, other = await admin(stack), await stack.user(), await stack.user()
    request = await asked(stack, user)
    assert await own(stack, other) == []
    support = await staff.colleague("support")
    path = f"/credits/requests/{request['id']}"
    assert_error(await support.call("POST", f"{path}/approve", {}), 403, "permission_missing")
    assert_error(await (await staff.colleague("marketer")).call("GET", f"{path}/proof"), 403, "permission_missing")
    assert_error(await staff.call("GET", f"{path}/proof"), 404, "proof_not_found")
    assert_error(await staff.call("POST", "/credits/requests/999999999/approve", {}), 404, "request_not_found")
    body = {"channel": "sms", "amount": 1}
    refused = await stack.http.post(PATH, json=body, headers=(await stack.admin()).headers)
    assert_error(refused, 403, "no_wallet")


async def test_dry_runs_decide_nothing_and_lists_are_filtered(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=1)
    first, second = await asked(stack, user), await asked(stack, user, channel="email")
    for path, body in (("approve", {}), ("reject", {"reason": "no"})):
        answer = await staff.call("POST", f"/credits/requests/{first['id']}/{path}?dry_run=true", body)
        assert (answer.status_code, answer.json()["dry_run"]) == (200, True)
    assert [one["state"] for one in await own(stack, user)] == ["pending", "pending"]
    await staff.data("POST", f"/credits/requests/{first['id']}/approve", {})
    for query, expected in (
        ("", [second, first]),
        ("&state=approved", [first]),
        ("&state=approved&state=pending", [second, first]),
        ("&channel=email", [second]),
        ("&state=rejected", []),
    ):
        listed = await staff.data("GET", f"/credits/requests?user={user.id}{query}")
        assert [one["id"] for one in listed] == [one["id"] for one in expected]
    assert [one["id"] for one in await own(stack, user, state="approved")] == [first["id"]]
    csv = await staff.call("GET", f"/credits/requests?user={user.id}&format=csv")
    assert len(csv.text.splitlines()) == 3


async def test_proofs_are_deleted_some_time_after_their_decision_and_requests_stay(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("store.credits.requests._AT_A_TIME", 2)
    staff, user = await admin(stack), await stack.user()
    proof = b64encode(PDF).decode()
    ids = [(await asked(stack, user, proof=proof))["id"] for _ in range(6)]
    for number, request in enumerate(ids[1:]):
        decision = ("reject", {"reason": "no"}) if number == 0 else ("approve", {})
        await staff.data("POST", f"/credits/requests/{request}/{decision[0]}", decision[1])
    async with stack.pool.connection() as conn:
        await conn.execute(
            "update credit_requests set created_at = now() - interval '99 days' where id = %s", (ids[0],)
        )
        await conn.execute(
            "update credit_requests set decided_at = now() - interval '31 days' where id = any(%s)", (ids[1:5],)
        )
    await requests.delete_proofs(stack.pool, 30)
    shown = {entry["id"]: entry["proof"] for entry in await own(stack, user)}
    assert {request: shown[request] is not None for request in ids} == {
        **dict.fromkeys(ids[1:5], False),
        **{ids[0]: True, ids[5]: True},
    }
    for request, status in ((ids[0], 200), (ids[1], 404), (ids[5], 200)):
        assert (await staff.call("GET", f"/credits/requests/{request}/proof")).status_code == status
