"""Webhooks that the app "SMS Gateway for Android" posts: received messages, and pings."""

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from phones.device import Device
from phones.doors.smsgate_bodies import shown_time
from phones.messages import Inbound


class Webhooks:
    """Signed posts to the addresses that the server wants them at; events that it has no address for are left out."""

    def __init__(self, device: Device, device_id: Callable[[], str]) -> None:
        self._device = device
        self._device_id = device_id
        """How the server calls the phone: another registration may change it."""
        self.addresses: Mapping[str, tuple[str, str]] = {}
        """By event: the webhook's id, and its address."""
        self.signing_key = ""

    async def received(self, inbound: Inbound) -> None:
        """Hand on a message that the phone received."""
        cards = {card.slot: card.number for card in self._device.profile.cards}
        payload = {
            "messageId": inbound.id,
            "sender": inbound.number,
            "recipient": cards.get(inbound.slot),
            "simNumber": inbound.slot + 1,
            "phoneNumber": inbound.number,
            "message": inbound.body,
            "receivedAt": shown_time(inbound.at),
        }
        await self._post("sms:received", inbound.id, payload)

    async def ping(self) -> None:
        """Say that the phone is alive, and how it is."""
        faults = self._device.faults
        checks = {
            "battery:level": {"observedValue": faults.battery, "observedUnit": "percent", "status": "pass"},
            "battery:charging": {"observedValue": 1 if faults.is_charging else 0, "status": "pass"},
            "connection:status": {"observedValue": 1, "status": "pass"},
        }
        await self._post("system:ping", str(uuid4()), {"health": {"status": "pass", "checks": checks}})

    async def _post(self, event: str, name: str, payload: Mapping[str, Any]) -> None:
        """Post an event; ``name`` is the same at each repeat."""
        if event not in self.addresses:
            return
        webhook, url = self.addresses[event]
        body = {"id": name, "webhookId": webhook, "event": event, "deviceId": self._device_id(), "payload": payload}
        content = json.dumps(body).encode()
        at = str(int(self._device.now().timestamp()))
        signature = hmac.new(self.signing_key.encode(), content + at.encode(), "sha256").hexdigest()
        headers = {"Content-Type": "application/json", "X-Signature": signature, "X-Timestamp": at}
        await self._device.network.request("POST", url, content=content, headers=headers)
