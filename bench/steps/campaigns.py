"""How soon a campaign begins to be sent, and how fast, beside a plain batch to as many people."""

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from bench.figure import Figure
from bench.install import Install
from bench.load import ROUNDS, median
from bench.record import spent, until_settled
from bench.tenant import Tenant, new_tenant, number
from bench.waiting import until
from domain.access.api_keys import KeyKind
from domain.audience.contacts.contact import new_contact_id
from store.accounts import api_keys

_SIZE = 100_000
_TEXT = "Hi {{ first_name }}, spring is here"
_POLL = 0.01


@dataclass(frozen=True)
class _Run:
    """Seconds."""

    until_first: float
    until_last: float


async def measure(install: Install, scale: float) -> list[Figure]:
    """Both in turn, each to contacts of an account of its own."""
    size = max(2_000, int(_SIZE * scale))
    await _campaign(install, 2_000)
    plain, campaigns = [], []
    for _ in range(ROUNDS):
        plain.append(await _batch(install, size))
        campaigns.append(await _campaign(install, size))
    first, first_of_batch = (median(runs, lambda run: run.until_first).until_first for runs in (campaigns, plain))
    last, last_of_batch = (median(runs, lambda run: run.until_last).until_last for runs in (campaigns, plain))
    return [
        Figure(
            f"campaign to {size:,}: until the first messages are sent",
            first,
            "s",
            "Taking its people, the price of some of their messages, and the first slice.",
            first_of_batch,
            "a plain batch to contacts",
            at_most=2,
        ),
        Figure(
            f"campaign to {size:,}",
            size / last,
            "messages/s",
            "CPU: filling templates, which a plain batch has behind it when it is accepted.",
            size / last_of_batch,
            "a plain batch to contacts",
            at_least=0.9,
        ),
    ]


async def _batch(install: Install, size: int) -> _Run:
    tenant = await new_tenant(install)
    numbers = await _add_contacts(install, tenant, size)
    contacts = [{"number": number, "first_name": f"P{n}"} for n, number in enumerate(numbers)]
    body = orjson.dumps({"message": _TEXT, "contact": contacts})
    return await _timed(tenant, size, lambda: tenant.post_raw(body))


async def _add_contacts(install: Install, tenant: Tenant, size: int) -> list[str]:
    """People that the account knows: what is sent to them becomes part of their story, whatever way it goes."""
    numbers = [number() for _ in range(size)]
    async with install.pool.connection() as conn:
        async with conn.cursor().copy("copy contacts (id, account_id, phone, first_name, tags) from stdin") as copy:
            for n, one in enumerate(numbers):
                await copy.write_row((new_contact_id(), tenant.id, one, f"P{n}", ["spring"]))
        await conn.execute("vacuum analyze contacts")  # they came long before: it is no work of what is measured
    return numbers


async def _campaign(install: Install, size: int) -> _Run:
    tenant = await new_tenant(install)
    key = await api_keys.create(install.pool, KeyKind.USER, tenant.id, scopes=["contacts", "templates", "send", "read"])
    await _add_contacts(install, tenant, size)

    async def call(method: str, path: str, body: Any = None) -> Any:
        data = orjson.dumps(body or {})
        async with install.http.request(method, path, data=data, headers={"Api-key": key.text}) as answer:
            assert answer.status == 200, await answer.text()
            return orjson.loads(await answer.read())["data"]

    await call("PUT", "/api/templates/spring", {"name": "Spring", "sms": {"en": {"message": _TEXT}}})
    await call("POST", "/api/templates/spring/publish")
    plan = {"name": "Spring", "channel": "sms", "template": "spring", "send_window": "always"}
    made = await call("POST", "/api/campaigns", plan | {"audience": {"tags": ["spring"]}})
    return await _timed(tenant, size, lambda: call("POST", f"/api/campaigns/{made['id']}/start"))


async def _timed(tenant: Tenant, size: int, begin: Any) -> _Run:
    begun = time.perf_counter()
    beginning = asyncio.ensure_future(begin())
    await until(partial(spent, tenant), bool, within=120, pause=_POLL)
    first = time.perf_counter() - begun
    await beginning
    await until_settled(tenant, size)
    return _Run(first, time.perf_counter() - begun)
