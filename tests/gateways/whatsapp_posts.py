"""What gateways of WhatsApp post about people and their messages, and how it is read."""

import json

from posts import post, webhook_of

from domain.channels import Channel
from domain.messages.receipts import Inbound

META = {"phone_number_id": "1555", "access_token": "EAAG", "app_secret": "s"}
EVOLUTION = {"base_url": "https://e.example.com", "instance": "shop", "api_key": "evo", "webhook_secret": "s"}
WAHA = {"base_url": "https://w.example.com", "api_key": "waha", "hmac_key": "s"}
LID = "128999376343081@lid"
BSUID = "US.13491208655302741918"


def meta(outside, field="messages", **value):
    """The events of a change that Meta posts."""
    metadata = {"display_phone_number": "15550953877", "phone_number_id": "1555"}
    change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})
    return webhook_of("whatsapp_cloud", Channel.WHATSAPP, META, outside).read(post(body.encode(), now=1.0))


def of_meta(outside, **message):
    """The event of one message that Meta posts."""
    (found,) = meta(outside, messages=[{"from": "15551234567", "id": "wamid.Y", "timestamp": "5", **message}])
    return found


def evolution(outside, event, data):
    """The events of what an Evolution server posts."""
    body = {"event": event, "instance": "shop", "data": data, "sender": "15550953877@s.whatsapp.net"}
    return webhook_of("evolution", Channel.WHATSAPP, EVOLUTION, outside).read(post(json.dumps(body).encode(), now=1.0))


def of_evolution(outside, **message):
    """The event of one message that an Evolution server posts."""
    key = {"remoteJid": "15551234567@s.whatsapp.net", "fromMe": False, "id": "3A01"}
    (found,) = evolution(outside, "messages.upsert", {"key": key, "message": message, "messageTimestamp": 5})
    return found


def waha(outside, event, payload):
    """The events of what a WAHA server posts."""
    body = {
        "event": event,
        "session": "default",
        "payload": payload,
        "timestamp": 1000,
        "me": {"id": "15550953877@c.us"},
    }
    return webhook_of("waha", Channel.WHATSAPP, WAHA, outside).read(post(json.dumps(body).encode(), now=1.0))


def of_waha(outside, event="message", **payload):
    """The event of one message that a WAHA server posts."""
    head = {"id": "false_15551234567@c.us_AAAA", "timestamp": 5, "from": "15551234567@c.us", "fromMe": False}
    (found,) = waha(outside, event, head | payload)
    return found


def told(found: Inbound) -> tuple:
    """Kind, text and content of a message."""
    return found.kind, found.body, json.loads(found.content or "null")
