"""What messages from people hold besides text, whichever gateway of WhatsApp posts them, and who wrote them."""

import json
import time
from base64 import b64encode

import pytest
from posts import post, webhook_of
from whatsapp import exchange

from domain.channels import Channel
from domain.messages.receipts import MAX_INBOUND_CONTENT, Inbound, decode_events, encode_events
from gateways.conformance.fake_provider import answer

META = {"phone_number_id": "1555", "access_token": "EAAG", "app_secret": "s"}
EVOLUTION = {"base_url": "https://e.example.com", "instance": "shop", "api_key": "evo", "webhook_secret": "s"}
WAHA = {"base_url": "https://w.example.com", "api_key": "waha", "hmac_key": "s"}
CARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Ann Lee\nitem1.TEL;type=CELL;waid=15551234567:+1 555 123 4567\nEND:VCARD"
LID = "128999376343081@lid"
BSUID = "US.13491208655302741918"


def meta(outside, field="messages", **value):
    metadata = {"display_phone_number": "15550953877", "phone_number_id": "1555"}
    change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})
    return webhook_of("whatsapp_cloud", Channel.WHATSAPP, META, outside).read(post(body.encode(), now=1.0))


def of_meta(outside, **message):
    (found,) = meta(outside, messages=[{"from": "15551234567", "id": "wamid.Y", "timestamp": "5", **message}])
    return found


def evolution(outside, event, data):
    body = {"event": event, "instance": "shop", "data": data, "sender": "15550953877@s.whatsapp.net"}
    return webhook_of("evolution", Channel.WHATSAPP, EVOLUTION, outside).read(post(json.dumps(body).encode(), now=1.0))


def of_evolution(outside, **message):
    key = {"remoteJid": "15551234567@s.whatsapp.net", "fromMe": False, "id": "3A01"}
    (found,) = evolution(outside, "messages.upsert", {"key": key, "message": message, "messageTimestamp": 5})
    return found


def waha(outside, event, payload):
    body = {
        "event": event,
        "session": "default",
        "payload": payload,
        "timestamp": 1000,
        "me": {"id": "15550953877@c.us"},
    }
    return webhook_of("waha", Channel.WHATSAPP, WAHA, outside).read(post(json.dumps(body).encode(), now=1.0))


def of_waha(outside, event="message", **payload):
    head = {"id": "false_15551234567@c.us_AAAA", "timestamp": 5, "from": "15551234567@c.us", "fromMe": False}
    (found,) = waha(outside, event, head | payload)
    return found


def told(found: Inbound) -> tuple:
    return found.kind, found.body, json.loads(found.content or "null")


PLACE = {"latitude": 41.0, "longitude": 29.0, "name": "Tower", "address": "Galata"}
ITEMS = [{"product_retailer_id": "p1", "quantity": 2, "item_price": 9.5, "currency": "USD"}]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"type": "location", "location": PLACE}, ("location", "", PLACE)),
        (
            {"type": "revoke", "revoke": {"original_message_id": "wamid.A"}},
            ("revoke", "", {"message_id": "wamid.A"}),
        ),
        (
            {
                "type": "edit",
                "edit": {"original_message_id": "wamid.A", "message": {"type": "text", "text": {"body": "STOP"}}},
            },
            ("edit", "STOP", {"message_id": "wamid.A", "type": "text"}),
        ),
        (
            {
                "type": "edit",
                "edit": {
                    "original_message_id": "wamid.A",
                    "message": {"type": "image", "image": {"id": "77", "caption": "new"}},
                },
            },
            ("edit", "new", {"message_id": "wamid.A", "type": "image", "id": "77"}),
        ),
        (
            {"type": "reaction", "reaction": {"message_id": "wamid.Z", "emoji": "👍"}},
            ("reaction", "", {"message_id": "wamid.Z", "emoji": "👍"}),
        ),
        ({"type": "reaction", "reaction": {"message_id": "w"}}, ("reaction", "", {"message_id": "w", "emoji": ""})),
        (
            {"type": "contacts", "contacts": [{"name": {"formatted_name": "Ann"}, "phones": [{"phone": "+1"}]}]},
            ("contacts", "", {"contacts": [{"name": {"formatted_name": "Ann"}, "phones": [{"phone": "+1"}]}]}),
        ),
        (
            {"type": "order", "order": {"catalog_id": "c", "text": "two, please", "product_items": ITEMS}},
            ("order", "two, please", {"catalog_id": "c", "text": "two, please", "product_items": ITEMS}),
        ),
        (
            {"type": "button", "button": {"text": "Stop promotions", "payload": "p1"}},
            ("button_reply", "Stop promotions", {"id": "p1", "title": "Stop promotions"}),
        ),
        (
            {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "Y"}}},
            ("button_reply", "Y", {"id": "1", "title": "Y"}),
        ),
        (
            {
                "type": "interactive",
                "interactive": {"type": "list_reply", "list_reply": {"id": "r", "title": "Two", "description": "d"}},
            },
            ("list_reply", "Two", {"id": "r", "title": "Two", "description": "d"}),
        ),
        (
            {
                "type": "interactive",
                "interactive": {"nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"a":1}'}},
            },
            ("form_reply", "Sent", {"name": "flow", "body": "Sent", "response": {"a": 1}}),
        ),
        (
            {
                "type": "interactive",
                "interactive": {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}},
            },
            ("call_permission_reply", "", {"response": "accept"}),
        ),
        (
            {
                "type": "system",
                "system": {"body": "Ann changed", "wa_id": "15551230000", "type": "user_changed_number"},
            },
            ("system", "", {"body": "Ann changed", "wa_id": "15551230000", "type": "user_changed_number"}),
        ),
        (
            {"type": "unsupported", "unsupported": {"type": "poll_creation"}, "errors": [{"code": 131051}]},
            ("unsupported", "", {"type": "poll_creation", "errors": [{"code": 131051}]}),
        ),
        (
            {"type": "document", "document": {"id": "80", "mime_type": "application/pdf", "filename": "a.pdf"}},
            ("document", "", {"id": "80", "mime_type": "application/pdf", "filename": "a.pdf"}),
        ),
        ({"type": "hologram", "hologram": {"x": 1}}, ("hologram", "", {"x": 1})),
        ({"type": "hologram", "other": [1]}, ("hologram", "", {"other": [1]})),
        ({"hologram": {"x": 1}}, ("hologram", "", {"x": 1})),
        ({}, ("unknown", "", None)),
        (
            {"type": "text", "text": {"body": "hi"}, "referral": {"source_id": "ad1"}},
            (None, "hi", {"referral": {"source_id": "ad1"}}),
        ),
        ({"type": "text", "text": {"body": "hi"}}, (None, "hi", None)),
    ],
)
async def test_what_meta_posts_keeps_its_content(outside, message, expected):
    assert told(of_meta(outside, **message)) == expected


async def test_a_reaction_names_the_message_that_it_answers(outside):
    assert of_meta(outside, type="reaction", reaction={"message_id": "wamid.Z", "emoji": "👍"}).answers == "wamid.Z"
    assert of_evolution(outside, reactionMessage={"key": {"id": "3EB0"}, "text": "👍"}).answers == "3EB0"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            {
                "locationMessage": {
                    "degreesLatitude": 41.0,
                    "degreesLongitude": 29.0,
                    "name": "Tower",
                    "jpegThumbnail": "x",
                }
            },
            ("location", "", {"latitude": 41.0, "longitude": 29.0, "name": "Tower"}),
        ),
        (
            {"liveLocationMessage": {"degreesLatitude": 41.0, "degreesLongitude": 29.0, "caption": "here"}},
            ("location", "here", {"latitude": 41.0, "longitude": 29.0, "live": True}),
        ),
        ({"protocolMessage": {"key": {"id": "A"}, "type": 0}}, ("revoke", "", {"message_id": "A"})),
        ({"protocolMessage": {"key": {"id": "A"}, "type": "REVOKE"}}, ("revoke", "", {"message_id": "A"})),
        (
            {"protocolMessage": {"key": {"id": "A"}, "type": 14, "editedMessage": {"conversation": "new"}}},
            ("edit", "new", {"message_id": "A", "type": "text"}),
        ),
        (
            {
                "editedMessage": {
                    "message": {
                        "protocolMessage": {"key": {"id": "A"}, "editedMessage": {"imageMessage": {"caption": "new"}}}
                    }
                }
            },
            ("edit", "new", {"message_id": "A", "type": "image"}),
        ),
        (
            {"reactionMessage": {"key": {"id": "3EB0"}, "text": "👍"}},
            ("reaction", "", {"message_id": "3EB0", "emoji": "👍"}),
        ),
        (
            {"orderMessage": {"orderId": "o1", "itemCount": 2, "message": "two", "totalAmount1000": "19000"}},
            ("order", "two", {"order_id": "o1", "text": "two", "item_count": 2, "total_amount_1000": "19000"}),
        ),
        (
            {"buttonsResponseMessage": {"selectedButtonId": "b", "selectedDisplayText": "Yes"}},
            ("button_reply", "Yes", {"id": "b", "title": "Yes"}),
        ),
        (
            {"templateButtonReplyMessage": {"selectedId": "b", "selectedDisplayText": "Stop"}},
            ("button_reply", "Stop", {"id": "b", "title": "Stop"}),
        ),
        (
            {"listResponseMessage": {"title": "Two", "singleSelectReply": {"selectedRowId": "r2"}, "description": "d"}},
            ("list_reply", "Two", {"id": "r2", "title": "Two", "description": "d"}),
        ),
        (
            {
                "interactiveResponseMessage": {
                    "body": {"text": "Sent"},
                    "nativeFlowResponseMessage": {"name": "flow", "paramsJson": '{"a":1}'},
                }
            },
            ("form_reply", "Sent", {"name": "flow", "body": "Sent", "response": {"a": 1}}),
        ),
        (
            {
                "pollCreationMessageV3": {
                    "name": "When?",
                    "options": [{"optionName": "Now"}],
                    "selectableOptionsCount": 1,
                }
            },
            ("poll", "", {"name": "When?", "options": ["Now"], "selectable": 1}),
        ),
        (
            {"ephemeralMessage": {"message": {"viewOnceMessageV2": {"message": {"videoMessage": {"seconds": 3}}}}}},
            ("video", "", {"seconds": 3}),
        ),
        (
            {"documentMessage": {"fileName": "a.pdf", "mimetype": "application/pdf", "mediaKey": "secret"}},
            ("document", "", {"mime_type": "application/pdf", "filename": "a.pdf"}),
        ),
        (
            {"groupInviteMessage": {"groupName": "Club", "inviteCode": "x"}},
            ("groupInviteMessage", "", {"groupName": "Club", "inviteCode": "x"}),
        ),
        ({"messageContextInfo": {}, "hologramMessage": {"x": 1}}, ("hologramMessage", "", {"x": 1})),
        ({"conversation": "hi"}, (None, "hi", None)),
    ],
)
async def test_what_evolution_posts_keeps_its_content(outside, message, expected):
    assert told(of_evolution(outside, **message)) == expected


@pytest.mark.parametrize(
    "read",
    [
        lambda outside: of_evolution(outside, contactMessage={"displayName": "Ann Lee", "vcard": CARD}),
        lambda outside: of_evolution(outside, contactsArrayMessage={"contacts": [{"vcard": CARD}]}),
        lambda outside: of_waha(outside, body=CARD, vCards=[CARD]),
        lambda outside: of_waha(outside, body=CARD, _data={"type": "vcard"}),
        lambda outside: of_waha(outside, body="", _data={"message": {"contactMessage": {"vcard": CARD}}}),
    ],
)
async def test_a_contact_is_read_from_its_card(outside, read):
    kind, body, content = told(read(outside))
    assert (kind, body) == ("contacts", "")
    (contact,) = content["contacts"]
    assert contact["name"] == {"formatted_name": "Ann Lee"}
    assert contact["phones"] == [{"phone": "+1 555 123 4567", "wa_id": "15551234567"}]
    assert contact["vcard"] == CARD


async def test_what_a_server_reports_of_earlier_messages(outside):
    key = {"remoteJid": "15551234567@s.whatsapp.net", "fromMe": False, "id": "A"}
    (revoked,) = evolution(outside, "messages.delete", key | {"status": "DELETED"})
    assert (told(revoked), revoked.sender) == (("revoke", "", {"message_id": "A"}), "+15551234567")
    changed = {"key": key, "type": "MESSAGE_EDIT", "editedMessage": {"conversation": "STOP"}, "timestampMs": "5000"}
    (edited,) = evolution(outside, "messages.edited", changed)
    assert told(edited) == ("edit", "STOP", {"message_id": "A", "type": "text"})
    for ours in (key | {"fromMe": True}, key | {"remoteJid": "15550953877@s.whatsapp.net"}):
        assert evolution(outside, "messages.delete", ours) == []


async def test_a_change_that_a_server_reports_in_two_ways_is_one(outside):
    key = {"remoteJid": "15551234567@s.whatsapp.net", "fromMe": False, "id": "A"}
    (first,) = evolution(outside, "messages.delete", key)
    assert of_evolution(outside, protocolMessage={"key": key, "type": "REVOKE"}).key == first.key
    change = {"key": key, "type": 14, "editedMessage": {"conversation": "new"}}
    (first,) = evolution(outside, "messages.edited", change | {"timestampMs": "5000"})
    assert of_evolution(outside, protocolMessage=change | {"timestampMs": "5000"}).key == first.key
    assert of_evolution(outside, protocolMessage=change | {"timestampMs": "6000"}).key != first.key


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            {
                "body": b64encode(b"picture").decode(),
                "location": {"latitude": "41", "longitude": "29", "description": "d"},
            },
            ("location", "", {"latitude": "41", "longitude": "29", "description": "d"}),
        ),
        (
            {"body": "/9j/4AAQ", "_data": {"type": "location", "lat": 41.0, "lng": 29.0, "loc": "Tower"}},
            ("location", "", {"latitude": 41.0, "longitude": 29.0, "name": "Tower"}),
        ),
        (
            {"_data": {"Message": {"locationMessage": {"degreesLatitude": 41.0, "degreesLongitude": 29.0}}}},
            ("location", "", {"latitude": 41.0, "longitude": 29.0}),
        ),
        (
            {"body": "Yes", "_data": {"type": "buttons_response", "selectedButtonId": "b"}},
            ("button_reply", "Yes", {"id": "b", "title": "Yes"}),
        ),
        (
            {
                "body": "Two",
                "_data": {"type": "list_response", "listResponse": {"singleSelectReply": {"selectedRowId": "r"}}},
            },
            ("list_reply", "Two", {"id": "r", "title": "Two"}),
        ),
        (
            {"body": "two", "_data": {"type": "order", "orderId": "o1", "token": "t"}},
            ("order", "two", {"order_id": "o1", "token": "t", "text": "two"}),
        ),
        ({"body": "", "_data": {"type": "revoked"}}, ("revoke", "", {"message_id": "AAAA"})),
        (
            {"body": "look", "hasMedia": True, "media": {"url": "http://w/a", "mimetype": "image/jpeg"}},
            ("image", "look", {"mime_type": "image/jpeg"}),
        ),
        ({"body": "", "hasMedia": True, "_data": {"type": "ptt"}}, ("audio", "", None)),
        ({"body": "", "_data": {"type": "hologram", "x": 1}}, ("hologram", "", {"type": "hologram", "x": 1})),
        ({"body": "hi", "_data": {"type": "chat"}}, (None, "hi", None)),
    ],
)
async def test_what_waha_posts_keeps_its_content(outside, payload, expected):
    assert told(of_waha(outside, **payload)) == expected


async def test_what_waha_reports_of_earlier_messages(outside):
    reaction = of_waha(outside, "message.reaction", reaction={"text": "👍", "messageId": "true_1@c.us_3EB0"})
    assert told(reaction) == ("reaction", "", {"message_id": "3EB0", "emoji": "👍"})
    assert reaction.answers == "3EB0"
    edited = of_waha(outside, "message.edited", body="STOP", editedMessageId="A")
    assert told(edited) == ("edit", "STOP", {"message_id": "A", "type": "text"})
    after = {"id": "false_1@c.us_B", "from": "15551234567@c.us", "fromMe": False, "body": ""}
    revoked = of_waha(outside, "message.revoked", after=after, before=after | {"body": "secret"}, revokedMessageId="A")
    assert told(revoked) == ("revoke", "", {"message_id": "A"})
    (ours,) = [waha(outside, "message.revoked", {"after": after | {"fromMe": True}, "revokedMessageId": "A"})]
    assert ours == []


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


@pytest.mark.parametrize(("value", "marketing"), [("stop", "stop"), ("resume", "resume")])
@pytest.mark.parametrize("who", [{"wa_id": "15551234567"}, {"user_id": BSUID}])
async def test_what_a_person_chose_for_marketing(outside, value, marketing, who):
    chosen = {"category": "marketing_messages", "value": value, "detail": "User requested", "timestamp": 1731705721}
    (found,) = meta(outside, "user_preferences", user_preferences=[chosen | who])
    assert (found.marketing, found.kind, found.at) == (marketing, "user_preferences", 1731705721.0)
    assert found.sender == ("+15551234567" if "wa_id" in who else BSUID)
    assert json.loads(found.content) == {"category": "marketing_messages", "value": value, "detail": "User requested"}
    assert decode_events(encode_events([found])) == [found]


@pytest.mark.parametrize(
    "chosen",
    [
        {"category": "marketing_messages", "value": "pause", "wa_id": "1"},
        {"category": "other", "value": "stop", "wa_id": "1"},
        {"category": "marketing_messages", "value": "stop"},
    ],
)
async def test_a_choice_that_we_do_not_know_changes_nothing(outside, chosen):
    assert meta(outside, "user_preferences", user_preferences=[chosen]) == []


@pytest.mark.parametrize(
    "part",
    [
        {"text": "\0x" * 200_000},
        {"many": [{"a": "b"}] * 30_000},
        {"n" * 100_000: 1},
        {f"k{n}": "v" for n in range(9999)},
    ],
)
async def test_only_so_much_content_is_kept_and_says_so(outside, part):
    found = of_meta(outside, type="hologram", hologram=part)
    assert len(found.content) <= MAX_INBOUND_CONTENT
    assert "\\u0000" not in found.content
    assert json.loads(found.content)["truncated"] is True


async def test_content_within_content_ends_somewhere(outside):
    nested: dict = {}
    for _ in range(90):
        nested = {"type": "edit", "edit": {"original_message_id": "w", "message": nested}}
    assert of_meta(outside, **nested).kind == "edit"
    proto: dict = {"conversation": "x"}
    for _ in range(90):
        proto = {"protocolMessage": {"key": {"id": "A"}, "editedMessage": proto}}
    assert of_evolution(outside, **proto).kind == "edit"


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


async def test_the_category_of_a_template_is_not_sent(outside, make):
    template = {"name": "offer", "language": "en_US", "components": [], "category": "marketing"}
    message = make(channel=Channel.WHATSAPP, to="+15551234567", template=template)
    _, request = await exchange(outside, "whatsapp_cloud", answer(200, b"{}"), message)
    assert json.loads(request.body)["template"] == {"name": "offer", "language": {"code": "en_US"}, "components": []}


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
