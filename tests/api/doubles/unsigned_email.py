"""Providers of email that sign nothing: they bring a secret instead, each in the place that it offers."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from gateways.conformance.fake_provider import Request, answer
from tests.api.doubles.double import Double, Posting, Told, basic
from tests.api.doubles.email import SHOP


class Unsigned(Double):
    """Brings its secret as the password of Basic authorization."""

    CHANNEL = "email"

    def headers(self) -> dict[str, str]:
        return basic(self.secret)

    def brought(self, event: object) -> Posting:
        return Posting(self.hooks, json.dumps(event).encode(), self.headers())

    def tampered(self, posting: Posting) -> Posting:
        return replace(posting, headers=basic(self.secret + "x"))

    def nonsense(self) -> Posting:
        return self.brought("nonsense")


class Postmark(Unsigned):
    TYPE = "postmark"
    UNREADABLE = 403

    @property
    def config(self):
        return {"server_token": "tok", "from_address": SHOP, "webhook_secret": self.secret}

    def answer(self, request: Request) -> bytes:
        taken = {"To": "x", "SubmittedAt": "x", "MessageID": self.id, "ErrorCode": 0, "Message": "OK"}
        return answer(200, json.dumps(taken).encode())

    def told(self, request: Request) -> Told:
        mail = json.loads(request.body)
        return Told(mail["Metadata"]["uid"], self.id, mail["To"])

    def delivered(self, told: Told) -> Posting:
        event = {"RecordType": "Delivery", "MessageID": told.id, "Recipient": told.to, "Details": "250 ok"}
        now = datetime.now(UTC).isoformat()
        return self.brought(event | {"DeliveredAt": now, "Metadata": {"uid": told.reference}})


class Brevo(Unsigned):
    """Brings its secret as the webhook's token."""

    TYPE = "brevo"
    UNREADABLE = 200
    BUSY = 429

    @property
    def config(self):
        return {"api_key": "xkeysib-1", "from_address": SHOP, "webhook_secret": self.secret}

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    def answer(self, request: Request) -> bytes:
        return answer(201, json.dumps({"messageId": f"<{self.id}@smtp-relay.mailin.fr>"}).encode())

    def told(self, request: Request) -> Told:
        mail = json.loads(request.body)
        return Told(mail["headers"]["X-Mailin-custom"], f"<{self.id}@smtp-relay.mailin.fr>", mail["to"][0]["email"])

    def delivered(self, told: Told) -> Posting:
        event = {"event": "delivered", "email": told.to, "id": 1, "date": "2026-01-01 00:00:00"}
        more = {"message-id": told.id, "ts_epoch": int(time.time() * 1000), "X-Mailin-custom": told.reference}
        return self.brought(event | more)


class Mailjet(Unsigned):
    TYPE = "mailjet"

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.id = str(uuid4().int >> 66)

    @property
    def config(self):
        return {"api_key": "pub", "secret_key": "prv", "from_address": SHOP, "webhook_secret": self.secret}

    def answer(self, request: Request) -> bytes:
        to = {"Email": "x", "MessageUUID": uuid4().hex, "MessageID": int(self.id), "MessageHref": "x"}
        return answer(200, json.dumps({"Messages": [{"Status": "success", "To": [to]}]}).encode())

    def told(self, request: Request) -> Told:
        (mail,) = json.loads(request.body)["Messages"]
        return Told(mail["CustomID"], self.id, mail["To"][0]["Email"])

    def delivered(self, told: Told) -> Posting:
        event = {"event": "sent", "time": int(time.time()), "MessageID": int(told.id) if told.id.isdigit() else 0}
        return self.brought([event | {"email": told.to, "CustomID": told.reference}])


class SparkPost(Unsigned):
    TYPE = "sparkpost"

    @property
    def config(self):
        return {"api_key": "key", "from_address": SHOP, "webhook_secret": self.secret}

    def answer(self, request: Request) -> bytes:
        results = {"id": self.id, "total_accepted_recipients": 1, "total_rejected_recipients": 0}
        return answer(200, json.dumps({"results": results}).encode())

    def told(self, request: Request) -> Told:
        (recipient,) = json.loads(request.body)["recipients"]
        return Told(recipient["metadata"]["uid"], self.id, recipient["address"]["email"])

    def delivered(self, told: Told) -> Posting:
        event = {"type": "delivery", "event_id": str(uuid4().int), "timestamp": str(int(time.time()))}
        whose = {"transmission_id": told.id, "raw_rcpt_to": told.to, "rcpt_meta": {"uid": told.reference}}
        return self.brought([{"msys": {"message_event": event | whose}}])
