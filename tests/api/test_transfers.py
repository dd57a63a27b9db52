"""Credits that go from one user to another, and what users see of their own."""

import asyncio
import random
from uuid import uuid4

import pytest

from store.accounts import credits
from tests.api.admin import admin
from tests.api.answers import SMS, assert_error
from tests.stack import Stack, User


async def wallet(stack: Stack, user: User) -> tuple[int, int]:
    found = (await credits.show(stack.pool, user.id))["sms"]
    return found.available, found.granted


async def journal(stack: Stack, user: User, **query: object) -> list[dict]:
    answer = await stack.http.get("/api/journal", headers=user.headers, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_a_transfer_moves_what_is_available_once_and_both_journals_name_the_other(stack: Stack):
    staff = await admin(stack)
    ann, bob = await stack.user(credit=100), await stack.user(credit=10)
    body = {"to": bob.id, "channel": "sms", "amount": 30, "reason": "shared"}
    key = uuid4().hex
    path = f"/users/{ann.id}/credits/transfer"
    moved = [await staff.data("POST", path, body, Idempotency_Key=key) for _ in range(3)][-1]
    assert (moved["from"]["available"], moved["to"]["available"]) == (70, 40)
    assert (await wallet(stack, ann), await wallet(stack, bob)) == ((70, 70), (40, 40))
    for user, amount, other in ((ann, -30, bob), (bob, 30, ann)):
        (entry,) = await staff.data("GET", f"/users/{user.id}/journal?kind=transfer")
        assert (entry["amount"], entry["other_user_id"], entry["uid"]) == (amount, other.id, moved["uid"])
        assert entry["reason"] == "shared"
    assert await credits.audit(stack.pool) == []
    (event,) = await staff.data("GET", f"/audit?target=user:{ann.id}&action=user.credits_transferred")
    assert [target["id"] for target in event["targets"]] == [str(ann.id), str(bob.id)]
    assert event["metadata"]["amount"] == 30


@pytest.mark.parametrize(
    ("more", "status", "code", "pointer"),
    [
        ({"amount": 101}, 402, "insufficient_credit", ""),
        ({"amount": 0}, 422, "amount", "/amount"),
        ({"amount": -5}, 422, "amount", "/amount"),
        ({"amount": 10**12 + 1}, 422, "amount", "/amount"),
        ({"amount": True}, 422, "int_type", "/amount"),
        ({"to": 0}, 422, "greater_than_equal", "/to"),
        ({"to": 2**62}, 404, "account_not_found", ""),
        ({"to": "self"}, 422, "to", "/to"),
        ({"to": "deleted"}, 404, "account_not_found", ""),
        ({"channel": "fax"}, 422, "enum", "/channel"),
    ],
)
async def test_a_transfer_that_cannot_be_moves_nothing(stack: Stack, more, status, code, pointer):
    staff = await admin(stack)
    ann, bob, gone = [await stack.user(credit=100) for _ in range(3)]
    await staff.data("DELETE", f"/users/{gone.id}")
    body = {"to": bob.id, "channel": "sms", "amount": 5} | more
    body["to"] = {"self": ann.id, "deleted": gone.id}.get(body["to"], body["to"])
    assert_error(await staff.call("POST", f"/users/{ann.id}/credits/transfer", body), status, code, pointer)
    assert (await wallet(stack, ann), await wallet(stack, bob)) == ((100, 100), (100, 100))


async def test_transfers_that_cross_and_compete_neither_deadlock_nor_overdraw(stack: Stack):
    staff = await admin(stack)
    users = [await stack.user(credit=20) for _ in range(3)]
    chance = random.Random(5)

    async def one() -> int:
        source, target = chance.sample(users, 2)
        body = {"to": target.id, "channel": "sms", "amount": chance.randint(1, 15)}
        return (await staff.call("POST", f"/users/{source.id}/credits/transfer", body)).status_code

    codes = await asyncio.gather(*(one() for _ in range(40)))
    assert set(codes) <= {200, 402}
    assert codes.count(200) > 5
    wallets = [await wallet(stack, user) for user in users]
    assert sum(available for available, _ in wallets) == 60
    assert min(available for available, _ in wallets) >= 0
    assert await credits.audit(stack.pool) == []


async def test_a_user_sees_wallets_and_journal_of_its_own_and_nobody_elses(stack: Stack):
    staff = await admin(stack)
    ann, bob = await stack.user(credit=100), await stack.user(credit=1)
    await staff.data(
        "POST", f"/users/{bob.id}/credits/transfer", {"to": ann.id, "channel": "sms", "amount": 1, "reason": "=1+1"}
    )
    answer = await stack.http.get("/api/credits", headers=ann.headers)
    assert answer.json()["data"] == await staff.data("GET", f"/users/{ann.id}/credits")
    entries = await journal(stack, ann, channel="sms")
    assert [(entry["kind"], entry["amount"]) for entry in entries] == [("transfer", 1), ("grant", 100)]
    assert "other_user_id" not in entries[0]
    assert str(bob.id) not in {str(value) for entry in entries for value in entry.values()}
    page = (await stack.http.get("/api/journal?limit=1&channel=sms", headers=ann.headers)).json()
    rest = await journal(stack, ann, channel="sms", cursor=page["next_cursor"])
    assert page["data"] + rest == entries
    csv = await stack.http.get("/api/journal?format=csv&kind=transfer", headers=ann.headers)
    assert csv.text.splitlines()[1].endswith(",'=1+1")
    await stack.gateway(ann.id, "sms", "sandbox", {})
    uid = (await stack.send(ann, "sms", SMS)).json()["data"][0]["uid"]
    await stack.final(ann, "sms", uid)
    assert {entry["kind"] for entry in await journal(stack, ann, uid=uid)} == {"hold", "capture"}
    assert await journal(stack, bob, uid=uid) == []


@pytest.mark.parametrize("path", ["/api/credits", "/api/journal", "/api/credits/requests"])
async def test_own_reads_refuse_admin_keys_and_unknown_parameters(stack: Stack, path):
    user = await stack.user()
    refused = await stack.http.get(path, headers=(await stack.admin()).headers)
    assert_error(refused, 403, "no_wallet")
    assert_error(await stack.http.get(f"{path}?user=1", headers=user.headers), 422, "query_unknown", "/user")
