"""XSender's public contract: every form its clients use is accepted, and answered in one stable shape."""

from uuid import UUID

import pytest

from domain.ids import page_of
from store.accounts import credits
from tests.api.answers import CONTACT, EMAIL, SMS, WHATSAPP, assert_error, deliveries, send_one
from tests.stack import Stack

PLAIN = {"uid", "status", "state", "to", "credits"}


@pytest.mark.parametrize(
    ("contact", "to", "said"),
    [
        ({"number": "+21620123456", "body": "Hi"}, "+21620123456", {"body": "Hi"}),
        ({"number": "21620123456", "body": "Hi"}, "+21620123456", {"body": "Hi"}),
        ({"number": 21620123456, "body": "Hi"}, "+21620123456", {"body": "Hi"}),
        ({"number": "0021620123456", "message": "Hi"}, "+21620123456", {"body": "Hi"}),
        ({"number": "+216 20 123-456", "body": "Hi", "message": "Hi"}, "+21620123456", {"body": "Hi"}),
        ({**SMS, "sms_type": "plain"}, "+14155550123", {"body": "Hi"}),
        ({**SMS, "sms_type": "unicode"}, "+14155550123", {"body": "Hi", "unicode": True}),
        ({**SMS, "sms_type": "plain", "body": "Привет"}, "+14155550123", {"body": "Привет", "unicode": True}),
        ({**SMS, "sender_id": "ACME"}, "+14155550123", {"body": "Hi", "sender": "ACME"}),
        ({**SMS, "gateway_identifier": "default_gateway"}, "+14155550123", {"body": "Hi"}),
        ({**SMS, "gateway_identifier": None, "schedule_at": None}, "+14155550123", {"body": "Hi"}),
        ({**SMS, "gateway_identifier": "", "schedule_at": ""}, "+14155550123", {"body": "Hi"}),
        ({**SMS, "wallet_type": "1", "anything": {"else": [1]}}, "+14155550123", {"body": "Hi"}),
    ],
)
async def test_every_spelling_of_an_sms_is_delivered(stack: Stack, contact, to, said):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.send(user, "sms", contact)
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["data"]
    await stack.final(user, "sms", item["uid"])
    (delivered,) = await deliveries(stack, item["uid"])
    assert delivered["to"] == to
    assert said.items() <= delivered.items()
    assert delivered.get("unicode", False) is said.get("unicode", False)


@pytest.mark.parametrize(
    ("channel", "contact", "said"),
    [
        ("email", {**EMAIL, "sender_name": "ACME"}, {"subject": "Hello", "html": "<p>Hi</p>", "sender": "ACME"}),
        ("email", {**EMAIL, "body": "Hi"}, {"html": "<p>Hi</p>", "body": "Hi"}),
        ("email", {"email": "ada@example.com", "subject": "S", "body": "<b>Hi</b>"}, {"html": "<b>Hi</b>"}),
        ("whatsapp", WHATSAPP, {"body": "Hi"}),
        (
            "whatsapp",
            {**WHATSAPP, "media": "image", "url": "https://example.com/a.png"},
            {"body": "Hi", "media_type": "image", "media_url": "https://example.com/a.png"},
        ),
        (
            "whatsapp",
            {"number": 14155550123, "media": "document", "url": "https://example.com/a.pdf"},
            {"media_type": "document", "media_url": "https://example.com/a.pdf"},
        ),
        (
            "whatsapp",
            {"number": "14155550123", "template": {"name": "welcome"}},
            {"template": {"name": "welcome", "language": "en_US", "components": []}},
        ),
        (
            "whatsapp",
            {"number": "14155550123", "template": {"name": "welcome", "language": {"code": "fr"}, "components": [{}]}},
            {"template": {"name": "welcome", "language": {"code": "fr"}, "components": [{}]}},
        ),
    ],
)
async def test_emails_and_whatsapp_messages_carry_what_was_given(stack: Stack, channel, contact, said):
    user = await stack.user()
    await stack.gateway(user.id, channel, "sandbox", {})
    answer = await stack.send(user, channel, contact)
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["data"]
    await stack.final(user, channel, item["uid"])
    (delivered,) = await deliveries(stack, item["uid"])
    assert said.items() <= delivered.items()


@pytest.mark.parametrize("field", ["gateway_identifier", "session_name"])
async def test_a_named_gateway_is_the_one_that_delivers(stack: Stack, field):
    user = await stack.user()
    await stack.gateway(user.id, "whatsapp", "sandbox", {"label": "first"}, priority=1)
    second = await stack.gateway(user.id, "whatsapp", "sandbox", {"label": "second"}, priority=2)
    item = await send_one(stack, user, "whatsapp", **{field: second})
    assert (await stack.final(user, "whatsapp", item["uid"]))["gateway"] == second
    assert [d["gateway"] for d in await deliveries(stack, item["uid"])] == ["second"]


@pytest.mark.parametrize("channel", ["email", "sms", "whatsapp"])
async def test_a_send_is_answered_with_exactly_200_and_one_shape(stack: Stack, channel):
    user = await stack.user()
    await stack.gateway(user.id, channel, "sandbox", {})
    other = CONTACT[channel] | ({"email": "bob@example.com"} if channel == "email" else {"number": "+14155550199"})
    answer = await stack.send(user, channel, CONTACT[channel], other)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"success", "message", "data"}
    assert body["success"] is True
    assert body["message"] == "2 messages accepted"
    assert [set(item) for item in body["data"]] == [PLAIN, PLAIN]
    assert [item["status"] for item in body["data"]] == ["pending", "pending"]
    assert [item["state"] for item in body["data"]] == ["queued", "queued"]


async def test_500_contacts_share_a_page_and_are_answered_in_request_order(stack: Stack):
    user = await stack.user(credit=500)
    await stack.gateway(user.id, "sms", "sandbox", {})
    numbers = [f"+1415555{n:04}" for n in range(500)]
    answer = await stack.send(user, "sms", *({"number": number, "body": "Hi"} for number in numbers))
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert [item["to"] for item in data] == numbers
    uids = [UUID(item["uid"]) for item in data]
    assert len(set(uids)) == 500
    assert len({page_of(uid) for uid in uids}) == 1
    for item in (data[0], data[499]):
        assert (await stack.final(user, "sms", item["uid"]))["to"] == item["to"]


async def test_more_than_100_000_contacts_are_refused_by_a_message_that_says_what_to_do(stack: Stack):
    user = await stack.user()
    answer = await stack.send(user, "sms", *[SMS] * 100_001)
    body = assert_error(answer, 413, "too_many_contacts")
    assert "100001" in body["message"]
    assert "several requests of at most 100000" in body["message"]


@pytest.mark.parametrize("header", ["Api-key", "api-key", "Bearer", "bearer"])
async def test_the_key_travels_in_either_header(stack: Stack, header):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    headers = {"Authorization": f"{header} {user.key}"} if header.lower() == "bearer" else {header: user.key}
    answer = await stack.http.post("/api/sms/send", json={"contact": [SMS]}, headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("channel", "path"), [("sms", "/api/sms/send"), ("whatsapp", "/api/whatsapp/send")])
async def test_messages_can_be_sent_from_a_query_string(stack: Stack, channel, path):
    user = await stack.user()
    await stack.gateway(user.id, channel, "sandbox", {})
    params = {"contacts": "+14155550123,14155550124, 0014155550125,", "message": "Grüße & more", "sms_type": "plain"}
    answer = await stack.http.get(path, params=params, headers=user.headers)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert [item["to"] for item in data] == ["+14155550123", "+14155550124", "+14155550125"]
    for item in data:
        await stack.final(user, channel, item["uid"])
        assert [d["body"] for d in await deliveries(stack, item["uid"])] == ["Grüße & more"]


async def test_a_plus_sign_that_was_not_escaped_in_a_query_string_still_means_the_number(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.http.get("/api/sms/send?contacts=+14155550123&message=Hi", headers=user.headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"][0]["to"] == "+14155550123"


@pytest.mark.parametrize(
    ("contact", "code", "pointer"),
    [
        ({"number": "+14155550123", "message": "Hi"}, "wrong_channel", "/contact/1"),
        ({"email": "a@example.com", "subject": "S"}, "missing", "/contact/1/message"),
        ({"subject": "S", "message": "Hi"}, "missing", "/contact/1/email"),
        ({"email": "a@example.com", "message": "Hi"}, "missing", "/contact/1/subject"),
    ],
)
async def test_a_contact_that_is_no_email_is_named_with_its_index(stack: Stack, contact, code, pointer):
    user = await stack.user()
    assert_error(await stack.send(user, "email", EMAIL, contact), 422, code, pointer)


async def test_a_phone_number_at_the_email_address_is_told_where_it_belongs(stack: Stack):
    user = await stack.user()
    body = (await stack.send(user, "email", WHATSAPP)).json()
    assert "/api/sms/send" in body["errors"][0]["message"]
    assert "/api/whatsapp/send" in body["errors"][0]["message"]
    body = (await stack.send(user, "sms", EMAIL)).json()
    assert "/api/email/send" in body["errors"][0]["message"]


@pytest.mark.parametrize(
    ("channel", "contact", "code", "pointer"),
    [
        ("sms", {**SMS, "message": "other"}, "ambiguous", "/contact/0/body"),
        ("sms", {"number": "+14155550123"}, "missing", "/contact/0/body"),
        ("sms", {**SMS, "body": "x" * 1531}, "too_long", "/contact/0/body"),
        ("whatsapp", {"number": "+14155550123"}, "missing", "/contact/0/message"),
        ("whatsapp", {**WHATSAPP, "media": "image"}, "missing", "/contact/0/url"),
        ("whatsapp", {**WHATSAPP, "url": "https://example.com/a"}, "missing", "/contact/0/media"),
        (
            "whatsapp",
            {**WHATSAPP, "media": "image", "url": "https://example.com/a", "template": {"name": "t"}},
            "ambiguous",
            "/contact/0/template",
        ),
        ("whatsapp", {**WHATSAPP, "media": "sticker", "url": "https://e.com"}, "literal_error", "/contact/0/media"),
        (
            "whatsapp",
            {**WHATSAPP, "media": "image", "url": "file:///etc/passwd"},
            "string_pattern_mismatch",
            "/contact/0/url",
        ),
    ],
)
async def test_contents_that_contradict_themselves_are_refused(stack: Stack, channel, contact, code, pointer):
    user = await stack.user()
    assert_error(await stack.send(user, channel, contact), 422, code, pointer)


async def test_one_bad_contact_refuses_the_request_and_nothing_of_it_is_sent(stack: Stack):
    user = await stack.user(credit=5)
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.send(user, "sms", SMS, {"number": "nope", "body": "Hi"}, SMS, {"number": "", "body": "Hi"})
    assert_error(answer, 422, "number_characters", "/contact/1/number", "/contact/3/number")
    # The one that is sent afterwards is the only one that is ever charged.
    item = await send_one(stack, user)
    await stack.final(user, "sms", item["uid"])
    wallet = (await credits.show(stack.pool, user.id))["sms"]
    assert (wallet.available, wallet.held, wallet.spent) == (4, 0, 1)
