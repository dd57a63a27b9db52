"""People of WhatsApp by number or by an id that hides it: who wrote, who is reported on, who gets the reply."""

import json
import time

import pytest
from whatsapp import exchange
from whatsapp_posts import BSUID, LID, evolution, meta, of_waha, waha

from domain.channels import Channel
from gateways.conformance.fake_provider import answer


@pytest.mark.parametrize(
    ("field", "value", "sender", "id_", "name"),
    [
        (
            {"from_user_id": BSUID},
            {"contacts": [{"user_id": BSUID, "profile": {"username": "ann"}}]},
            BSUID,
            BSUID,
            "ann",
        ),
        ({"from": BSUID}, {}, BSUID, BSUID, None),
        (
            {"from_user_id": BSUID},
            {"contacts": [{"wa_id": "15551234567", "user_id": BSUID, "profile": {"name": "Ann"}}]},
            "+15551234567",
            BSUID,
            "Ann",
        ),
        (
            {"from": "15551234567"},
            {"contacts": [{"wa_id": "15551234567", "user_id": BSUID, "profile": {"name": "Ann"}}]},
            "+15551234567",
            BSUID,
            "Ann",
        ),
    ],
)
async def test_a_person_known_by_metas_own_id_is_heard(outside, field, value, sender, id_, name):
    (found,) = meta(outside, messages=[{"id": "w", "type": "text", "text": {"body": "STOP"}, **field}], **value)
    assert (found.sender, found.sender_id, found.name, found.body) == (sender, id_, name, "STOP")


@pytest.mark.parametrize(
    ("key", "sender", "id_"),
    [
        ({"remoteJid": LID}, LID, LID),
        ({"remoteJid": "128999376343081:7@lid"}, LID, LID),
        ({"remoteJid": LID, "remoteJidAlt": "15551234567@s.whatsapp.net"}, "+15551234567", LID),
        ({"remoteJid": "15551234567@s.whatsapp.net", "senderLid": LID}, "+15551234567", LID),
    ],
)
async def test_a_person_known_by_whatsapps_own_id_is_heard(outside, key, sender, id_):
    message = {"key": {"id": "3A01", "fromMe": False, **key}, "message": {"conversation": "STOP"}}
    (found,) = evolution(outside, "messages.upsert", message)
    assert (found.sender, found.sender_id) == (sender, id_)
    beside = {"key": {"remoteJid": key.get("senderLid"), "remoteJidAlt": key.get("remoteJidAlt")}}
    found = of_waha(outside, **{"from": key["remoteJid"], "body": "STOP", "_data": beside})
    assert (found.sender, found.sender_id) == (sender, id_)


async def test_receipts_tell_the_ids_of_people(outside):
    status = {"id": "w", "status": "sent", "recipient_user_id": BSUID, "recipient_id": "15551234567"}
    (receipt,) = meta(outside, statuses=[status])
    assert receipt.recipient_id == BSUID
    (receipt,) = evolution(
        outside, "messages.update", {"keyId": "A", "remoteJid": LID, "fromMe": True, "status": "READ"}
    )
    assert receipt.recipient_id == LID
    ack = {"id": f"true_{LID}_A", "from": "1@c.us", "fromMe": True, "ack": 2}
    (receipt,) = waha(outside, "message.ack", ack)
    assert receipt.recipient_id == LID
    ours = ack | {"id": "true_15551234567@c.us_A", "from": LID, "to": "15551234567@c.us"}
    (receipt,) = waha(outside, "message.ack", ours)
    assert receipt.recipient_id is None


@pytest.mark.parametrize(
    ("gateway", "to", "field", "value"),
    [
        ("whatsapp_cloud", BSUID, "recipient", BSUID),
        ("evolution", LID, "number", LID),
        ("waha", LID, "chatId", LID),
        ("whatsapp_cloud", "+15551234567", "to", "15551234567"),
        ("evolution", "+15551234567", "number", "15551234567"),
        ("waha", "+15551234567", "chatId", "15551234567@c.us"),
    ],
)
async def test_a_reply_reaches_whoever_wrote(outside, make, gateway, to, field, value):
    message = make(channel=Channel.WHATSAPP, to=to)
    _, request = await exchange(outside, gateway, answer(200, b"{}"), message)
    assert json.loads(request.body)[field] == value


@pytest.mark.parametrize(
    ("gateway", "body", "id_"),
    [
        ("evolution", {"key": {"id": "A", "remoteJid": LID}}, LID),
        ("evolution", {"key": {"id": "A", "remoteJid": "15551234567@s.whatsapp.net"}}, None),
        ("waha", {"id": f"true_{LID}_A"}, LID),
        ("waha", {"id": {"id": "A", "_serialized": f"true_{LID}_A"}}, LID),
        ("waha", {"key": {"id": "A", "remoteJid": LID}}, LID),
        ("waha", {"id": "true_15551234567@c.us_A"}, None),
    ],
)
async def test_the_answer_to_a_send_tells_the_hidden_id(outside, make, gateway, body, id_):
    message = make(channel=Channel.WHATSAPP, to="+15551234567")
    outcome, _ = await exchange(outside, gateway, answer(200, json.dumps(body).encode()), message)
    assert (outcome.provider_id, outcome.recipient_id) == ("A", id_)


async def test_many_messages_with_many_contacts_are_read_in_one_pass(outside):
    contacts = [{"wa_id": f"1555{n:07}", "user_id": f"US.{n}", "profile": {"name": f"P{n}"}} for n in range(3000)]
    messages = [{"from": f"1555{n:07}", "id": f"w{n}", "type": "text", "text": {"body": "x"}} for n in range(3000)]
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        found = meta(outside, contacts=contacts, messages=messages)
        took.append(time.perf_counter() - begun)
    assert [one.name for one in found] == [f"P{n}" for n in range(3000)]
    assert min(took) < 1
