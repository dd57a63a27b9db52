"""A double of the server for phones, on a real socket: both protocols, in memory."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from tests.stack import free_socket

TOKEN = "ATKN-of-this-test"
CODE = "abc234"
SMSGATE = "/api/gateway/sms/android/smsgate"
_ENDED = {"delivered", "failed", "cancelled", "Delivered", "Failed", "Cancelled"}


class PhoneServer:
    """What it was told, and what it is to say."""

    def __init__(self) -> None:
        self.url = ""
        self.secrets = {TOKEN, CODE}
        """What pairs a phone; codes work once."""
        self.sessions: set[str] = set()
        self.introductions: list[dict[str, Any]] = []
        self.waiting: dict[str, dict[str, Any]] = {}
        """Messages that every poll offers, until they have ended."""
        self.reports: list[dict[str, Any]] = []
        """Rows of door one, or states of the app."""
        self.cancel: list[str] = []
        """What answers to reports say."""
        self.health: dict[str, Any] = {}
        self.inbound: list[dict[str, Any]] = []
        self.signatures: list[tuple[bytes, str, str]] = []
        """Bodies of webhooks, with their times and signatures."""
        self.settings: dict[str, Any] = {"gateway": {"notification_channel": "SSE_ONLY"}}
        self.orders: list[str] = []
        """In which the app wanted its messages."""
        self.polls = 0
        self.streams = 0
        """How often events were asked for."""
        self.broken: Callable[[str], int | None] = lambda path: None
        """A status for requests that are to fail."""
        self.events: asyncio.Queue[str | None] = asyncio.Queue()
        """``None`` ends the stream."""
        self._changed = asyncio.Condition()

    async def offer(self, body: str = "hi", **more: Any) -> str:
        """A message of door one waits. Returns its uid."""
        uid = str(uuid4())
        row = {
            "uid": uid,
            "sim_uid": "sim-1",
            "number": "+14155550123",
            "body": body,
            "parts": 1,
            "encoding": "gsm7",
            "valid_until": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
            "attempt": 1,
            "lease_until": None,
            "cancel": False,
        }
        await self.put(uid, row | more)
        return uid

    async def enqueue(self, body: str = "hi", **more: Any) -> str:
        """A message of the app waits, and it is told so. Returns its id."""
        uid = str(uuid4())
        row = {
            "id": uid,
            "textMessage": {"text": body},
            "phoneNumbers": ["+14155550123"],
            "simNumber": 1,
            "withDeliveryReport": True,
            "validUntil": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
            "priority": 0,
            "state": "Pending",
            "createdAt": datetime.now(UTC).isoformat(),
        }
        await self.put(uid, row | more)
        self.send_event("MessageEnqueued")
        return uid

    def send_event(self, name: str, data: object = None) -> None:
        self.events.put_nowait(f"event: {name}\ndata: {json.dumps(data)}\n\n")

    async def happens(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    async def reaches(self, uid: str, status: str) -> None:
        """Wait until a message was reported so."""
        await self.happens(lambda: status in self.statuses(uid))

    def statuses(self, uid: str) -> list[str]:
        """All that was reported of a message."""
        return [row.get("status") or row["state"] for row in self.reports if row.get("uid", row.get("id")) == uid]

    def counts(self) -> Counter[str]:
        """How many messages ended in which way."""
        last = {row.get("uid") or row["id"]: row.get("status") or row["state"] for row in self.reports}
        return Counter(last.values())

    async def note(self) -> None:
        """Wake those who wait for a condition."""
        async with self._changed:
            self._changed.notify_all()

    async def put(self, uid: str, row: dict[str, Any]) -> None:
        self.waiting[uid] = row
        await self.note()

    def _pair(self, secret: str) -> str | None:
        if secret not in self.secrets:
            return None
        self.secrets -= {CODE} & {secret}
        self.sessions.add(token := f"xsd_{uuid4().hex}")
        return token

    def app(self) -> FastAPI:
        """Its routes."""
        app = FastAPI()

        @app.middleware("http")
        async def check(request: Request, proceed: Any) -> Response:
            status = self.broken(request.url.path)
            if status is not None:
                return Response(status_code=status)
            first = (request.method, request.url.path.removeprefix(SMSGATE)) in _WITHOUT_SESSION
            if not first and "/in/" not in request.url.path and not self._knows(request):
                return Response(status_code=401)
            return await proceed(request)

        self._add_door_one(app)
        self._add_smsgate(app)
        return app

    def _knows(self, request: Request) -> bool:
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in self.sessions

    def _add_door_one(self, app: FastAPI) -> None:
        @app.post("/api/gateway/sms/android/register-session")
        async def register(request: Request) -> Response:
            body = await request.json()
            self.introductions.append(body)
            if (token := self._pair(body["pairing_token"])) is None:
                return Response(status_code=401)
            sims = [{"uid": f"sim-{sim['slot'] + 1}", "slot": sim["slot"]} for sim in body["sims"]]
            await self.note()
            return JSONResponse(
                {"success": True, "data": {"session_token": token, "gateway_uid": "gateway", "sims": sims}}
            )

        @app.get("/api/logs/sms/pending")
        async def pending() -> dict[str, Any]:
            self.polls += 1
            await self.note()
            with suppress(TimeoutError):
                await self.happens(lambda: self.waiting, 0.2)
            return {"success": True, "data": list(self.waiting.values()), "poll_after": 0.02}

        @app.post("/api/logs/sms/update-statuses")
        async def update(request: Request) -> dict[str, Any]:
            body = await request.json()
            self.health = body["device"]
            await self._record(body["statuses"], "uid", "status")
            return {"success": True, "data": {"accepted": 0, "ignored": [], "cancel": self.cancel}}

        @app.post("/api/gateway/sms/android/inbound")
        async def inbound(request: Request) -> dict[str, Any]:
            self.inbound += (await request.json())["messages"]
            await self.note()
            return {"success": True}

    async def _record(self, rows: list[dict[str, Any]], name: str, status: str) -> None:
        self.reports += rows
        for row in rows:
            offered = self.waiting.get(row[name], {})
            if row[status] in _ENDED and offered.get("attempt") == row.get("attempt"):
                self.waiting.pop(row[name], None)
        await self.note()

    def _add_smsgate(self, app: FastAPI) -> None:
        @app.post(f"{SMSGATE}/device")
        async def register(request: Request) -> Response:
            self.introductions.append(await request.json())
            token = self._pair(request.headers["Authorization"].partition(" ")[2])
            await self.note()
            if token is None:
                return Response(status_code=401)
            return JSONResponse({"id": "device", "token": token, "login": "login"}, status_code=201)

        @app.patch(f"{SMSGATE}/device")
        async def known() -> Response:
            return Response(status_code=204)

        @app.get(f"{SMSGATE}/message")
        async def pull(order: str) -> list[dict[str, Any]]:
            self.orders.append(order)
            await self.note()
            return list(self.waiting.values())

        @app.patch(f"{SMSGATE}/message")
        async def report(request: Request) -> Response:
            await self._record(await request.json(), "id", "state")
            return Response(status_code=204)

        @app.get(f"{SMSGATE}/settings")
        async def settings() -> dict[str, Any]:
            return self.settings

        @app.get(f"{SMSGATE}/webhooks")
        async def webhooks() -> list[dict[str, str]]:
            url = f"{self.url}{SMSGATE}/in/secret"
            return [{"id": name, "url": url, "event": name} for name in ("sms:received", "system:ping")]

        @app.post(f"{SMSGATE}/in/secret")
        async def webhook(request: Request) -> Response:
            body = await request.body()
            self.signatures.append((body, request.headers["X-Timestamp"], request.headers["X-Signature"]))
            self.inbound.append(json.loads(body))
            await self.note()
            return Response(status_code=204)

        @app.get(f"{SMSGATE}/events")
        async def events() -> StreamingResponse:
            self.streams += 1
            await self.note()
            return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        yield ":keepalive\n\n"
        while (event := await self.events.get()) is not None:
            yield event


_WITHOUT_SESSION = {("POST", "/api/gateway/sms/android/register-session"), ("POST", "/device")}


@asynccontextmanager
async def serving(double: PhoneServer) -> AsyncIterator[PhoneServer]:
    """Serve it on a free port of the loopback."""
    listener = free_socket()
    config = uvicorn.Config(double.app(), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    double.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield double
    finally:
        double.events.put_nowait(None)
        server.should_exit = True
        await running
