"""What a request says once for all contacts: their own fields go first, and templates are filled from each of them."""

from typing import Any

import httpx
import pytest

from tests.api.answers import EMAIL, SMS, assert_error, count_messages, deliveries, raw_body
from tests.stack import Stack, User

ADA = {"number": "+14155550123", "name": "Ada"}
BOB = {"number": "+14155550124", "name": "Bob"}
MAIL_ADA = {"email": "ada@example.com", "name": "Ada"}


async def send(stack: Stack, user: User, channel: str, *contacts: dict[str, Any], **wide: Any) -> httpx.Response:
    body = {"contact": list(contacts), **wide}
    return await stack.http.post(f"/api/{channel}/send", json=body, headers=user.headers)


async def delivered(stack: Stack, user: User, channel: str, answer: httpx.Response) -> list[dict[str, Any]]:
    """What was delivered, in the order of the request."""
    assert answer.status_code == 200, answer.text
    found = []
    for item in answer.json()["data"]:
        await stack.final(user, channel, item["uid"])
        found += await deliveries(stack, item["uid"])
    return found


async def sender(stack: Stack, channel: str) -> User:
    user = await stack.user()
    await stack.gateway(user.id, channel, "sandbox", {})
    return user


@pytest.mark.parametrize("field", ["message", "body"])
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
async def test_each_contact_gets_the_text_filled_from_its_own_fields(stack: Stack, channel, field):
    user = await sender(stack, channel)
    answer = await send(stack, user, channel, ADA, BOB, **{field: "Hi {{ name }}, {{ number }}"})
    texts = [message["body"] for message in await delivered(stack, user, channel, answer)]
    assert texts == ["Hi Ada, +14155550123", "Hi Bob, +14155550124"]


async def test_an_email_is_filled_in_subject_html_and_text_and_only_its_html_is_escaped(stack: Stack):
    user = await sender(stack, "email")
    contact = {"email": "ada@example.com", "name": "<Ada & Co>", "order": {"city": "Tunis"}}
    wide = {"subject": "To {{ name }}", "message": "<p>{{ name }}, {{ order.city }}</p>", "body": "{{ name }}"}
    (message,) = await delivered(stack, user, "email", await send(stack, user, "email", contact, **wide))
    assert message["subject"] == "To <Ada & Co>"
    assert message["html"] == "<p>&lt;Ada &amp; Co&gt;, Tunis</p>"
    assert message["body"] == "<Ada & Co>"


async def test_a_body_alone_is_the_html_of_an_email(stack: Stack):
    user = await sender(stack, "email")
    answer = await send(stack, user, "email", {**MAIL_ADA, "name": "<b>"}, subject="S", body="<p>{{ name }}</p>")
    (message,) = await delivered(stack, user, "email", answer)
    assert message["html"] == "<p>&lt;b&gt;</p>"


@pytest.mark.parametrize("own", ["message", "body"])
async def test_a_contacts_own_text_goes_first_and_is_literal(stack: Stack, own):
    user = await sender(stack, "sms")
    answer = await send(stack, user, "sms", {**ADA, own: "Own {{ name }} {%"}, BOB, message="Hi {{ name }}")
    texts = [message["body"] for message in await delivered(stack, user, "sms", answer)]
    assert texts == ["Own {{ name }} {%", "Hi Bob"]


async def test_an_emails_own_subject_and_text_go_first(stack: Stack):
    user = await sender(stack, "email")
    wide = {"subject": "Wide {{ nothing }}", "message": "<p>{{ nothing }}</p>", "body": "wide"}
    (message,) = await delivered(stack, user, "email", await send(stack, user, "email", EMAIL, **wide))
    assert (message["subject"], message["html"]) == ("Hello", "<p>Hi</p>")
    assert not message.get("body")


async def test_a_value_that_looks_like_a_template_is_printed_as_it_is(stack: Stack):
    user = await sender(stack, "sms")
    answer = await send(stack, user, "sms", {**ADA, "name": "{{ number }}"}, message="Hi {{ name }}")
    (message,) = await delivered(stack, user, "sms", answer)
    assert message["body"] == "Hi {{ number }}"


async def test_gateway_time_and_policy_may_be_given_once(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {"label": "first"}, priority=1)
    second = await stack.gateway(user.id, "sms", "sandbox", {"label": "second"}, priority=2)
    wide = {"gateway_identifier": second, "on_unknown": "hold", "priority": "bulk"}
    own = {**BOB, "gateway_identifier": "default_gateway"}
    found = await delivered(stack, user, "sms", await send(stack, user, "sms", ADA, own, message="Hi", **wide))
    assert [message["gateway"] == "second" for message in found] == [True, False]
    later = await send(stack, user, "sms", ADA, message="Hi", schedule_at="2099-01-01T00:00:00Z")
    assert_error(later, 422, "schedule_too_late", "/schedule_at")


async def test_a_time_for_all_contacts_schedules_them_all(stack: Stack):
    user = await sender(stack, "sms")
    at = "2027-01-05T10:00:00Z"
    answer = await send(
        stack, user, "sms", ADA, {**BOB, "schedule_at": "2020-01-01T00:00:00Z"}, body="x", schedule_at=at
    )
    assert answer.status_code == 200, answer.text
    assert [item["state"] for item in answer.json()["data"]] == ["scheduled", "queued"]


async def test_credits_are_counted_from_the_filled_text(stack: Stack):
    user = await sender(stack, "sms")
    answer = await send(stack, user, "sms", ADA, {**BOB, "name": "B" * 200}, message="Hi {{ name }}")
    assert [item["credits"] for item in answer.json()["data"]] == [1, 2]


@pytest.mark.parametrize("lacking", [{}, {"name": None}, {"name": ""}])
async def test_a_missing_field_is_an_error_at_its_contact_and_nothing_is_sent(stack: Stack, lacking):
    user = await sender(stack, "sms")
    nameless = {"number": "+14155550125", **lacking}
    answer = await send(stack, user, "sms", ADA, nameless, BOB, nameless, message="Hi {{ name }},")
    body = assert_error(answer, 422, "missing_field", "/contact/1/name", "/contact/3/name")
    assert "{{ name | default: '…' }}" in body["errors"][0]["message"]
    assert await count_messages(stack, user) == 0


async def test_a_missing_field_within_a_field_is_named_by_its_path(stack: Stack):
    user = await sender(stack, "sms")
    answer = await send(stack, user, "sms", {**ADA, "order": {}}, message="{{ order.city }}")
    assert_error(answer, 422, "missing_field", "/contact/0/order/city")


async def test_a_template_may_provide_for_a_missing_field(stack: Stack):
    user = await sender(stack, "sms")
    message = "Hi {{ name | default: 'there' }}{% if city %} in {{ city }}{% endif %}!"
    answer = await send(stack, user, "sms", {"number": "+14155550123"}, {**ADA, "city": "Tunis"}, message=message)
    texts = [message["body"] for message in await delivered(stack, user, "sms", answer)]
    assert texts == ["Hi there!", "Hi Ada in Tunis!"]


@pytest.mark.parametrize("field", ["message", "body", "subject"])
@pytest.mark.parametrize("text", ["Hi {{ name", "{% include 'x' %}", "{{ name | safe }}", "{% if name %}"])
async def test_a_text_that_is_no_template_is_one_error_however_many_contacts(stack: Stack, field, text):
    user = await sender(stack, "email")
    wide = {"subject": "S", "message": "<p>Hi</p>", field: text}
    answer = await send(stack, user, "email", MAIL_ADA, MAIL_ADA, **wide)
    assert_error(answer, 422, "invalid_template", f"/{field}")


@pytest.mark.parametrize(
    "message",
    ["{{ (1..100000000) | join: ',' }}", "{% for i in (1..1000) %}{% for j in (1..1000) %}{% endfor %}{% endfor %}"],
)
async def test_a_heavy_template_is_one_error(stack: Stack, message):
    user = await sender(stack, "sms")
    assert_error(await send(stack, user, "sms", ADA, BOB, message=message), 422, "template_too_heavy", "/message")


async def test_a_value_that_a_template_cannot_work_with_is_an_error_at_its_contact(stack: Stack):
    user = await sender(stack, "sms")
    answer = await send(stack, user, "sms", {**ADA, "n": 2}, {**BOB, "n": 0}, message="{{ 4 | divided_by: n }}")
    assert_error(answer, 422, "template_failed", "/contact/1")


@pytest.mark.parametrize(("name", "code"), [("x\r\nBcc: a@example.com", "control_character"), ("x" * 999, "too_long")])
async def test_a_filled_subject_is_held_to_the_rules_of_one(stack: Stack, name, code):
    user = await sender(stack, "email")
    answer = await send(stack, user, "email", {**MAIL_ADA, "name": name}, subject="{{ name }}", message="Hi")
    assert_error(answer, 422, code, "/contact/0/subject")


async def test_a_filled_text_is_held_to_the_length_of_an_sms(stack: Stack):
    user = await sender(stack, "sms")
    answer = await send(stack, user, "sms", ADA, {**BOB, "name": "x" * 1600}, message="{{ name }}")
    assert_error(answer, 422, "too_long", "/contact/1/body")


@pytest.mark.parametrize(
    ("channel", "contact", "wide", "code", "pointer"),
    [
        ("email", MAIL_ADA, {"message": "Hi"}, "missing", "/contact/0/subject"),
        ("email", MAIL_ADA, {"subject": "S"}, "missing", "/contact/0/message"),
        ("sms", ADA, {}, "missing", "/contact/0/body"),
        ("sms", ADA, {"message": "a", "body": "b"}, "ambiguous", "/body"),
        ("sms", SMS, {"message": 5}, "string_type", "/message"),
        ("email", EMAIL, {"subject": "x" * 999}, "string_too_long", "/subject"),
        ("sms", SMS, {"priority": "urgent"}, "enum", "/priority"),
        ("sms", SMS, {"on_unknown": "retry"}, "literal_error", "/on_unknown"),
        ("sms", SMS, {"schedule_at": "tomorrow"}, "schedule_form", "/schedule_at"),
    ],
)
async def test_request_wide_fields_that_are_not_what_they_should_be(
    stack: Stack, channel, contact, wide, code, pointer
):
    user = await stack.user()
    assert_error(await send(stack, user, channel, contact, **wide), 422, code, pointer)


async def test_a_template_whose_braces_are_escapes_is_the_same_template(stack: Stack):
    user = await sender(stack, "sms")
    body = rb'{"message": "Hi \u007b\u007b name }}", "contact": [{"number": "+14155550123", "name": "Ada"}]}'
    (message,) = await delivered(stack, user, "sms", await raw_body(stack, user, body))
    assert message["body"] == "Hi Ada"


async def test_of_many_errors_a_hundred_are_listed_and_then_none_is_looked_for(stack: Stack):
    user = await stack.user()
    answer = await send(stack, user, "sms", *[{"number": "+1"}] * 2_000, message="Hi")
    body = answer.json()
    assert (answer.status_code, len(body["errors"])) == (422, 100)
    assert "at least 99 more" in body["message"]


async def test_the_documentation_explains_request_wide_fields(stack: Stack):
    schemas = (await stack.http.get("/openapi.json")).json()["components"]["schemas"]
    for model in ("EmailSend", "SmsSend", "WhatsappSend"):
        properties = schemas[model]["properties"]
        assert {"message", "body", "gateway_identifier", "schedule_at", "on_unknown", "priority"} < set(properties)
        assert "{{ name }}" in properties["message"]["description"]
        assert schemas[model]["example"]["contact"][0]["name"] == "Ada"


async def test_an_unknown_gateway_is_named_where_it_stands(stack: Stack):
    user = await stack.user()
    wide = {"contact": [{"number": "+14155550123"}] * 3, "body": "Hi", "gateway_identifier": "none"}
    answer = await stack.http.post("/api/sms/send", json=wide, headers=user.headers)
    assert answer.status_code == 404
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/gateway_identifier"]
    wide["contact"] = [{"number": "+14155550123", "gateway_identifier": "other"}, {"number": "+14155550123"}]
    answer = await stack.http.post("/api/sms/send", json=wide, headers=user.headers)
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/gateway_identifier",
        "/contact/0/gateway_identifier",
    ]
