"""Suppressions and consent that an account reads, writes, and brings along as lists."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from store.audience.consent import purposes
from tests.api.answers import SMS, assert_error, send_one
from tests.api.consent.test_purposes import holder, made, send
from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack, User

NUMBER = "+4915112345678"
LATER = (datetime.now(UTC) + timedelta(days=30)).isoformat()


async def call(stack: Stack, key: User, method: str, path: str, body: object = None, **params: str):
    more = {} if body is None else {"content": body} if isinstance(body, bytes) else {"json": body}
    return await stack.http.request(method, f"/api/{path}", headers=key.headers, params=params, **more)


async def data(stack: Stack, key: User, method: str, path: str, body: object = None, **params: str):
    answer = await call(stack, key, method, path, body, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_suppressions_are_added_corrected_listed_and_ended(stack: Stack):
    user = await holder(stack)
    who = {"channel": "sms", "recipient": NUMBER}
    added = await data(stack, user, "POST", "suppressions", who | {"reason": "asked by phone"})
    assert (added["reason"], added["until"], added["uid"]) == ("asked by phone", None, None)
    written = await data(stack, user, "PUT", "suppressions", who | {"reason": "until June", "until": LATER})
    assert written["reason"] == "until June"
    assert await data(stack, user, "GET", "suppressions", recipient=NUMBER) == [written]
    answer = await send(stack, user, SMS | {"number": NUMBER})
    assert (await stack.final(user, "sms", answer.json()["data"][0]["uid"]))["code"] == "suppressed"
    await data(stack, user, "POST", "suppressions/remove", who)
    assert_error(await call(stack, user, "POST", "suppressions/remove", who), 404, "suppression_not_found")


async def test_a_suppression_is_found_by_any_spelling_of_its_recipient(stack: Stack):
    user = await holder(stack)
    email, number = "Grace.Hopper@example.com", "+5511987654321"
    for channel, recipient in (("email", email), ("whatsapp", number)):
        await data(stack, user, "POST", "suppressions", {"channel": channel, "recipient": recipient})
    for recipient, spelt in (("grace.hopper@EXAMPLE.com", email), ("+551187654321", number)):
        (found,) = await data(stack, user, "GET", "suppressions", recipient=recipient)
        assert found["recipient"] == spelt


async def test_a_suppression_ends_by_itself_and_one_for_good_takes_its_place(stack: Stack):
    user = await holder(stack)
    who = {"channel": "sms", "recipient": SMS["number"]}
    await data(stack, user, "PUT", "suppressions", who | {"until": LATER})
    async with stack.pool.connection() as conn:
        await conn.execute("update suppressions set until = now() - interval '1 s' where account_id = %s", (user.id,))
    sent = await send_one(stack, user)
    assert (await stack.final(user, "sms", sent["uid"]))["state"] == "sent"
    added = await data(stack, user, "POST", "suppressions", who | {"reason": "opted_out"})
    assert (added["reason"], added["until"]) == ("opted_out", None)
    past = {"until": "2020-01-01T00:00:00Z"}
    assert_error(await call(stack, user, "PUT", "suppressions", who | past), 422, "until", "/until")


async def test_a_list_that_was_exported_is_imported_elsewhere(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    await data(stack, user, "POST", "suppressions", {"channel": "sms", "recipient": NUMBER, "reason": "=1+1"})
    await data(stack, user, "POST", "suppressions", {"channel": "email", "recipient": "Ada@example.com"})
    exported = (await call(stack, user, "GET", "suppressions", format="csv")).content
    dry = await call(stack, other, "POST", "suppressions/import", exported, dry_run="true")
    assert dry.json()["data"] == {"added": 2, "refused": 0, "errors": []}
    assert await data(stack, other, "POST", "suppressions/import", b"\xef\xbb\xbf" + exported) == dry.json()["data"]
    assert await data(stack, other, "POST", "suppressions/import", exported) == {"added": 0, "refused": 0, "errors": []}
    there = [await data(stack, each, "GET", "suppressions") for each in (user, other)]
    assert there[0] == there[1]


async def test_rows_that_cannot_be_read_are_named_and_the_others_added(stack: Stack):
    user = await holder(stack)
    rows = [
        "channel,recipient,until,uid,more",
        f"sms,{NUMBER},,,x",
        f"SMS,'{NUMBER},,",
        "fax,+49151,,",
        "email,not an address,,",
        "email,a@example.com,tomorrow,",
        "email,a@example.com,2027-01-01T00:00:00,",
        "email,a@example.com,0001-01-01T00:00:00+14:00,",
        "email,a@example.com,,nope",
        "",
        "email",
    ]
    found = await data(stack, user, "POST", "suppressions/import", "\n".join(rows).encode())
    assert (found["added"], found["refused"]) == (1, 7)
    assert [one["pointer"].removeprefix("/rows/") for one in found["errors"]] == [
        "3/channel",
        "4/recipient",
        "5/until",
        "6/until",
        "7/until",
        "8/uid",
        "10/recipient",
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "list_columns"),
        (b"email,sms\n", "list_columns"),
        ("channel,recipient\nemail,ä".encode("latin-1"), "list_encoding"),
        (b'channel,recipient\nemail,"unclosed', "list_syntax"),
        (b"channel,recipient\n" + b"e,a\n" * 50_001, "list_rows"),
        (b"channel,recipient\nemail," + b"a" * 200_000, "list_syntax"),
    ],
)
async def test_what_is_no_list_is_refused(stack: Stack, body: bytes, code: str):
    user = await holder(stack)
    assert_error(await call(stack, user, "POST", "suppressions/import", body), 422, code)


async def test_consent_is_recorded_and_read_with_its_history(stack: Stack):
    user = await holder(stack)
    await made(stack, user)
    choice = {"channel": "sms", "recipient": SMS["number"], "purpose": "news", "state": "granted", "ip": "192.0.2.7"}
    more = {"text_shown": "Yes, news", "proof": {"form": "7"}, "at": "2026-01-01T00:00:00Z", "source": "shop"}
    assert await data(stack, user, "POST", "consents", {"consents": [choice | more]}) == {"recorded": 1}
    await data(stack, user, "POST", "consents", {"consents": [choice | {"state": "withdrawn"}]})
    await data(stack, user, "POST", "consents", {"consents": [choice | {"purpose": "*", "state": "withdrawn"}]})
    (found,) = await data(stack, user, "GET", "consents", channel="sms", recipient=SMS["number"])
    assert {one["purpose"]: one["state"] for one in found["consents"]} == {"news": "withdrawn", "*": "withdrawn"}
    assert [one["source"] for one in found["history"]] == ["api", "api", "shop"]
    first = found["history"][2]
    assert (first["text_shown"], first["ip"], first["proof"]) == ("Yes, news", "192.0.2.7", {"form": "7"})
    assert (found["suppression"], found["paused_until"]) == (None, None)


async def test_consent_from_a_time_to_come_counts_as_of_now(stack: Stack):
    user = await holder(stack)
    choice = {"channel": "sms", "recipient": NUMBER, "purpose": "marketing"}
    await data(stack, user, "POST", "consents", {"consents": [choice | {"state": "granted", "at": LATER}]})
    await data(stack, user, "POST", "consents", {"consents": [choice | {"state": "withdrawn"}]})
    (found,) = await data(stack, user, "GET", "consents", channel="sms", recipient=NUMBER)
    assert found["consents"][0]["state"] == "withdrawn"


async def test_consent_that_cannot_be_is_refused(stack: Stack):
    user = await holder(stack)
    choice = {"channel": "sms", "recipient": NUMBER, "purpose": "news", "state": "granted"}
    answer = await call(stack, user, "POST", "consents", {"consents": [choice]})
    assert_error(answer, 422, "purpose_unknown", "/consents/0/purpose")
    answer = await call(stack, user, "POST", "consents", {"consents": [choice | {"recipient": "1"}]})
    assert answer.json()["errors"][0]["pointer"] == "/consents/0/recipient"
    for wrong in ({"state": "pending"}, {"ip": "x"}, {"at": "0001-01-01T00:00:00+14:00"}, {"at": "2026-01-01"}):
        assert (await call(stack, user, "POST", "consents", {"consents": [choice | wrong]})).status_code == 422
    assert_error(await call(stack, user, "GET", "consents"), 422, "missing", "/recipient")


async def test_a_list_of_consent_is_recorded(stack: Stack):
    user = await holder(stack)
    await made(stack, user)
    head, mine = "channel,recipient,purpose,state,at", f"sms,{NUMBER}"
    rows = f"{head}\n{mine},news,granted,\n{mine},nope,granted,\nsms,1,news,maybe,\n"
    found = await data(stack, user, "POST", "consents/import", rows.encode())
    assert (found["added"], found["errors"][0]["code"]) == (1, "purpose_unknown")
    (seen,) = await data(stack, user, "GET", "consents", channel="sms", recipient=NUMBER)
    (one,) = seen["consents"]
    assert (one["purpose"], one["state"], one["source"]) == ("news", "granted", "imported")


async def test_consent_of_a_contact_is_that_of_its_addresses(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    contact = uuid4()
    async with stack.pool.connection() as conn:
        await conn.execute(
            "insert into contacts (id, account_id, email, phone) values (%s, %s, 'ada@example.com', %s)",
            (contact, user.id, NUMBER),
        )
    found = await data(stack, user, "GET", "consents", contact=str(contact))
    assert [(one["channel"], one["recipient"]) for one in found] == [
        ("email", "ada@example.com"),
        ("sms", NUMBER),
        ("whatsapp", NUMBER),
    ]
    assert_error(await call(stack, other, "GET", "consents", contact=str(contact)), 404, "contact_not_found")


async def test_nothing_of_another_tenant_is_seen_or_ended(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    who = {"channel": "sms", "recipient": NUMBER}
    await data(stack, other, "POST", "suppressions", who)
    await purposes.put(stack.pool, other.id, purposes.read([["x", "X", ["sms"], False, True, False]])[0])
    choice = who | {"purpose": "x", "state": "granted"}
    await data(stack, other, "POST", "consents", {"consents": [choice]})
    assert await data(stack, user, "GET", "suppressions") == []
    assert_error(await call(stack, user, "POST", "suppressions/remove", who), 404, "suppression_not_found")
    (found,) = await data(stack, user, "GET", "consents", **who)
    assert (found["suppression"], found["consents"], found["history"]) == (None, [], [])
    lacking = await key_with(stack, user, "send", "read")
    assert_error(await call(stack, lacking, "GET", "suppressions"), 403, "scope_missing")
