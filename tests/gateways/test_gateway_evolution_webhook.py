"""What an Evolution API server posts: who may bring it, and what it says."""

import hashlib
import hmac
import json
from base64 import b64encode, urlsafe_b64encode

import pytest
from posts import post, webhook_of

from domain.channels import Channel
from domain.messages.receipts import Inbound, Receipt, ReceiptKind
from gateways.config.problems import InvalidGatewayConfig
from gateways.webhooks.webhook import UnreadablePost
from gateways.whatsapp.evolution_ids import message_id

SECRET = "our shared secret"
CONFIG = {"base_url": "https://evolution.example.com", "instance": "shop", "api_key": "evo", "webhook_secret": SECRET}
NOW = 1_730_000_000.0


@pytest.mark.parametrize(
    "change",
    [
        {"instance": "../x"},
        {"instance": "x" * 101},
        {"instance": ""},
        {"base_url": None},
        {"api_key": "a\nb"},
        {"receipts": True},
    ],
)
async def test_a_wrong_configuration_is_refused(outside, change):
    with pytest.raises(InvalidGatewayConfig):
        webhook_of("evolution", Channel.WHATSAPP, CONFIG | {"webhook_secret": None} | change, outside)


@pytest.fixture
def webhook(outside):
    return webhook_of("evolution", Channel.WHATSAPP, CONFIG, outside)


def token(key=SECRET, **claims):
    """A token as the server makes it."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iat": NOW, "exp": NOW + 600, "app": "evolution"} | claims]
    signed = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    signature = hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def bearing(authorization):
    return post(b"{}", {"Authorization": authorization}, now=NOW)


async def test_the_secret_itself_is_believed(webhook):
    assert await webhook.verify(bearing(f"Bearer {SECRET}"))
    assert await webhook.verify(bearing("Basic " + b64encode(f"evolution:{SECRET}".encode()).decode()))
    assert await webhook.verify(post(b"{}", url="https://h.example.com/x?secret=our%20shared%20secret"))


async def test_a_token_signed_with_the_secret_is_believed_and_no_other_byte_of_it(webhook):
    genuine = token()
    assert await webhook.verify(bearing(f"Bearer {genuine}"))
    for place, letter in enumerate(genuine):
        forged = genuine[:place] + ("A" if letter != "A" else "B") + genuine[place + 1 :]
        assert not await webhook.verify(bearing(f"Bearer {forged}"))


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer another",
        f"Basic {token()}",
        "Bearer " + token(key="another"),
        "Bearer " + token(exp=NOW),
        "Bearer " + token(exp=None),
        "Bearer " + token().rpartition(".")[0] + ".",
        "Bearer ..",
        "Bearer \udcff.\udcff.\udcff",
    ],
)
async def test_what_brings_no_secret_is_refused(webhook, authorization):
    assert not await webhook.verify(bearing(authorization))


@pytest.mark.parametrize("part", ["", "!", "W10", "e30", "bnVsbA"])
async def test_a_signed_token_without_claims_is_refused(webhook, part):
    signed = f"e30.{part}"
    signature = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    forged = f"{signed}.{urlsafe_b64encode(signature).decode().rstrip('=')}"
    assert not await webhook.verify(bearing(f"Bearer {forged}"))


async def test_the_api_key_in_a_body_proves_nothing(webhook):
    assert not await webhook.verify(post(b'{"apikey":"evo"}', now=NOW))


async def test_without_a_secret_nothing_is_believed(outside):
    webhook = webhook_of("evolution", Channel.WHATSAPP, CONFIG | {"webhook_secret": None}, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(bearing("Bearer "))
    assert not await webhook.verify(bearing("Bearer None"))


def read(webhook, event, data, instance="shop"):
    envelope = {"event": event, "instance": instance, "data": data, "sender": "15550953877@s.whatsapp.net"}
    return webhook.read(post(json.dumps(envelope).encode(), now=NOW))


UPDATE = {"keyId": "3EB0A1", "remoteJid": "15551234567@s.whatsapp.net", "fromMe": True, "instanceId": "i"}


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        ("PENDING", "sent", None),
        ("SERVER_ACK", "sent", None),
        ("DELIVERY_ACK", "delivered", None),
        ("READ", "read", None),
        ("PLAYED", "read", None),
        ("ERROR", "failed", "evolution_error"),
    ],
)
async def test_every_status(webhook, status, kind, code):
    assert read(webhook, "messages.update", UPDATE | {"status": status}) == [
        Receipt(ReceiptKind(kind), key=f"3EB0A1|{status}", at=NOW, provider_id="3EB0A1", code=code)
    ]


async def test_a_status_as_older_servers_tell_it(webhook):
    update = {"key": {"id": "3EB0A1", "fromMe": True}, "update": {"status": "READ"}}
    (receipt,) = read(webhook, "messages.update", [update])
    assert (receipt.kind, receipt.provider_id) == (ReceiptKind.READ, "3EB0A1")


async def test_an_id_that_we_chose_tells_our_uid(webhook, make):
    uid = make().uid
    (receipt,) = read(webhook, "messages.update", UPDATE | {"keyId": message_id(uid), "status": "READ"})
    assert receipt.uid == str(uid)


MESSAGE = {
    "key": {"remoteJid": "15551234567@s.whatsapp.net", "fromMe": False, "id": "3A01"},
    "pushName": "Ann",
    "message": {"conversation": "two\nlines 😀"},
    "messageTimestamp": 1729999990,
}


async def test_what_a_message_from_a_person_tells(webhook):
    assert read(webhook, "messages.upsert", MESSAGE) == [
        Inbound(
            key="3A01",
            at=1729999990.0,
            sender="+15551234567",
            recipient="+15550953877",
            body="two\nlines 😀",
            name="Ann",
        )
    ]


QUOTING = {"contextInfo": {"stanzaId": "3EB0A1"}}
FILE = {"documentMessage": {"caption": "look", **QUOTING}}


@pytest.mark.parametrize(
    ("change", "body", "media", "answers"),
    [
        ({"message": {"extendedTextMessage": {"text": "yes", **QUOTING}}}, "yes", (), "3EB0A1"),
        (QUOTING, "two\nlines 😀", (), "3EB0A1"),
        ({"message": {"imageMessage": {"caption": "look"}}}, "look", ("3A01",), None),
        ({"message": {"audioMessage": {"seconds": 2}, "mediaUrl": "https://s3/a"}}, "", ("https://s3/a",), None),
        ({"message": {"documentWithCaptionMessage": {"message": FILE}}}, "look", ("3A01",), "3EB0A1"),
        ({"message": {"buttonsResponseMessage": {"selectedDisplayText": "Yes"}}}, "Yes", (), None),
        ({"message": {"templateButtonReplyMessage": {"selectedDisplayText": "Yes"}}}, "Yes", (), None),
        ({"message": {"listResponseMessage": {"title": "Two"}}}, "Two", (), None),
    ],
)
async def test_every_kind_of_message_from_a_person(webhook, change, body, media, answers):
    (inbound,) = read(webhook, "messages.upsert", MESSAGE | change)
    assert (inbound.body, inbound.media, inbound.answers) == (body, media, answers)


async def test_a_hidden_number_is_read_beside_the_chat(webhook):
    key = {"remoteJid": "128999376343081@lid", "remoteJidAlt": "15551234567@s.whatsapp.net", "id": "3A01"}
    (inbound,) = read(webhook, "messages.upsert", MESSAGE | {"key": key})
    assert inbound.sender == "+15551234567"


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("messages.update", UPDATE | {"status": "DELETED"}),
        ("messages.update", UPDATE | {"status": ["READ"]}),
        ("messages.update", UPDATE | {"status": "READ", "fromMe": False}),
        ("messages.update", UPDATE | {"status": "READ", "keyId": None}),
        ("messages.upsert", MESSAGE | {"key": MESSAGE["key"] | {"fromMe": True}}),
        ("messages.upsert", MESSAGE | {"key": MESSAGE["key"] | {"remoteJid": "1203630419678@g.us"}}),
        ("messages.upsert", MESSAGE | {"key": MESSAGE["key"] | {"remoteJid": "status@broadcast"}}),
        ("messages.upsert", MESSAGE | {"key": None}),
        ("messages.upsert", MESSAGE | {"message": {"messageContextInfo": {"deviceListMetadata": {}}}}),
        ("messages.upsert", MESSAGE | {"message": None}),
        ("connection.update", {"state": "open"}),
        (["messages.update"], UPDATE | {"status": "READ"}),
    ],
)
async def test_what_we_have_no_use_for_is_left_out(webhook, event, data):
    assert read(webhook, event, data) == []


async def test_another_instances_events_are_left_out(webhook):
    assert read(webhook, "messages.upsert", MESSAGE, instance="other") == []


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b'"x"', b"null", b'{"event":"messages.update","instance":"shop","data":"x"}']
)
async def test_what_is_no_event_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
