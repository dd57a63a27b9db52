"""Evolution API: what is sent, and what each answer means. Its webhook is in test_gateway_evolution_webhook."""

import json

import pytest
from whatsapp import exchange

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, Unknown
from gateways.conformance.fake_provider import answer

TAKEN = answer(201, b'{"key":{"remoteJid":"1@s.whatsapp.net","fromMe":true,"id":"3EB0A1"},"status":"PENDING"}')


@pytest.fixture
def send(outside, make):
    async def send(reply=TAKEN, config=None, **fields):
        message = make(**{"channel": Channel.WHATSAPP, "to": "+15551234567"} | fields)
        return await exchange(outside, "evolution", reply, message, config)

    return send


async def test_text(send, make):
    uid = make().uid
    got, request = await send(config={"webhook_secret": "s"}, uid=uid)
    assert got == Accepted("3EB0A1", receipts=True)
    assert (request.method, request.target) == ("POST", "/message/sendText/my%20shop")
    assert request.headers["apikey"] == "evo"
    assert json.loads(request.body) == {
        "number": "15551234567",
        "messageId": f"3EB0{uid.hex.upper()}",
        "text": "hello",
    }


@pytest.mark.parametrize(
    ("kind", "mimetype", "more"),
    [
        ("image", "image/jpeg", {"caption": "hello"}),
        ("audio", "audio/mpeg", {}),
        ("video", "video/mp4", {"caption": "hello"}),
        ("document", "application/octet-stream", {"caption": "hello"}),
    ],
)
async def test_media(send, kind, mimetype, more):
    _, request = await send(media_type=kind, media_url="https://e.com/f")
    assert request.target == "/message/sendMedia/my%20shop"
    sent = json.loads(request.body)
    del sent["messageId"]
    media = {"mediatype": kind, "mimetype": mimetype, "media": "https://e.com/f", "fileName": "f"}
    assert sent == {"number": "15551234567"} | media | more


async def test_an_answer_quotes_the_message_that_it_answers(send):
    _, request = await send(answers="3A99")
    assert json.loads(request.body)["quoted"] == {"key": {"id": "3A99"}}


async def test_templates_are_refused_unsent(send):
    got, request = await send(template={"name": "t", "language": "en"})
    assert (got.code, request) == ("templates_not_supported", None)


def failing(status, message):
    return answer(status, json.dumps({"status": status, "error": "x", "response": {"message": message}}).encode())


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (
            400,
            [{"jid": "1@s.whatsapp.net", "exists": False, "number": "1"}],
            Refused("not_on_whatsapp", "WhatsApp does not know this number"),
        ),
        (
            400,
            [['instance requires property "text"']],
            Refused("http_400", 'answered 400: instance requires property "text"'),
        ),
        (400, ["Error: Connection Closed"], GatewayDown("the instance is not connected: Error: Connection Closed")),
        (404, ['The "x" instance does not exist'], GatewayDown('answered 404: The "x" instance does not exist')),
        (404, None, GatewayDown("answered 404: there is no such instance")),
        (500, ["Connection Closed"], GatewayDown("answered 500: Connection Closed")),
        (401, "Unauthorized", GatewayDown("answered 401: Unauthorized")),
        (
            500,
            ["AxiosError: Request failed with status code 404"],
            Refused("media_unreachable", "AxiosError: Request failed with status code 404"),
        ),
        (
            400,
            ["PrismaClientKnownRequestError: \nInvalid `message.create()`"],
            Unknown("answered 400: PrismaClientKnownRequestError: Invalid `message.create()`"),
        ),
        (400, ["TypeError: x is undefined"], Unknown("answered 400: TypeError: x is undefined")),
    ],
)
async def test_what_a_failure_means(send, status, message, expected):
    got, _ = await send(failing(status, message))
    assert got == expected
