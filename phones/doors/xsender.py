"""xsender's own protocol: a session by a pairing token, long-polls, reports with the heartbeat."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

from phones.device import Device
from phones.doors.door import Tray
from phones.doors.xsender_bodies import health, introduction, read_message, report_rows, shown_inbound
from phones.messages import Entry, Inbound
from phones.network import NoNetwork, Refused, SessionEnded

_ANDROID = "/api/gateway/sms/android"
_LOGS = "/api/logs/sms"
_LIMIT = 50
_WAIT = 25
"""Seconds that a poll may take: proxies cut at 30."""


class XsenderDoor:
    """See the module."""

    batch = 50

    def __init__(self, device: Device, tray: Tray) -> None:
        self._device = device
        self._tray = tray
        self._token = ""
        self._slots: dict[str, int] = {}
        """Of SIMs, by the server's names for them."""

    async def open(self) -> None:
        """As ``Door`` has it."""
        device = self._device
        secret = device.connection.secret
        session = device.app_data.session(secret)
        if not session:
            if secret is None:
                raise SessionEnded("the phone has no pairing token")
            body = introduction(device, secret)
            answer = await device.network.request("POST", f"{_ANDROID}/register-session", json=body)
            data = answer.json()["data"]
            session = {"token": data["session_token"], "sims": {sim["uid"]: sim["slot"] for sim in data["sims"]}}
            device.app_data.save_session(secret, session)
            device.say("paired", gateway=data["gateway_uid"], sims=sorted(session["sims"]))
        self._token = session["token"]
        self._slots = session["sims"]

    async def receive(self) -> None:
        """As ``Door`` has it."""
        failures = 0
        while True:
            try:
                wait = await self._poll()
                failures = 0
            except (NoNetwork, Refused) as error:
                failures += 1
                wait = self._device.timings.backoff(failures)
                if isinstance(error, Refused):
                    wait = max(wait, error.retry_after)
                self._device.say("poll failed", error=str(error))
            await asyncio.sleep(wait)

    async def _poll(self) -> float:
        """Ask once for messages. Returns the seconds until the next time."""
        answer = await self._request("GET", f"{_LOGS}/pending", params={"limit": _LIMIT, "wait": _WAIT})
        body = answer.json()
        for row in body["data"]:
            message = read_message(row, self._slots, self._device.now())
            if row["cancel"]:
                self._tray.take_back(message)
            else:
                self._tray.offer(message)
        return float(body["poll_after"])

    async def report(self, entries: Sequence[Entry]) -> None:
        """As ``Door`` has it."""
        rows = [row for entry in entries for row in report_rows(entry)]
        body = {"statuses": rows, "device": health(self._device)}
        answer = await self._request("POST", f"{_LOGS}/update-statuses", json=body)
        data = answer.json()["data"]
        if data["ignored"]:
            self._device.say("ignored", uids=data["ignored"])
        for uid in data["cancel"]:
            self._tray.cancel(uid)

    async def forward(self, inbound: Inbound) -> None:
        """As ``Door`` has it."""
        await self._request("POST", f"{_ANDROID}/inbound", json=shown_inbound(inbound, self._slots))

    async def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self._device.network.request(method, path, f"Bearer {self._token}", **more)
