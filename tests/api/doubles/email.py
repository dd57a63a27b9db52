"""Providers of email that sign what they post, by schemes of their own."""

import hmac
import json
import time
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_bytes, token_hex
from urllib.parse import parse_qs
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateways.conformance.fake_provider import Request, answer
from tests.api.doubles.double import Double, Posting, Told
from tests.gateways.sns_signer import signed

SHOP = "shop@example.org"


class SendGrid(Double):
    TYPE, CHANNEL = "sendgrid", "email"

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def config(self):
        spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {"api_key": "SG.x", "from_address": SHOP, "webhook_public_key": b64encode(spki).decode()}

    def answer(self, request: Request) -> bytes:
        return answer(202, X_Message_Id=self.id)

    def told(self, request: Request) -> Told:
        (person,) = json.loads(request.body)["personalizations"]
        return Told(person["custom_args"]["uid"], self.id, person["to"][0]["email"])

    def delivered(self, told: Told) -> Posting:
        event = {"event": "delivered", "email": told.to, "timestamp": int(time.time()), "uid": told.reference}
        return self.signed([event | {"sg_event_id": uuid4().hex, "sg_message_id": f"{told.id}.filter-1"}])

    def tampered(self, posting: Posting) -> Posting:
        return replace(posting, body=posting.body.replace(b"delivered", b"deferred!"))

    def nonsense(self) -> Posting:
        return self.signed("nonsense")

    def signed(self, events: object) -> Posting:
        body, stamp = json.dumps(events, ensure_ascii=False).encode() + b"\r\n", str(int(time.time()))
        signature = self._key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
        return Posting(self.hooks, body, headers)


class Mailgun(Double):
    TYPE, CHANNEL = "mailgun", "email"
    UNREADABLE = 406

    @property
    def config(self):
        return {
            "api_key": "key-1",
            "domain": "mg.example.org",
            "from_address": SHOP,
            "webhook_signing_key": self.secret,
        }

    def answer(self, request: Request) -> bytes:
        taken = {"id": f"<{self.id}@mg.example.org>", "message": "Queued. Thank you."}
        return answer(200, json.dumps(taken).encode())

    def told(self, request: Request) -> Told:
        form = parse_qs(request.body.decode())
        return Told(form["v:uid"][0], f"{self.id}@mg.example.org", form["to"][0])

    def delivered(self, told: Told) -> Posting:
        return self.signed(
            {
                "event-data": {
                    "event": "delivered",
                    "id": uuid4().hex,
                    "timestamp": time.time(),
                    "recipient": told.to,
                    "user-variables": {"uid": told.reference},
                    "message": {"headers": {"message-id": told.id, "to": told.to}},
                    "delivery-status": {"code": 250, "message": "OK"},
                }
            }
        )

    def tampered(self, posting: Posting) -> Posting:
        body = json.loads(posting.body)
        body["signature"]["token"] = token_hex(25)
        return replace(posting, body=json.dumps(body).encode())

    def nonsense(self) -> Posting:
        return self.signed({"event-data": "nonsense"})

    def signed(self, fields: dict) -> Posting:
        stamp, token = str(int(time.time())), token_hex(25)
        signature = hmac.digest(self.secret.encode(), f"{stamp}{token}".encode(), "sha256").hex()
        signature = {"timestamp": stamp, "token": token, "signature": signature}
        return Posting(self.hooks, json.dumps({"signature": signature, **fields}).encode())


class Resend(Double):
    TYPE, CHANNEL = "resend", "email"

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self._key = token_bytes(24)

    @property
    def config(self):
        return {
            "api_key": "re_x",
            "from_address": SHOP,
            "webhook_secret": "whsec_" + b64encode(self._key).decode(),
        }

    def answer(self, request: Request) -> bytes:
        return answer(200, json.dumps({"id": self.id}).encode())

    def told(self, request: Request) -> Told:
        mail = json.loads(request.body)
        return Told(next(tag["value"] for tag in mail["tags"] if tag["name"] == "uid"), self.id, mail["to"][0])

    def delivered(self, told: Told) -> Posting:
        now = datetime.now(UTC).isoformat()
        data = {"email_id": told.id, "created_at": now, "to": [told.to], "tags": {"uid": told.reference}}
        return self.signed({"type": "email.delivered", "created_at": now, "data": data})

    def tampered(self, posting: Posting) -> Posting:
        return replace(posting, body=posting.body.replace(b"delivered", b"opened!!!"))

    def nonsense(self) -> Posting:
        return self.signed(["nonsense"])

    def signed(self, event: object) -> Posting:
        body, identity, stamp = json.dumps(event).encode(), f"msg_{uuid4().hex}", str(int(time.time()))
        signature = hmac.digest(self._key, f"{identity}.{stamp}.".encode() + body, "sha256")
        headers = {
            "svix-id": identity,
            "svix-timestamp": stamp,
            "svix-signature": f"v1,{b64encode(signature).decode()}",
        }
        return Posting(self.hooks, body, headers)


class Ses(Double):
    """Events by SNS. What is signed always is a message, and words that are no event are SES's trials of the topic."""

    TYPE, CHANNEL = "ses", "email"
    UNREADABLE = 200

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self._topic = f"arn:aws:sns:eu-west-1:123456789012:events-{uuid4().hex}"

    @property
    def config(self):
        return {
            "access_key_id": "AKIDEXAMPLE",
            "secret_access_key": "key",
            "region": "eu-west-1",
            "from_address": SHOP,
            "configuration_set": "events",
            "topic_arn": self._topic,
        }

    def answer(self, request: Request) -> bytes:
        return answer(200, json.dumps({"MessageId": self.id}).encode())

    def told(self, request: Request) -> Told:
        mail = json.loads(request.body)
        (tag,) = mail["EmailTags"]
        assert tag["Name"] == "uid"
        return Told(tag["Value"], self.id, mail["Destination"]["ToAddresses"][0])

    def delivered(self, told: Told) -> Posting:
        mail = {"messageId": told.id, "destination": [told.to], "tags": {"uid": [told.reference]}}
        delivery = {"timestamp": datetime.now(UTC).isoformat(), "recipients": [told.to]}
        return self.signed(json.dumps({"eventType": "Delivery", "mail": mail, "delivery": delivery}))

    def tampered(self, posting: Posting) -> Posting:
        return replace(posting, body=posting.body.replace(b"Delivery", b"Reject!!"))

    def nonsense(self) -> Posting:
        return self.signed("nonsense")

    def signed(self, text: str) -> Posting:
        identity, now = str(uuid4()), datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = signed("2", Message=text, MessageId=identity, TopicArn=self._topic, Timestamp=now)
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "x-amz-sns-message-type": "Notification",
            "x-amz-sns-message-id": identity,
        }
        return Posting(self.hooks, json.dumps(message).encode(), headers)
