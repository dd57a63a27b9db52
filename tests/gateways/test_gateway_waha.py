"""WAHA: what is sent, and what each answer means. Its webhook is in test_gateway_waha_webhook."""

import json

import pytest
from whatsapp import exchange

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, Unknown
from gateways.conformance.fake_provider import answer

TAKEN = answer(201, b'{"id":"true_15551234567@c.us_3EB0A1"}')


@pytest.fixture
def send(outside, make):
    async def send(reply=TAKEN, config=None, **fields):
        message = make(**{"channel": Channel.WHATSAPP, "to": "+15551234567"} | fields)
        return await exchange(outside, "waha", reply, message, config)

    return send


async def test_text(send):
    got, request = await send(config={"hmac_key": "s"})
    assert got == Accepted("3EB0A1", receipts=True)
    assert (request.method, request.target) == ("POST", "/api/sendText")
    assert request.headers["x-api-key"] == "waha"
    assert json.loads(request.body) == {"session": "shop", "chatId": "15551234567@c.us", "text": "hello"}


@pytest.mark.parametrize(
    ("kind", "path", "mimetype", "more"),
    [
        ("image", "/api/sendImage", "image/jpeg", {"caption": "hello"}),
        ("video", "/api/sendVideo", "video/mp4", {"caption": "hello", "convert": True}),
        ("audio", "/api/sendVoice", "audio/mpeg", {"convert": True}),
        ("document", "/api/sendFile", "application/octet-stream", {"caption": "hello"}),
    ],
)
async def test_media(send, kind, path, mimetype, more):
    _, request = await send(media_type=kind, media_url="https://e.com/f")
    assert request.target == path
    file = {"url": "https://e.com/f", "mimetype": mimetype, "filename": "f"}
    assert json.loads(request.body) == {"session": "shop", "chatId": "15551234567@c.us", "file": file} | more


async def test_an_answer_names_the_message_that_it_answers(send):
    _, request = await send(answers="false_1@c.us_AA")
    assert json.loads(request.body)["reply_to"] == "false_1@c.us_AA"


async def test_templates_are_refused_unsent(send):
    got, request = await send(template={"name": "t", "language": "en"})
    assert (got.code, request) == ("templates_not_supported", None)


@pytest.mark.parametrize(
    "body",
    [
        {"id": "true_15551234567@c.us_3EB0A1"},
        {"id": "3EB0A1"},
        {"id": {"fromMe": True, "id": "3EB0A1", "_serialized": "true_1@c.us_3EB0A1"}},
        {"key": {"remoteJid": "1@s.whatsapp.net", "fromMe": True, "id": "3EB0A1"}, "status": "PENDING"},
    ],
)
async def test_each_engine_names_the_message_in_its_own_way(send, body):
    got, _ = await send(answer(201, json.dumps(body).encode()))
    assert got == Accepted("3EB0A1")


STATE = {"error": "Session status is not as expected.", "session": "shop", "expected": ["WORKING"]}


def engine(message):
    return {"statusCode": 500, "exception": {"message": message, "code": 2, "name": "Error"}}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        *[
            (422, STATE | {"status": state}, GatewayDown(f"the session is {state}: Session status is not as expected."))
            for state in ("STOPPED", "STARTING", "SCAN_QR_CODE", "FAILED")
        ],
        (
            404,
            {"message": "We didn't find a session with name 'shop'", "error": "Not Found", "statusCode": 404},
            GatewayDown("answered 404: We didn't find a session with name 'shop'"),
        ),
        (404, {}, GatewayDown("answered 404: there is no such session")),
        (401, {"message": "Unauthorized"}, GatewayDown("answered 401: Unauthorized")),
        (422, {"message": "available only in Plus"}, Refused("http_422", "answered 422: available only in Plus")),
        (
            500,
            engine("2 UNKNOWN: no LID found for 1@s.whatsapp.net from server"),
            Refused("not_on_whatsapp", "2 UNKNOWN: no LID found for 1@s.whatsapp.net from server"),
        ),
        (500, {"error": "No LID for user"}, Refused("not_on_whatsapp", "No LID for user")),
        (
            500,
            engine("Request failed with status code 403"),
            Refused("media_unreachable", "Request failed with status code 403"),
        ),
        (500, engine("id of undefined"), Unknown("answered 500: id of undefined")),
    ],
)
async def test_what_a_failure_means(send, status, body, expected):
    got, _ = await send(answer(status, json.dumps(body).encode()))
    assert got == expected
