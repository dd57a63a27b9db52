"""``contact`` in texts: what is stored of whoever is sent to."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from store.audience.contacts import at_addresses
from tests.api.admin import admin
from tests.api.answers import assert_error, deliveries
from tests.api.templates.helpers import call, data, published, send
from tests.api.test_narrowed_keys import key_with
from tests.segments import new_contact
from tests.stack import Stack, User

TEXT = "{{ contact.first_name }} {{ contact.fields.size }}"


def a_number() -> str:
    return f"+1415555{uuid4().int % 10**4:04}"


async def holder(stack: Stack, *channels: str, credit: int = 1000) -> User:
    user = await stack.user(credit)
    for channel in channels or ("sms",):
        await stack.gateway(user.id, channel, "sandbox", {})
    return await key_with(stack, user, "templates", "read", "send", "contacts")


async def body_of(stack: Stack, user: User, answer, channel: str = "sms") -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found = []
    for item in answer.json()["data"]:
        await stack.final(user, channel, item["uid"])
        found += await deliveries(stack, item["uid"])
    return found


async def test_a_text_and_a_template_are_filled_from_the_contact_at_the_recipients_address(stack: Stack):
    user, stranger, number = await holder(stack), await holder(stack), a_number()
    await new_contact(stack.pool, user.id, phone=number, first_name="Ada", fields={"size": "M"})
    await new_contact(stack.pool, stranger.id, phone=number, first_name="Eve", fields={"size": "XL"})
    await published(stack, user, sms={"en": {"message": TEXT}})
    spelt = number.replace("+1415", "+1 (415) ")
    for wide in ({"message": TEXT}, {"template": "welcome"}):
        (sent,) = await body_of(stack, user, await send(stack, user, {"number": spelt}, **wide))
        assert sent["body"] == "Ada M"
    given = {"number": number, "contact": {"first_name": "Grace"}}
    (sent,) = await body_of(stack, user, await send(stack, user, given, template="welcome"))
    assert sent["body"] == "Grace M"
    given = {"number": number, "contact": {"fields": {"size": "S"}}}
    (sent,) = await body_of(stack, user, await send(stack, user, given, message=TEXT))
    assert sent["body"] == "Ada S"


async def test_stored_values_are_escaped_in_html(stack: Stack):
    user = await holder(stack, "email")
    email = f"{uuid4().hex}@example.com"
    await new_contact(stack.pool, user.id, email=email, first_name="<b>Ada</b>")
    wide = {"subject": "For {{ contact.first_name }}", "message": "<p>{{ contact.first_name }}</p>"}
    answer = await send(
        stack, user, {"email": email.upper().replace("EXAMPLE.COM", "example.com")}, channel="email", **wide
    )
    (sent,) = await body_of(stack, user, answer, "email")
    assert (sent["subject"], sent["html"]) == ("For <b>Ada</b>", "<p>&lt;b&gt;Ada&lt;/b&gt;</p>")


@pytest.mark.parametrize(("missing", "expected"), [("empty", ["Hi "]), ("skip", []), ("refuse", None)])
async def test_a_value_that_is_not_stored_is_missing_as_the_template_says(stack: Stack, missing: str, expected):
    user, number, other = await holder(stack), a_number(), "+12025550188"
    await new_contact(stack.pool, user.id, phone=number, first_name="Ada")
    await published(stack, user, missing=missing, sms={"en": {"message": "Hi {{ contact.first_name }}"}})
    answer = await send(stack, user, {"number": number}, {"number": other}, template="welcome")
    if expected is None:
        assert_error(answer, 422, "missing_field", "/contact/1/contact/first_name")
    else:
        assert [sent["body"] for sent in await body_of(stack, user, answer)] == ["Hi Ada", *expected]


async def test_a_fallback_of_the_request_is_filled_too(stack: Stack):
    user, number = await holder(stack, "sms", "email"), a_number()
    email = f"{uuid4().hex}@example.com"
    await new_contact(stack.pool, user.id, phone=number, email=email, first_name="Ada")
    step = {
        "channel": "email",
        "after": "1h",
        "email": email,
        "subject": "S",
        "message": "<p>{{ contact.last_name }}</p>",
    }
    answer = await send(stack, user, {"number": number}, message="Hi", fallback=[step])
    assert_error(answer, 422, "missing_field", "/contact/0/fallback/0/message")
    step["message"] = "<p>{{ contact.first_name }}</p>"
    answer = await send(stack, user, {"number": number}, message="Hi", fallback=[step])
    assert answer.status_code == 200, answer.text


async def test_requests_of_thousands_are_filled_and_too_many_values_are_refused(stack: Stack, monkeypatch):
    user = await holder(stack, credit=1200)  # with less, some would get none: whichever is held last
    numbers = [f"+1212555{n:04}" for n in range(1200)]
    async with stack.pool.connection() as conn:
        await conn.execute(
            """insert into contacts (id, account_id, phone, first_name)
               select gen_random_uuid(), %s, p, 'N' || n from unnest(%s::text[]) with ordinality as u (p, n)""",
            (user.id, numbers),
        )
    answer = await send(stack, user, *({"number": n} for n in numbers), message="Hi {{ contact.first_name }}")
    assert answer.status_code == 200, answer.text
    last = answer.json()["data"][-1]["uid"]
    ended = await stack.final(user, "sms", last)
    assert ended["state"] == "sent", ended
    async with asyncio.timeout(10):
        while not (sent := await deliveries(stack, last)):
            await asyncio.sleep(0.05)
    assert [one["body"] for one in sent] == ["Hi N1200"]
    monkeypatch.setattr(at_addresses, "MOST_BYTES", 1_100_000)
    answer = await send(stack, user, *({"number": n} for n in numbers), message="Hi {{ contact.first_name }}")
    assert_error(answer, 422, "contact_values", "/contact")


async def test_a_preview_is_filled_from_a_contact_by_each_of_its_names(stack: Stack):
    user, number = await holder(stack), a_number()
    id_ = await new_contact(stack.pool, user.id, phone=number, external_id="a1", first_name="Ada", language="de")
    texts = {
        "en": {"message": "Hi {{ contact.first_name }}"},
        "de": {"message": "Hallo {{ contact.first_name }} {{ first_name }}"},
    }
    await published(stack, user, sms=texts)
    for named in ({"id": id_}, {"external_id": "a1"}, {"phone": number}):
        shown = await data(stack, user, "POST", "/welcome/preview", {"contact": named})
        sms = shown["channels"]["sms"]
        assert (sms["text"], sms["language"], sms["credits"], sms["segments"]) == ("Hallo Ada Ada", "de", 1, 1)
    body = {"contact": {"id": id_}, "language": "en", "variables": {"contact": {"first_name": "Eve"}}}
    assert (await data(stack, user, "POST", "/welcome/preview", body))["channels"]["sms"]["text"] == "Hi Eve"
    answer = await call(stack, user, "POST", "/welcome/preview", {"contact": {"external_id": "none"}})
    assert_error(answer, 404, "contact_not_found")


async def test_a_preview_of_a_contact_needs_the_scope_and_finds_none_of_others(stack: Stack):
    owner = await stack.user()
    user = await key_with(stack, owner, "templates")
    id_ = await new_contact(stack.pool, owner.id)
    await published(stack, user)
    answer = await call(stack, user, "POST", "/welcome/preview", {"contact": {"id": id_}})
    assert_error(answer, 403, "scope_missing")
    stranger = await holder(stack)
    await published(stack, stranger)
    answer = await call(stack, stranger, "POST", "/welcome/preview", {"contact": {"id": id_}})
    assert_error(answer, 404, "contact_not_found")


async def test_a_test_key_sees_no_stored_contacts(stack: Stack):
    user, number = await stack.user(), a_number()
    await new_contact(stack.pool, user.id, phone=number, first_name="Ada")
    made = await (await admin(stack)).data("POST", "/keys", {"user": user.id, "test": True})
    key = User(user.id, made["key"])
    answer = await send(stack, key, {"number": number}, message="Hi {{ contact.first_name }}")
    assert_error(answer, 422, "missing_field", "/contact/0/contact/first_name")
    given = {"number": number, "contact": {"first_name": "Grace"}}
    (sent,) = await body_of(stack, key, await send(stack, key, given, message="Hi {{ contact.first_name }}"))
    assert sent["body"] == "Hi Grace"
