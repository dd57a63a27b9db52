"""What messages from people hold besides text, whichever gateway of WhatsApp posts them."""

import json
from base64 import b64encode

import pytest
from whatsapp_posts import of_evolution, of_meta, of_waha, told

from domain.messages.receipts import MAX_INBOUND_CONTENT

CARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Ann Lee\nitem1.TEL;type=CELL;waid=15551234567:+1 555 123 4567\nEND:VCARD"
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
