"""A tenant of the install under test: an account with credit, a key, and ``http`` gateways to the sink."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import orjson

from bench.install import Install
from domain.access.api_keys import KeyKind
from domain.keyring import CREDENTIALS, Keyring
from store.accounts import accounts, api_keys, credits
from store.gateways import gateways

TEXT = "Your code is 123456"
_BODY = {"to": "{{ to }}", "text": "{{ body }}", "ref": "{{ reference }}"}
_CREDIT = 10**9
_numbers = itertools.count(4155550000)


@dataclass(frozen=True)
class Way:
    """A gateway to the sink."""

    identifier: str = "sink"
    path: str = ""
    """One of the sink's."""
    per_second: float | None = None
    timeout: float = 30.0


@dataclass(frozen=True)
class Accepted:
    """What the API answered."""

    uids: list[UUID]
    batch: UUID | None


@dataclass(frozen=True)
class Tenant:
    """An account that sends text messages."""

    install: Install
    id: int
    key: str

    async def add_gateway(self, identifier: str, type_name: str, config: dict[str, Any], **more: Any) -> None:
        """One more gateway of this account; ``more`` as in ``NewGateway``."""
        keyring = Keyring.parse(self.install.settings.keys.get_secret_value(), CREDENTIALS)
        new = gateways.NewGateway(self.id, "sms", identifier, type_name, config, **more)
        await gateways.add(self.install.pool, keyring, new)

    async def post(self, contacts: Sequence[dict[str, Any]], **more: object) -> bytes:
        """Have messages accepted; ``more`` stands beside ``contact``. Returns the answer, unread.

        Raises:
            RuntimeError: they were not accepted.
        """
        return await self.post_raw(orjson.dumps({"contact": contacts, **more}))

    async def post_raw(self, body: bytes) -> bytes:
        """``post`` for a body made beforehand."""
        async with self.install.http.post("/api/sms/send", data=body, headers={"Api-key": self.key}) as answer:
            text = await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {text[:500].decode()}")
        return text

    async def send(self, contacts: Sequence[dict[str, Any]], **more: object) -> Accepted:
        """``post``, and the answer read."""
        return read_answer(await self.post(contacts, **more))


def read_answer(text: bytes) -> Accepted:
    """The uids in an answer."""
    answer = orjson.loads(text)
    batch = answer.get("batch")
    return Accepted([UUID(item["uid"]) for item in answer["data"]], UUID(batch) if batch else None)


async def new_tenant(install: Install, *ways: Way) -> Tenant:
    """An account with plenty of credit and these gateways; with one to the sink if none is named."""
    account = await accounts.create(install.pool, f"{uuid4().hex}@example.com", "Bench", None, uuid4())
    await credits.top_up(install.pool, account.id, "sms", _CREDIT, "bench", uuid4())
    tenant = Tenant(install, account.id, (await api_keys.create(install.pool, KeyKind.USER, account.id)).text)
    for way in ways or (Way(),):
        config = {
            "url": install.sink_url + way.path,
            "body": _BODY,
            "id_path": "id",
            "allow_private_network": True,
            "timeout": way.timeout,
        }
        await tenant.add_gateway(way.identifier, "http", config, per_second=way.per_second)
    return tenant


def number() -> str:
    """A phone number that had no message yet."""
    return f"+1{next(_numbers)}"


def contact(**more: object) -> dict[str, Any]:
    """A contact with its own text."""
    return {"number": number(), "body": TEXT, **more}


def list_of(count: int, **more: object) -> bytes:
    """A request's body: one text to ``count`` contacts; ``more`` stands beside ``contact``."""
    return orjson.dumps({"contact": [{"number": number()} for _ in range(count)], "body": TEXT, **more})
