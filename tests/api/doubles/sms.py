"""Providers of SMS."""

import hmac
import json
import time
from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from random import randrange
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from uuid import uuid4

from gateways.conformance.fake_provider import Request, answer
from tests.api.doubles.double import PERSON, Double, Posting, Told

TWIML = (200, "text/xml", b"<Response/>")


class Sms(Double):
    """An account with a number."""

    CHANNEL = "sms"
    HEARS = True

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.number = f"+1500{randrange(10**7):07}"

    def tampered(self, posting: Posting) -> Posting:
        """By default the event says something else."""
        changed = posting.url.replace("=delivered", "=failed"), posting.body.replace(b"=delivered", b"=failed")
        return replace(posting, url=changed[0], body=changed[1])


class Twilio(Sms):
    TYPE = "twilio"
    ACCEPTED = TWIML

    @property
    def config(self):
        account = {"account_sid": "AC0123", "auth_token": self.secret}
        return account | {"from_number": self.number, "status_callback": self.hooks}

    def answer(self, request: Request) -> bytes:
        taken = {"sid": self.id, "status": "queued", "num_segments": "1", "error_code": None}
        return answer(201, json.dumps(taken).encode())

    def told(self, request: Request) -> Told:
        (address,) = parse_qs(request.body.decode())["StatusCallback"]
        return Told("", self.id, address=address)

    def delivered(self, told: Told) -> Posting:
        status = {"MessageSid": told.id, "SmsSid": told.id, "MessageStatus": "delivered", "SmsStatus": "delivered"}
        return self.signed(told.address, status | {"To": told.to, "From": self.number})

    def nonsense(self) -> Posting:
        return self.signed(self.hooks, {"MessageStatus": "delivered"})

    def says(self, text: str) -> Posting:
        identity = f"SM{uuid4().hex}"
        form = {"MessageSid": identity, "SmsSid": identity, "SmsStatus": "received", "Body": text}
        media = {"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/media", "MediaContentType0": "image/png"}
        return self.signed(self.hooks, form | media | {"From": PERSON, "To": self.number})

    def signed(self, url: str, form: dict[str, str]) -> Posting:
        what = url + "".join(name + form[name] for name in sorted(form))
        signature = b64encode(hmac.digest(self.secret.encode(), what.encode(), "sha1")).decode()
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        return Posting(url, urlencode(form).encode(), headers)


class Vonage(Sms):
    """By GET where it reports, by a form where people write: both are settings of the account."""

    TYPE = "vonage"

    @property
    def config(self):
        account = {"api_key": "abcd", "api_secret": "pst", "signature_secret": self.secret}
        return account | {"from_number": self.number, "status_callback": self.hooks}

    def answer(self, request: Request) -> bytes:
        part = {"to": PERSON[1:], "message-id": self.id, "status": "0"}
        return answer(200, json.dumps({"message-count": "1", "messages": [part]}).encode())

    def told(self, request: Request) -> Told:
        form = parse_qs(request.body.decode())
        return Told(form["client-ref"][0], self.id, address=form["callback"][0])

    def delivered(self, told: Told) -> Posting:
        status = {"messageId": told.id, "status": "delivered", "err-code": "0", "client-ref": told.reference}
        query = self.signed(status | {"msisdn": told.to[1:], "to": self.number[1:]})
        return Posting(f"{told.address}?{query}", method="GET")

    def nonsense(self) -> Posting:
        return Posting(f"{self.hooks}?{self.signed({'status': 'delivered'})}", method="GET")

    def says(self, text: str) -> Posting:
        form = self.signed({"messageId": uuid4().hex, "msisdn": PERSON[1:], "to": self.number[1:], "text": text})
        return Posting(self.hooks, form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})

    def signed(self, fields: dict[str, str]) -> str:
        fields = fields | {"timestamp": str(int(time.time())), "nonce": uuid4().hex}
        what = "".join(f"&{name}={fields[name]}" for name in sorted(fields))
        return urlencode(fields | {"sig": hmac.digest(self.secret.encode(), what.encode(), "sha256").hex()})


class Infobip(Sms):
    """Its subscription brings a secret in the address."""

    TYPE = "infobip"

    @property
    def config(self):
        return {"api_key": "key", "from_number": self.number, "webhook_secret": self.secret}

    def answer(self, request: Request) -> bytes:
        status = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED", "description": "x"}
        taken = {"messageId": self.id, "destination": PERSON[1:], "status": status}
        return answer(200, json.dumps({"bulkId": "b", "messages": [taken]}).encode())

    def told(self, request: Request) -> Told:
        (message,) = json.loads(request.body)["messages"]
        return Told(message["webhooks"]["callbackData"], self.id)

    def delivered(self, told: Told) -> Posting:
        status = {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET", "description": "x"}
        fine = {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "description": "x", "permanent": False}
        times = dict.fromkeys(("sentAt", "doneAt"), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"))
        report = {"bulkId": "b", "messageId": told.id, "to": told.to[1:], "status": status, "error": fine}
        return self.brought([report | times | {"callbackData": told.reference}])

    def tampered(self, posting: Posting) -> Posting:
        return replace(posting, url=posting.url + "x")

    def nonsense(self) -> Posting:
        return self.brought("nonsense")

    def says(self, text: str) -> Posting:
        said = {"messageId": uuid4().hex, "from": PERSON[1:], "to": self.number[1:], "text": text, "cleanText": text}
        return self.brought([said | {"receivedAt": datetime.now(UTC).isoformat()}])

    def brought(self, results: object) -> Posting:
        return Posting(f"{self.hooks}?secret={self.secret}", json.dumps({"results": results}).encode())


class Plivo(Sms):
    TYPE = "plivo"
    ACCEPTED = TWIML

    @property
    def config(self):
        account = {"auth_id": "MA0123", "auth_token": self.secret}
        return account | {"from_number": self.number, "status_callback": self.hooks}

    def answer(self, request: Request) -> bytes:
        taken = {"api_id": "a", "message": "message(s) queued", "message_uuid": [self.id]}
        return answer(202, json.dumps(taken).encode())

    def told(self, request: Request) -> Told:
        message = json.loads(request.body)
        assert message["method"] == "POST"
        return Told("", self.id, address=message["url"])

    def delivered(self, told: Told) -> Posting:
        status = {"MessageUUID": told.id, "Status": "delivered", "ErrorCode": "000", "Type": "sms"}
        return self.signed(told.address, status | {"To": told.to[1:], "From": self.number[1:]})

    def nonsense(self) -> Posting:
        return self.signed(self.hooks, {"Status": "delivered"})

    def says(self, text: str) -> Posting:
        form = {"MessageUUID": uuid4().hex, "From": PERSON[1:], "To": self.number[1:], "Type": "sms", "Text": text}
        return self.signed(self.hooks, form)

    def signed(self, url: str, form: dict[str, str]) -> Posting:
        address, _, query = url.partition("?")
        query = "&".join(f"{name}={value}" for name, value in sorted(parse_qsl(query)))
        what = f"{address}?{query}{'.' if query else ''}" + "".join(name + form[name] for name in sorted(form))
        nonce = uuid4().hex
        signature = b64encode(hmac.digest(self.secret.encode(), f"{what}.{nonce}".encode(), "sha256")).decode()
        headers = {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": nonce}
        return Posting(url, urlencode(form).encode(), headers)


class MessageBird(Sms):
    TYPE = "messagebird"
    HEARS = False

    @property
    def config(self):
        account = {"access_key": "key", "signing_key": self.secret}
        return account | {"from_number": self.number, "status_callback": self.hooks}

    def answer(self, request: Request) -> bytes:
        return answer(201, json.dumps({"id": self.id, "reference": "x", "recipients": {"items": []}}).encode())

    def told(self, request: Request) -> Told:
        message = json.loads(request.body)
        return Told(message["reference"], self.id, address=message["reportUrl"])

    def delivered(self, told: Told) -> Posting:
        status = {"id": told.id, "reference": told.reference, "recipient": told.to[1:], "status": "delivered"}
        return self.signed(told.address, status | {"statusDatetime": datetime.now(UTC).isoformat()})

    def nonsense(self) -> Posting:
        return self.signed(self.hooks, {"status": "delivered"})

    def signed(self, address: str, query: dict[str, str]) -> Posting:
        url, now = f"{address}?{urlencode(query)}", int(time.time())
        assert not urlsplit(address).query
        claims = {"iss": "MessageBird", "nbf": now, "exp": now + 60, "jti": uuid4().hex}
        parts = {"alg": "HS256", "typ": "JWT"}, claims | {"url_hash": sha256(url.encode()).hexdigest()}
        token = ".".join(_url_safe(json.dumps(part).encode()) for part in parts)
        signature = _url_safe(hmac.digest(self.secret.encode(), token.encode(), "sha256"))
        return Posting(url, headers={"MessageBird-Signature-JWT": f"{token}.{signature}"}, method="GET")


class SmsGate(Sms):
    """Phones that post themselves."""

    TYPE = "smsgate"

    @property
    def config(self):
        return {"username": "shop", "password": "pass", "signing_key": self.secret}

    def answer(self, request: Request) -> bytes:
        queued = {"id": json.loads(request.body)["id"], "deviceId": "phone-1", "state": "Pending", "recipients": []}
        return answer(202, json.dumps(queued).encode())

    def told(self, request: Request) -> Told:
        identity = json.loads(request.body)["id"]
        return Told(identity, identity)

    def delivered(self, told: Told) -> Posting:
        at = datetime.now(UTC).isoformat()
        return self.posted("sms:delivered", {"messageId": told.id, "phoneNumber": told.to, "deliveredAt": at})

    def tampered(self, posting: Posting) -> Posting:
        return replace(posting, body=posting.body.replace(b"sms:delivered", b"sms:failed"))

    def nonsense(self) -> Posting:
        return self.posted("sms:delivered", {})

    def says(self, text: str) -> Posting:
        said = {"messageId": uuid4().hex[:8], "sender": PERSON, "recipient": self.number, "message": text}
        return self.posted("sms:received", said | {"receivedAt": datetime.now(UTC).isoformat()})

    def posted(self, event: str, payload: dict[str, object]) -> Posting:
        event_of = {"id": uuid4().hex, "webhookId": "hook-1", "deviceId": "phone-1", "event": event}
        body, stamp = json.dumps(event_of | {"payload": payload}).encode(), str(int(time.time()))
        signature = hmac.digest(self.secret.encode(), body + stamp.encode(), "sha256").hex()
        return Posting(self.hooks, body, {"X-Signature": signature, "X-Timestamp": stamp})


def _url_safe(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
