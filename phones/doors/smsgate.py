"""The protocol of the app "SMS Gateway for Android" with a private server, as its versions of 2026 behave.

It pulls when the stream of events says so, when that stream opens, at each ping, and every 15 minutes. After a 401 it
registers anew.
"""

import asyncio
import base64
from collections.abc import Sequence
from typing import Any

import httpx

from phones.device import Device
from phones.doors.door import Tray
from phones.doors.events import ServerEvent, read_events
from phones.doors.smsgate_bodies import introduction, read_message, shown_state
from phones.doors.smsgate_settings import Settings, read_settings
from phones.doors.smsgate_webhooks import Webhooks
from phones.messages import Entry, Inbound
from phones.network import NoNetwork, Refused, SessionEnded
from phones.tasks import run_together
from phones.timings import wait_for

PATH = "/api/gateway/sms/android/smsgate"
"""What the user adds to the server's address in the app's settings."""


class SmsgateDoor:
    """See the module."""

    batch = 1
    """The app reports each message by itself."""

    def __init__(self, device: Device, tray: Tray) -> None:
        self._device = device
        self._tray = tray
        self._session: dict[str, Any] = {}
        self._settings = Settings()
        self._webhooks = Webhooks(device, lambda: str(self._session["id"]))
        self._pull_now = asyncio.Event()
        self._registering = asyncio.Lock()

    async def open(self) -> None:
        """As ``Door`` has it."""
        connection = self._device.connection
        self._session = self._device.app_data.session(connection.secret)
        if self._session:
            body = introduction(self._device)
            known = {"id": self._session["id"], "pushToken": None, "simCards": body["simCards"]}
            await self._request("PATCH", "/device", json=known)
        elif connection.code is not None:
            await self._register(f"Code {connection.code}", connection.code)
        elif connection.token is not None:
            await self._register(f"Bearer {connection.token}", connection.token)
        else:
            raise SessionEnded("the phone has neither a code nor a private token")
        await self._load_settings()
        await self._load_webhooks()

    async def receive(self) -> None:
        """As ``Door`` has it."""
        await run_together(self._pull_when_needed(), self._listen(), self._ping())

    async def report(self, entries: Sequence[Entry]) -> None:
        """As ``Door`` has it. Without messages nothing is said: the ping is this app's heartbeat."""
        if entries:
            await self._request("PATCH", "/message", json=[shown_state(entry) for entry in entries])

    async def forward(self, inbound: Inbound) -> None:
        """As ``Door`` has it."""
        await self._webhooks.received(inbound)

    async def _register(self, authorization: str, secret: str | None) -> None:
        """Register; ``secret`` is what pairs the phone, ``None`` after a 401."""
        device = self._device
        answer = await device.network.request("POST", "/device", authorization, json=introduction(device))
        given = answer.json()
        kept = {"password": self._session.get("password")} | given
        self._session = {name: kept.get(name) for name in ("id", "token", "login", "password")}
        device.app_data.save_session(secret, self._session)
        device.say("paired", device=given["id"])

    async def _register_anew(self, ended: str) -> None:
        """The session with this token has ended: get another one, once for all requests that saw it."""
        async with self._registering:
            if self._session["token"] != ended:
                return
            self._device.say("session ended")
            token = self._device.connection.token
            login = f"{self._session['login']}:{self._session['password'] or ''}"
            basic = f"Basic {base64.b64encode(login.encode()).decode()}"
            await self._register(basic if token is None else f"Bearer {token}", None)

    async def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        token = self._session["token"]
        try:
            return await self._device.network.request(method, path, f"Bearer {token}", **more)
        except SessionEnded:
            await self._register_anew(token)
        return await self._device.network.request(method, path, f"Bearer {self._session['token']}", **more)

    async def _load_settings(self) -> None:
        answer = await self._request("GET", "/settings")
        self._settings = read_settings(answer.json(), self._device.limits)
        self._webhooks.signing_key = self._settings.signing_key
        self._device.say("settings", channel=self._settings.channel, is_fifo=self._device.limits.is_fifo)

    async def _load_webhooks(self) -> None:
        answer = await self._request("GET", "/webhooks")
        self._webhooks.addresses = {hook["event"]: (hook["id"], hook["url"]) for hook in answer.json()}

    async def _pull_when_needed(self) -> None:
        while True:
            await wait_for(self._pull_now, self._device.timings.scale * self._device.timings.pull)
            try:
                await self._pull()
            except (NoNetwork, Refused) as error:
                self._device.say("pull failed", error=str(error))

    async def _pull(self) -> None:
        order = "fifo" if self._device.limits.is_fifo else "lifo"
        answer = await self._request("GET", "/message", params={"order": order})
        for row in answer.json():
            message = read_message(row, self._device.now())
            if row["state"] == "Cancelling":
                self._tray.take_back(message)
            else:
                self._tray.offer(message)

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                await self._request_stream()
                failures = 0
            except (NoNetwork, Refused) as error:
                failures += 1
                self._device.say("stream failed", error=str(error))
            await asyncio.sleep(self._device.timings.reconnect_after(max(failures, 1)))

    async def _request_stream(self) -> None:
        """Follow the events until their stream ends; one that was opened may end as it likes."""
        token = self._session["token"]
        try:
            async with self._device.network.stream("/events", f"Bearer {token}") as lines:
                self._device.say("listening")
                self._pull_now.set()
                async for event in read_events(lines):
                    await self._act_on(event)
        except SessionEnded:
            await self._register_anew(token)

    async def _act_on(self, event: ServerEvent) -> None:
        match event.name:
            case "MessageEnqueued":
                self._pull_now.set()
            case "MessageCancelled":
                self._tray.cancel(event.data["messageId"])
            case "SettingsUpdated":
                await self._load_settings()
            case "WebhooksUpdated":
                await self._load_webhooks()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._settings.ping)
            self._pull_now.set()
            try:
                await self._webhooks.ping()
            except (NoNetwork, Refused, SessionEnded) as error:
                self._device.say("ping failed", error=str(error))
