"""Providers of WhatsApp."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from dataclasses import replace
from random import randrange
from uuid import uuid4

from gateways.conformance.fake_provider import Request, answer
from tests.api.doubles.double import PERSON, Double, Posting, Told


class WhatsApp(Double):
    """An account with a number."""

    CHANNEL = "whatsapp"
    HEARS = True

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.number = f"1500{randrange(10**7):07}"

    def tampered(self, posting: Posting) -> Posting:
        return replace(posting, body=posting.body + b" ")

    def nonsense(self) -> Posting:
        return self.signed("nonsense")

    def signed(self, body: object) -> Posting:
        raise NotImplementedError


class WhatsAppCloud(WhatsApp):
    """Meta, under the name that its webhook has here."""

    TYPE = "whatsapp_cloud"

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.hooks = f"{base}/api/webhook/whatsapp/meta"
        self.word = f"word-{uuid4().hex}"
        self._number_id = str(randrange(10**15))

    @property
    def config(self):
        webhook = {"app_secret": self.secret, "verify_token": self.word}
        return {"phone_number_id": self._number_id, "access_token": "EAAG", **webhook}

    def answer(self, request: Request) -> bytes:
        taken = {"messaging_product": "whatsapp", "contacts": [], "messages": [{"id": f"wamid.{self.id}"}]}
        return answer(200, json.dumps(taken).encode())

    def told(self, request: Request) -> Told:
        message = json.loads(request.body)
        return Told(message["biz_opaque_callback_data"], f"wamid.{self.id}", message["to"])

    def delivered(self, told: Told) -> Posting:
        status = {"id": told.id, "status": "delivered", "timestamp": str(int(time.time())), "recipient_id": told.to}
        return self._change(statuses=[status | {"biz_opaque_callback_data": told.reference}])

    def says(self, text: str) -> Posting:
        message = {"from": PERSON[1:], "id": f"wamid.{uuid4().hex}", "timestamp": str(int(time.time())), "type": "text"}
        contact = {"profile": {"name": "Ann"}, "wa_id": PERSON[1:]}
        return self._change(contacts=[contact], messages=[message | {"text": {"body": text}}])

    def _change(self, **value: object) -> Posting:
        number = {"display_phone_number": self.number, "phone_number_id": self._number_id}
        change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": number, **value}}
        return self.signed({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})

    def signed(self, body: object) -> Posting:
        raw = json.dumps(body).encode()
        signature = hmac.digest(self.secret.encode(), raw, "sha256").hex()
        return Posting(self.hooks, raw, {"X-Hub-Signature-256": f"sha256={signature}"})


class Evolution(WhatsApp):
    """Brings a token that is signed with the secret; the body is not."""

    TYPE = "evolution"

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self._instance = f"shop-{uuid4().hex}"

    @property
    def config(self):
        return {"instance": self._instance, "api_key": "evo", "webhook_secret": self.secret}

    def answer(self, request: Request) -> bytes:
        key = {"id": json.loads(request.body)["messageId"], "fromMe": True, "remoteJid": f"{PERSON[1:]}@s.whatsapp.net"}
        return answer(201, json.dumps({"key": key, "status": "PENDING"}).encode())

    def told(self, request: Request) -> Told:
        return Told("", json.loads(request.body)["messageId"])

    def delivered(self, told: Told) -> Posting:
        chat = f"{told.to[1:]}@s.whatsapp.net"
        return self._event("messages.update", keyId=told.id, remoteJid=chat, fromMe=True, status="DELIVERY_ACK")

    def tampered(self, posting: Posting) -> Posting:
        return replace(posting, headers={"Authorization": posting.headers["Authorization"][:-1]})

    def says(self, text: str) -> Posting:
        key = {"remoteJid": f"{PERSON[1:]}@s.whatsapp.net", "fromMe": False, "id": uuid4().hex}
        return self._event("messages.upsert", key=key, message={"conversation": text}, pushName="Ann")

    def _event(self, name: str, **data: object) -> Posting:
        sender = f"{self.number}@s.whatsapp.net"
        return self.signed({"event": name, "instance": self._instance, "data": data, "sender": sender})

    def signed(self, body: object) -> Posting:
        parts = {"alg": "HS256", "typ": "JWT"}, {"exp": int(time.time()) + 600, "app": "evolution"}
        token = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        signature = urlsafe_b64encode(hmac.digest(self.secret.encode(), token.encode(), "sha256")).decode().rstrip("=")
        return Posting(self.hooks, json.dumps(body).encode(), {"Authorization": f"Bearer {token}.{signature}"})


class Waha(WhatsApp):
    """Has no place for a reference of ours."""

    TYPE = "waha"

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self._session = f"shop-{uuid4().hex}"

    @property
    def config(self):
        return {"session": self._session, "api_key": "waha", "hmac_key": self.secret}

    def answer(self, request: Request) -> bytes:
        return answer(201, json.dumps({"id": f"true_{PERSON[1:]}@c.us_{self.id}"}).encode())

    def told(self, request: Request) -> Told:
        return Told("", self.id)

    def delivered(self, told: Told) -> Posting:
        chat = f"{told.to[1:]}@c.us"
        return self._event("message.ack", {"id": f"true_{chat}_{told.id}", "from": chat, "fromMe": True, "ack": 2})

    def says(self, text: str) -> Posting:
        people = {"from": f"{PERSON[1:]}@c.us", "fromMe": False, "to": f"{self.number}@c.us"}
        return self._event("message", {"id": f"false_{PERSON[1:]}@c.us_{uuid4().hex}", "body": text, **people})

    def _event(self, name: str, payload: dict[str, object]) -> Posting:
        now = int(time.time() * 1000)
        return self.signed({"event": name, "session": self._session, "payload": payload, "timestamp": now})

    def signed(self, body: object) -> Posting:
        raw = json.dumps(body).encode()
        headers = {
            "X-Webhook-Request-Id": uuid4().hex,
            "X-Webhook-Timestamp": str(int(time.time() * 1000)),
            "X-Webhook-Hmac": hmac.digest(self.secret.encode(), raw, "sha512").hex(),
            "X-Webhook-Hmac-Algorithm": "sha512",
        }
        return Posting(self.hooks, raw, headers)
