"""An invitation is one by its type's ``method``: each provider gets the type in the way that it takes one."""

import json
from base64 import b64decode
from email import message_from_bytes, policy
from typing import Any

import pytest

from domain.channels import Channel
from domain.messages.outbound import Attachment
from gateways.conformance.fake_provider import answer
from gateways.email.mail_message import write_letter

INVITATION = "text/calendar; charset=utf-8; method=REQUEST"
FILE = Attachment("invite.ics", INVITATION, b"BEGIN:VCALENDAR\r\n")
FROM = {"from_address": "shop@example.org"}


async def request(send_through, name: str, config: dict[str, Any], file: Attachment = FILE) -> bytes:
    _, request = await send_through(
        name, Channel.EMAIL, FROM | config, answer(200, b"{}"), subject="Hi", body="Hi", attachments=(file,)
    )
    return request.body


@pytest.mark.parametrize(
    ("name", "config", "place"),
    [
        ("postmark", {"server_token": "t"}, ["Attachments", 0, "ContentType"]),
        ("resend", {"api_key": "k"}, ["attachments", 0, "content_type"]),
        ("sparkpost", {"api_key": "k"}, ["content", "attachments", 0, "type"]),
        ("mailjet", {"api_key": "p", "secret_key": "s"}, ["Messages", 0, "Attachments", 0, "ContentType"]),
    ],
)
async def test_providers_that_take_a_type_get_all_of_it(send_through, name, config, place):
    found: Any = json.loads(await request(send_through, name, config))
    for step in place:
        found = found[step]
    assert found == INVITATION


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (INVITATION, "text/calendar; method=REQUEST"),
        ("text/calendar; charset=utf-8", "text/calendar"),
        ("text/csv; charset=utf-8", "text/csv"),
        ('text/calendar; method="a;b"', "text/calendar"),
        ("application/pdf", "application/pdf"),
    ],
)
async def test_sendgrid_gets_no_parameter_but_the_method(send_through, given, sent):
    body = await request(send_through, "sendgrid", {"api_key": "SG.key"}, Attachment("a", given, b"x"))
    assert json.loads(body)["attachments"][0]["type"] == sent


async def test_mailgun_gets_it_as_the_type_of_the_files_part(send_through):
    body = await request(send_through, "mailgun", {"api_key": "k", "domain": "example.org"})
    assert f"Content-Type: {INVITATION}\r\n".encode() in body


async def test_brevo_tells_the_type_by_the_files_name(send_through):
    body = json.loads(await request(send_through, "brevo", {"api_key": "k"}))
    assert [set(file) for file in body["attachment"]] == [{"name", "content"}]


async def test_ses_gets_the_whole_mail(send_through):
    config = {"region": "eu-west-1", "access_key_id": "AKIA", "secret_access_key": "s"}
    raw = b64decode(json.loads(await request(send_through, "ses", config))["Content"]["Raw"]["Data"])
    (part,) = message_from_bytes(raw, policy=policy.SMTP).iter_attachments()
    assert part["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}


async def test_by_smtp_the_method_arrives(make):
    message = make(channel=Channel.EMAIL, to="ann@example.com", subject="Hi", body="Hi", attachments=(FILE,))
    letter = write_letter(message, "shop@example.org", None).content
    (part,) = message_from_bytes(letter, policy=policy.SMTP).iter_attachments()
    assert (part.get_content_type(), part.get_param("method")) == ("text/calendar", "REQUEST")
