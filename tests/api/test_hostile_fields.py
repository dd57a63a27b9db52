"""Fields that were made to break something: each is refused at its place, with words that say what to write."""

import pytest

from tests.api.answers import EMAIL, SMS, assert_error
from tests.stack import Stack


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"number": True}, "number_type", "number"),
        ({"number": -14155550123}, "number_characters", "number"),
        ({"number": 0}, "number_without_country", "number"),
        ({"number": 10**18}, "number_invalid", "number"),
        ({"number": 14155550123.0}, "number_type", "number"),
        ({"number": {}}, "number_type", "number"),
        ({"number": ""}, "number_characters", "number"),
        ({"number": "+"}, "number_characters", "number"),
        ({"number": "+1-800-FLOWERS"}, "number_characters", "number"),
        ({"number": "+16502530000;isub=1"}, "number_characters", "number"),
        ({"number": "+16502530000 ext. 5"}, "number_characters", "number"),
        ({"number": "tel:+16502530000"}, "number_characters", "number"),
        ({"number": "+16502530000\n"}, "number_characters", "number"),
        ({"number": "+16502530000,+16502530001"}, "number_characters", "number"),
        ({"number": "+１６５０２５３００００"}, "number_characters", "number"),
        ({"number": "٠٠١٦٥٠٢٥٣٠٠٠٠"}, "number_characters", "number"),
        ({"number": "+999999999999"}, "number_invalid", "number"),
        ({"number": "9" * 5000}, "number_characters", "number"),
        ({"number": "02071838750"}, "number_without_country", "number"),
        ({"body": ["Hi"]}, "string_type", "body"),
        ({"body": True}, "string_type", "body"),
        ({"gateway_identifier": 5}, "string_type", "gateway_identifier"),
        ({"gateway_identifier": "x" * 201}, "string_too_long", "gateway_identifier"),
        ({"sender_id": "A\r\nB"}, "control_character", "sender_id"),
        ({"sender_id": "A" * 21}, "string_too_long", "sender_id"),
        ({"schedule_at": 1735689600}, "string_type", "schedule_at"),
        ({"schedule_at": "2026-02-30T10:00:00Z"}, "schedule_form", "schedule_at"),
        ({"schedule_at": "9999-12-31T23:59:59-14:00"}, "schedule_too_late", "schedule_at"),
        ({"schedule_at": "0001-01-01T00:00:00+14:00"}, "schedule_too_early", "schedule_at"),
        ({"schedule_at": "2026-12-01T09:30:00+99:99"}, "schedule_form", "schedule_at"),
    ],
    ids=lambda value: str(value)[:50] if isinstance(value, dict) else None,
)
async def test_fields_of_an_sms_that_are_not_what_they_should_be(stack: Stack, fields, code, field):
    user = await stack.user()
    assert_error(await stack.send(user, "sms", SMS | fields), 422, code, f"/contact/0/{field}")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"subject": "x\r\nBcc: a@example.com"}, "control_character", "subject"),
        ({"subject": "x\ty"}, "control_character", "subject"),
        ({"subject": "x\u2028y"}, "control_character", "subject"),
        ({"subject": "x\x85y"}, "control_character", "subject"),
        ({"subject": ""}, "string_too_short", "subject"),
        ({"subject": "x" * 999}, "string_too_long", "subject"),
        ({"sender_name": "x\nBcc: a@example.com"}, "control_character", "sender_name"),
        ({"email": "a@example.com, b@example.com"}, "email_invalid", "email"),
        ({"email": "a@example.com\nBcc: b@example.com"}, "email_characters", "email"),
        ({"email": "Ada <a@example.com>"}, "email_invalid", "email"),
        ({"email": '"a b"@example.com'}, "email_invalid", "email"),
        ({"email": "a@[127.0.0.1]"}, "email_invalid", "email"),
        ({"email": "a" * 65 + "@example.com"}, "email_invalid", "email"),
        ({"email": "a@" + "b" * 300 + ".com"}, "email_too_long", "email"),
        ({"email": ""}, "email_invalid", "email"),
        ({"email": 5}, "string_type", "email"),
        ({"email": ["a@example.com"]}, "string_type", "email"),
    ],
    ids=lambda value: str(value)[:50] if isinstance(value, dict) else None,
)
async def test_fields_of_an_email_that_are_not_what_they_should_be(stack: Stack, fields, code, field):
    user = await stack.user()
    assert_error(await stack.send(user, "email", EMAIL | fields), 422, code, f"/contact/0/{field}")


@pytest.mark.parametrize(
    ("template", "pointer"),
    [
        ("welcome", "/contact/0/template"),
        ({}, "/contact/0/template/name"),
        ({"name": "t", "language": 5}, "/contact/0/template/language"),
        ({"name": "t", "language": ""}, "/contact/0/template/language"),
        ({"name": "t", "components": ["x"]}, "/contact/0/template/components/0"),
        ({"name": "t", "components": [{}] * 21}, "/contact/0/template/components"),
        ({"name": "t", "unknown": 1}, "/contact/0/template/unknown"),
    ],
)
async def test_templates_that_are_none(stack: Stack, template, pointer):
    user = await stack.user()
    answer = await stack.send(user, "whatsapp", {"number": "+14155550123", "template": template})
    assert_error(answer, 422, answer.json()["errors"][0]["code"], pointer)
