"""Messages are found by what is known of them: by staff all, with masked recipients, and by users their own."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from store.messages.attempts import Attempted, flush_outcomes, write_intents
from store.messages.pages import hold
from tests.api.admin import admin
from tests.api.answers import assert_error, send_one
from tests.api.batches import waiting_batch
from tests.api.test_narrowed_keys import gateway_id, key_with
from tests.api.test_test_keys import sandbox_key
from tests.receiver import receiving, register
from tests.stack import Stack, User
from tests.store.builders import new_gateway, new_page

NUMBER, MASKED = "+14155550123", "+14•••23"


async def own(stack: Stack, user: User, query: str = "") -> list[dict[str, Any]]:
    answer = await stack.http.get(f"/api/messages?{query}", headers=user.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def uids(stack: Stack, user: User, query: str = "") -> list[str]:
    return [entry["uid"] for entry in await own(stack, user, query)]


async def sent(stack: Stack, user: User, channel: str = "sms", **fields: object) -> str:
    if "gateway_identifier" not in fields:
        fields["gateway_identifier"] = await stack.gateway(user.id, channel, "sandbox", {})
    message = await send_one(stack, user, channel, **fields)
    await stack.final(user, channel, message["uid"])
    return message["uid"]


async def refused(stack: Stack, user: User, code: str, size: int = 1) -> list[UUID]:
    """Messages that a gateway refused for a reason which quotes the recipient."""
    gateway = await new_gateway(stack.pool)
    page = new_page(user.id, [0] * size)
    await hold(stack.pool, page)
    await write_intents(stack.pool, page.uids, 1, gateway, uuid4())
    done = [
        Attempted(uid, 1, "refused", code=code, reason=f"{recipient} is blocked")
        for uid, recipient in zip(page.uids, page.recipients, strict=True)
    ]
    await flush_outcomes(stack.pool, done)
    return page.uids


async def test_a_user_finds_own_messages_by_every_filter(stack: Stack):
    user = await stack.user()
    gateway = await stack.gateway(user.id, "sms", "sandbox", {})
    other = await stack.gateway(user.id, "email", "sandbox", {})
    number = "+12025550177"
    first = await sent(stack, user, gateway_identifier=gateway)
    second = await sent(stack, user, gateway_identifier=gateway, number=number)
    mail = await sent(stack, user, "email", gateway_identifier=other)
    (failed,) = map(str, await refused(stack, user, "blocked"))
    batch = await waiting_batch(stack, user)
    in_batch = await uids(stack, user, f"batch={batch}&limit=200")
    assert len(in_batch) == 200
    everything = [*await uids(stack, user, "limit=200&state=scheduled"), failed, mail, second, first]
    assert everything[:200] == in_batch
    assert [entry["batch"] for entry in await own(stack, user, f"uid={in_batch[0]}")] == [batch]
    assert await uids(stack, user, f"uid={first}") == [first]
    for spelling in (number, "%2B12025550177", "%2B1%20202-555-0177", "12025550177"):
        assert await uids(stack, user, f"recipient={spelling}") == [second], spelling
    assert await uids(stack, user, "recipient=ada@EXAMPLE.com") == [mail]
    assert await uids(stack, user, "state=rejected") == [failed]
    assert await uids(stack, user, "state=rejected,delivered,sent") == [failed, mail, second, first]
    assert await uids(stack, user, "state=rejected&state=delivered&state=sent") == [failed, mail, second, first]
    assert await uids(stack, user, "code=blocked") == [failed]
    assert await uids(stack, user, "code=nothing") == []
    assert await uids(stack, user, f"gateway={gateway}") == [second, first]
    assert await uids(stack, user, "gateway=no-such-gateway") == []
    assert await uids(stack, user, "channel=email") == [mail]
    at = {entry["uid"]: entry["created_at"] for entry in await own(stack, user, f"gateway={gateway}")}
    assert await uids(stack, user, f"created_before={at[second]}") == [first]
    assert await uids(stack, user, f"created_after={at[second]}&state=sent,delivered") == [mail, second]
    assert await uids(stack, user, f"created_after={at[first]}&created_before={at[second]}") == [first]
    shown = await stack.status(user, "sms", second)
    (entry,) = await own(stack, user, f"uid={second}")
    same = ("uid", "state", "status", "purpose", "user_id", "by_admin", "to", "gateway", "code", "credit", "created_at")
    assert {name: entry[name] for name in same} == {name: shown[name] for name in same}


async def test_lists_have_the_purpose_of_each_message(stack: Stack):
    user = await stack.user(credit=10)
    await stack.gateway(user.id, "sms", "sandbox", {})
    for purpose in ("marketing", None):
        body = {"contact": [{"number": "+14155550123", "body": "Hi"}], "purpose": purpose}
        answer = await stack.http.post("/api/sms/send", json=body, headers=user.headers)
        final = await stack.final(user, "sms", answer.json()["data"][0]["uid"])
        assert final["purpose"] == purpose or (purpose, final["purpose"]) == (None, "transactional")
    assert [entry["purpose"] for entry in await own(stack, user)] == ["transactional", "marketing"]
    whole = await stack.http.get("/api/messages?format=csv", headers=user.headers)
    assert [row["purpose"] for row in csv.DictReader(io.StringIO(whole.text))] == ["transactional", "marketing"]


async def test_pages_follow_one_another_and_a_cursor_belongs_to_its_filters(stack: Stack):
    user = await stack.user()
    failed = [str(uid) for uid in reversed(await refused(stack, user, "blocked", 5))]
    found, cursor = [], ""
    for size in (2, 2, 1):
        answer = await stack.http.get(f"/api/messages?limit=2&state=rejected{cursor}", headers=user.headers)
        page = answer.json()
        assert len(page["data"]) == size
        found += [entry["uid"] for entry in page["data"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert (found, page["next_cursor"]) == (failed, None)
    first = (await stack.http.get("/api/messages?limit=2", headers=user.headers)).json()["next_cursor"]
    for query, code in ((f"state=rejected&cursor={first}", "cursor_filters"), ("cursor=nonsense", "cursor")):
        answer = await stack.http.get(f"/api/messages?{query}", headers=user.headers)
        assert_error(answer, 422, code, "/cursor")


async def test_a_page_that_found_nothing_may_not_be_the_last_one(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    user = await stack.user()
    await refused(stack, user, "blocked", 5)
    await sent(stack, user)
    monkeypatch.setattr("store.messages.search.walks.MOST_READ", 2)
    pages, cursor = [], ""
    while len(pages) < 9:
        answer = (await stack.http.get(f"/api/messages?state=sent,read&code=x{cursor}", headers=user.headers)).json()
        pages.append(answer["data"])
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert pages == [[]] * 4
    whole = await stack.http.get("/api/messages?format=csv", headers=user.headers)
    assert len(list(csv.DictReader(io.StringIO(whole.text)))) == 6


async def test_users_see_nothing_of_others_and_an_admin_key_sees_what_was_sent_with_one(stack: Stack):
    user, other, root = await stack.user(), await stack.user(), await stack.admin()
    theirs = await sent(stack, other)
    (failed,) = map(str, await refused(stack, other, "blocked"))
    roots = await sent(stack, root)
    gateway = (await stack.status(other, "sms", theirs))["gateway"]
    queries = ("", f"uid={theirs}", f"recipient={NUMBER}", "code=blocked", f"gateway={gateway}", f"batch={theirs}")
    for query in queries:
        assert await uids(stack, user, query) == []
    assert await uids(stack, root, f"uid={roots}") == [roots]
    assert await uids(stack, root, f"uid={theirs}") == []
    assert set(await uids(stack, other)) == {theirs, failed}
    answer = await stack.http.get("/api/failures", headers=user.headers)
    assert answer.json()["data"] == []
    answer = await stack.http.get(f"/api/messages?user={other.id}", headers=user.headers)
    assert_error(answer, 422, "query_unknown", "/user")


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("stat=failed", "query_unknown", "/stat"),
        ("state=lost", "state_unknown", "/state"),
        ("state=", "state_unknown", "/state"),
        ("code=a&code=b", "query_repeated", "/code"),
        ("uid=7", "uuid_parsing", "/uid"),
        ("created_after=yesterday", "moment", "/created_after"),
        ("limit=201", "less_than_equal", "/limit"),
        ("recipient=a%00b", "query_text", "/recipient"),
    ],
)
async def test_filters_that_mean_nothing_are_refused(stack: Stack, query: str, code: str, pointer: str):
    owner, user = await admin(stack), await stack.user()
    assert_error(await owner.call("GET", f"/messages?{query}"), 422, code, pointer)
    assert_error(await stack.http.get(f"/api/messages?{query}", headers=user.headers), 422, code, pointer)


@pytest.mark.parametrize(
    "query",
    [
        "created_after=0001-01-01T00:00:00%2B14:00",
        "created_before=0001-01-01T00:00:00Z",
        "created_after=9999-12-31T23:59:59-14:00",
        "recipient=%20",
        "recipient=%E2%80%AE",
        "uid=ffffffff-ffff-ffff-ffff-ffffffffffff",
        "batch=00000000-0000-0000-0000-000000000000",
    ],
)
async def test_filters_at_the_edge_are_answered(stack: Stack, query: str):
    owner, user = await admin(stack), await stack.user()
    for path in ("/messages", "/failures", "/batches"):
        answer = await owner.call("GET", f"{path}?{query}")
        assert answer.status_code == 200 or answer.json()["errors"][0]["code"] == "query_unknown", answer.text
    assert await own(stack, user, query) == []


async def test_staff_finds_messages_of_all_users_with_masked_recipients(stack: Stack):
    owner, user = await admin(stack), await stack.user()
    (uid,) = await refused(stack, user, "blocked")
    member = await owner.colleague("support")
    for query in (f"user={user.id}", f"uid={uid}", f"state=rejected&user={user.id}"):
        (entry,) = await member.data("GET", f"/messages?{query}")
        assert (entry["uid"], entry["user_id"], entry["channel"]) == (str(uid), user.id, "sms")
        assert (entry["to"], entry["reason"]) == ("+12•••00", "+12•••00 is blocked")
    answer = await member.call("GET", f"/messages?user={user.id}&reveal=true")
    assert_error(answer, 403, "permission_missing")
    boss = await owner.colleague("admin")
    (entry,) = await boss.data("GET", f"/messages?user={user.id}&reveal=true")
    assert (entry["to"], entry["reason"]) == ("+12025550000", "+12025550000 is blocked")
    (event,) = await owner.data("GET", f"/audit?actor=staff:{boss.id}&action=message.revealed")
    assert event["targets"] == [{"type": "messages", "id": "list", "name": ""}]
    (event,) = await owner.data("GET", f"/audit?actor=staff:{member.id}&action=message.revealed")
    assert event["outcome"] == "denied"
    answer = await member.call("GET", f"/messages?user={user.id}&format=csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["uid"], row["to"], row["code"]) == (str(uid), "'+12•••00", "blocked")


async def test_failures_are_grouped_by_cause(stack: Stack):
    owner, user = await admin(stack), await stack.user()
    blocked, closed = await refused(stack, user, "blocked", 3), await refused(stack, user, "closed", 2)
    await sent(stack, user)
    answer = await owner.call("GET", f"/failures?user={user.id}")
    first, second = answer.json()["data"]
    assert (first["code"], first["count"], first["channel"]) == ("blocked", 3, "sms")
    assert first["sample_uid"] in map(str, blocked)
    assert (second["code"], second["count"]) == ("closed", 2)
    assert second["sample_uid"] in map(str, closed)
    assert first["first_at"] <= first["last_at"]
    assert (first["automation"], first["step"], first["lead_source"]) == (None, None, None)
    for other in ("automation=none", "step=none", "lead_source=none"):
        assert await owner.data("GET", f"/failures?user={user.id}&{other}") == []
    member = await owner.colleague("support")
    (masked,) = await member.data("GET", f"/failures?user={user.id}&code=closed")
    assert masked["reason"] in ("+12•••00 is blocked", "+12•••01 is blocked")
    assert await owner.data("GET", f"/failures?user={user.id}&failed_before={first['first_at']}") == []
    assert await owner.data("GET", f"/failures?user={user.id}&gateway={first['gateway']}&code=closed") == []
    of_user = (await stack.http.get("/api/failures?code=blocked", headers=user.headers)).json()
    assert of_user["data"] == [first]
    since = datetime.fromisoformat(of_user["counted_since"])
    assert timedelta(hours=23) < datetime.now(UTC) - since < timedelta(hours=25)


async def test_cancelled_messages_are_no_failures_unless_looked_for(stack: Stack):
    owner, user = await admin(stack), await stack.user()
    uid = (await send_one(stack, user, schedule_at="2027-01-01T00:00:00Z"))["uid"]
    assert (await stack.http.post(f"/api/sms/{uid}/cancel", headers=user.headers)).status_code == 200
    await stack.final(user, "sms", uid)
    assert await owner.data("GET", f"/failures?user={user.id}") == []
    (cause,) = await owner.data("GET", f"/failures?user={user.id}&state=cancelled")
    assert (cause["count"], cause["sample_uid"]) == (1, uid)


async def test_one_message_tells_its_whole_story(stack: Stack):
    owner, user = await admin(stack), await stack.user()
    async with receiving() as receiver:
        endpoint = await register(stack.pool, stack.keyring, user.id, receiver.url)
        uid = await sent(stack, user)
        await receiver.hears(1)
        data = await owner.data("GET", f"/messages/{uid}")
        while data["callbacks"][0]["state"] == "pending":
            data = await owner.data("GET", f"/messages/{uid}")
        assert [(made["callback_id"], made["type"], made["state"]) for made in data["callbacks"]] == [
            (str(endpoint.id), receiver.events[0]["type"], "delivered")
        ]
        assert data["callbacks"][0]["last_status"] == 200
    assert (data["channel"], data["batch"], data["fallback_of"]) == ("sms", None, None)
    assert [(move["kind"], move["amount"]) for move in data["journal"]] == [("hold", 1), ("capture", 1)]
    (attempt,) = data["attempts"]
    assert (attempt["gateway"], attempt["outcome"]) == (data["gateway"], "accepted")
    batch = await waiting_batch(stack, user)
    (entry, *_) = await own(stack, user, f"batch={batch}")
    assert (await owner.data("GET", f"/messages/{entry['uid']}"))["batch"] == batch


async def test_staff_steers_batches_of_all_users(stack: Stack):
    owner, user = await admin(stack), await stack.user()
    batch = await waiting_batch(stack, user)
    member = await owner.colleague("operator")
    (entry,) = await member.data("GET", f"/batches?user={user.id}&state=scheduled&state=running&channel=sms")
    assert (entry["uid"], entry["user_id"], entry["by_admin"], entry["total"]) == (batch, user.id, False, 501)
    assert await member.data("GET", f"/batches?user={user.id}&state=paused") == []
    assert await member.data("GET", f"/batches?user={user.id}&created_before={entry['created_at']}") == [entry]
    assert await member.data("GET", f"/batches?user={user.id}&created_before=2026-01-01T00:00:00Z") == []
    dry = await member.call("POST", f"/batches/{batch}/cancel?dry_run=true")
    assert (dry.json()["dry_run"], dry.json()["data"]["state"]) == (True, "scheduled")
    assert (await member.data("POST", f"/batches/{batch}/pause"))["state"] == "paused"
    assert (await member.data("GET", f"/batches/{batch}"))["counts"] == {"scheduled": 501}
    await member.data("POST", f"/batches/{batch}/resume")
    await member.data("POST", f"/batches/{batch}/cancel")
    actions = [event["action"] for event in await owner.data("GET", f"/audit?target=batch:{batch}")]
    assert actions == ["batch.cancelled", "batch.resumed", "batch.paused"]
    while (await member.data("GET", f"/batches/{batch}"))["state"] != "cancelled":
        pass
    for query in ("", "?dry_run=true"):
        assert_error(await member.call("POST", f"/batches/{batch}/pause{query}"), 409, "batch_ended")
    assert_error(await member.call("POST", f"/batches/{uuid4()}/pause"), 404, "batch_not_found")
    assert (await (await owner.colleague("support")).call("POST", f"/batches/{batch}/pause")).status_code == 403


async def everything(stack: Stack, key: User) -> tuple[set[str], dict[str, int]]:
    """The uids that a key lists, and the failures that it counts, by their codes."""
    answer = await stack.http.get("/api/failures", headers=key.headers)
    assert answer.status_code == 200, answer.text
    return set(await uids(stack, key)), {cause["code"]: cause["count"] for cause in answer.json()["data"]}


async def test_a_test_key_lists_test_messages_only_and_live_keys_list_both_marked(stack: Stack):
    user = await stack.user()
    key = await sandbox_key(stack, user)
    live, blocked = await sent(stack, user), map(str, await refused(stack, user, "blocked"))
    item = await send_one(stack, key)
    failing = await send_one(stack, key, number="+15005550001")
    for each in (item, failing):
        await stack.final(key, "sms", each["uid"])
    tests = {item["uid"], failing["uid"]}
    code = (await stack.status(key, "sms", failing["uid"]))["code"]
    assert await everything(stack, key) == (tests, {code: 1})
    assert await everything(stack, user) == ({live, *blocked} | tests, {code: 1, "blocked": 1})
    for uid in tests:
        assert await stack.status(user, "sms", uid)  # as a live key reads each of them
    assert {entry["uid"] for entry in await own(stack, user) if entry["test"]} == tests
    assert await uids(stack, key, f"uid={live}") == await uids(stack, key, "state=rejected&code=blocked") == []
    whole = await stack.http.get("/api/messages?format=csv", headers=key.headers)
    assert {row["uid"] for row in csv.DictReader(io.StringIO(whole.text))} == tests


async def test_a_key_of_one_channel_lists_that_only(stack: Stack):
    user = await stack.user()
    mail, _ = await sent(stack, user, "email"), await sent(stack, user)
    await refused(stack, user, "blocked")
    key = await key_with(stack, user, "read", "channel:email")
    assert await everything(stack, key) == ({mail}, {})
    assert await uids(stack, key, "channel=email") == [mail]
    for path in ("messages", "failures"):
        answer = await stack.http.get(f"/api/{path}?channel=sms", headers=key.headers)
        assert_error(answer, 403, "channel_not_allowed")


async def test_a_key_of_one_gateway_lists_what_that_had_last(stack: Stack):
    user = await stack.user()
    mine, others = [await stack.gateway(user.id, "sms", "sandbox", {}) for _ in range(2)]
    first, second = [await sent(stack, user, gateway_identifier=name) for name in (mine, others)]
    await refused(stack, user, "blocked")
    key = await key_with(stack, user, "read", f"gateway:{await gateway_id(stack, user, mine)}")
    assert await everything(stack, key) == ({first}, {})
    assert await uids(stack, key, f"gateway={mine}") == [first]
    assert await uids(stack, key, f"gateway={others}") == await uids(stack, key, f"uid={second}") == []
