"""Receipts that a provider posts one by one, beside the floor workflow, and what they do to one-contact sends."""

import hmac
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from bench.bare import FLOOR_WORKFLOW, run_floor_workflow
from bench.figure import Figure
from bench.install import Install
from bench.load import Run, Spread, alternate, in_turn, rate, run_in_flight
from bench.record import states, until_settled
from bench.steady import LONGEST, beside, steady_sends
from bench.tenant import Tenant, contact, new_tenant
from bench.waiting import until
from domain.ids import PAGE_SIZE

_POSTS = 2_000
_FLOORS = 300
_CONNECTIONS = 64
_PATH = "/api/webhook/sms/twilio"
_TOKEN = "secret"
_PER_SECOND = 10
_IDLE_SECONDS = 10.0
_WITHIN = 60.0

_Post = tuple[str, bytes, str]
"""Path, body and signature."""


@dataclass(frozen=True)
class _Applied:
    answered: Run
    per_second: float
    """From the first post to the last message that is ``delivered``."""


class Provider:
    """Twilio: one receipt a post, a form that is signed."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._base = f"http://127.0.0.1:{tenant.install.settings.api_port}"
        self._sent = 0

    async def reports(self, count: int) -> list[_Post]:
        """What the provider has to post of so many messages, once it has taken them: each was delivered."""
        uids: list[UUID] = []
        while len(uids) < count:
            uids += (await self._tenant.send([contact() for _ in range(min(PAGE_SIZE, count - len(uids)))])).uids
        self._sent += count
        await until_settled(self._tenant, self._sent)
        return [self._post(uid) for uid in uids]

    async def report(self, posts: Sequence[_Post]) -> _Applied:
        """Post these, and wait until all messages are recorded as delivered."""
        begun = time.perf_counter()
        answered = await run_in_flight(partial(self._deliver, posts), len(posts), _CONNECTIONS)
        await until(partial(states, self._tenant), self._all_delivered, _WITHIN, pause=0.02)
        return _Applied(answered, len(posts) / (time.perf_counter() - begun))

    def _all_delivered(self, found: dict[str, int]) -> bool:
        return found == {"delivered": self._sent}

    def _post(self, uid: UUID) -> _Post:
        path = f"{_PATH}?uid={uid}"
        form = {"MessageSid": f"SM{uid.hex}", "MessageStatus": "delivered"}
        signed = self._base + path + "".join(name + value for name, value in sorted(form.items()))
        return path, urlencode(form).encode(), b64encode(hmac.digest(_TOKEN.encode(), signed.encode(), "sha1")).decode()

    async def _deliver(self, posts: Sequence[_Post], number: int) -> None:
        path, body, signature = posts[number]
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        async with self._tenant.install.http.post(path, data=body, headers=headers) as answer:
            await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a post was answered with {answer.status}")


async def measure(install: Install, scale: float) -> list[Figure]:
    """Posts of one receipt at 64 connections, from the first post to the last receipt applied."""
    provider = await new_provider(install)
    posts, floors = (max(_CONNECTIONS, int(count * scale)) for count in (_POSTS, _FLOORS))

    async def report() -> _Applied:
        return await provider.report(await provider.reports(posts))

    async def floor() -> _Applied:
        run = await run_in_flight(lambda _: run_floor_workflow(install), floors, _CONNECTIONS)
        return _Applied(run, run.per_second)

    applied, bare = await in_turn(report, floor, lambda run: run.per_second)
    during, idle = await alternate(
        partial(_sends_beside_posts, install, provider, posts),
        partial(steady_sends, install, _PER_SECOND, max(2.0, _IDLE_SECONDS * scale)),
        lambda spread: spread.p95_ms,
    )
    load = f"posts of one receipt, {_CONNECTIONS} connections"
    return [
        Figure(
            f"{load}, post to record",
            applied.per_second,
            "posts/s",
            "The API's Python for each post; starts and transactions are shared.",
            bare.per_second,
            FLOOR_WORKFLOW,
            at_least=6,
        ),
        Figure(
            f"{load}, answered",
            rate(applied.answered),
            "posts/s",
            "As above; an answer waits for the start that carries the post.",
        ),
        Figure(
            f"p95 of one-contact sends beside {load}",
            during.p95_ms,
            "ms",
            "The cores: API, Postgres and engine serve both; the worker that applies receipts gives way.",
            idle.p95_ms,
            "the same when idle",
            at_most=1.3,
        ),
    ]


async def new_provider(install: Install) -> Provider:
    tenant = await new_tenant(install)
    config = {
        "account_sid": "AC0123",
        "auth_token": _TOKEN,
        "from_number": "+15005550006",
        "status_callback": f"http://127.0.0.1:{install.settings.api_port}{_PATH}",
        "base_url": install.sink_url.rstrip("/"),
        "allow_private_network": True,
    }
    await tenant.add_gateway("twilio", "twilio", config, priority=1)
    return Provider(tenant)


async def _sends_beside_posts(install: Install, provider: Provider, posts: int) -> Spread:
    reports = await provider.reports(posts)
    return await beside(provider.report(reports), partial(steady_sends, install, _PER_SECOND, LONGEST))
