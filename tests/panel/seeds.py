"""What accounts have in them, made through the API as their programs would."""

import asyncio
from dataclasses import dataclass
from typing import Any

from domain.access.user_scopes import SCOPES
from store.accounts import api_keys
from store.accounts.api_keys import KeyKind
from store.links import link_domains
from tests.looks import Looks
from tests.stack import Stack, User


@dataclass(frozen=True)
class Audience:
    """Ids of what was made."""

    contact: str
    group: str
    segment: str
    operation: str
    """An import with rows that are not taken."""


@dataclass(frozen=True)
class Connections:
    """Ids of what connects an account."""

    gateway: str
    callback: str
    domain: str
    link: str
    request: str


async def program(install: Stack, account: User) -> User:
    """The account, with a key that may do everything in it."""
    key = await api_keys.create(install.pool, KeyKind.USER, account.id, scopes=list(SCOPES))
    return User(account.id, key.text)


async def made(install: Stack, account: User, path: str, body: Any) -> Any:
    """What the API answers to a body."""
    answer = await install.http.post(path, json=body, headers=account.headers)
    assert answer.status_code < 300, answer.text
    return answer.json()["data"]


async def put(install: Stack, account: User, path: str, body: Any) -> None:
    """Set something of the account."""
    answer = await install.http.put(path, json=body, headers=account.headers)
    assert answer.status_code < 300, answer.text


async def audience(install: Stack, account: User) -> Audience:
    """A few contacts with all that contacts may have."""
    account = await program(install, account)
    await made(install, account, "/api/contact-fields", {"key": "city", "type": "text", "label": "City"})
    await made(install, account, "/api/contact-fields", {"key": "member", "type": "boolean", "label": "Loyalty member"})
    group = (await made(install, account, "/api/groups", {"name": "Newsletter readers", "key": "readers"}))["key"]
    ada = {
        "external_id": "crm-17",
        "email": "ada@example.com",
        "phone": "+447400123456",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "tags": ["vip", "a tag that somebody wrote as a whole sentence"],
        "groups": [group],
        "fields": {"city": "London", "member": True},
    }
    long = {"first_name": "W" * 60, "email": f"{'w' * 60}@{'subdomain.' * 6}example.com", "groups": [group]}
    contact = (await made(install, account, "/api/contacts", ada))["id"]
    await made(install, account, "/api/contacts", long)
    event = {"name": "order.paid", "contact": {"id": contact}, "data": {"total": 25}}
    await made(install, account, "/api/events", event)
    consent = {
        "channel": "email",
        "recipient": "ada@example.com",
        "purpose": "marketing",
        "state": "granted",
        "source": "shop",
        "ip": "192.0.2.7",
        "text_shown": "Yes, send me the newsletter",
    }
    await made(install, account, "/api/consents", {"consents": [consent]})
    condition = {"all": [{"field": "contact.city", "op": "eq", "value": "London"}, {"tag": "vip"}]}
    segment = await made(install, account, "/api/segments", {"name": "VIPs", "key": "vips", "condition": condition})
    return Audience(contact, group, str(segment["id"]), await imported(install, account))


async def imported(install: Stack, account: User) -> str:
    """An import with a row that is taken, and two that are not; it has ended."""
    lines = "E-Mail,Town,Remark\ngrace@example.com,Arlington,\nnobody,,\n,Nowhere,\n"
    answer = await install.http.post("/api/contacts/import", content=lines, headers=account.headers)
    assert answer.status_code == 200, answer.text
    operation = str(answer.json()["data"]["id"])
    async with asyncio.timeout(30):
        looks = Looks()
        while (await _get(install, account, f"/api/operations/{operation}"))["state"] != "done":
            await looks.pause()
    return operation


async def _get(install: Stack, account: User, path: str) -> Any:
    return (await install.http.get(path, headers=account.headers)).json()["data"]


async def connections(install: Stack, account: User) -> Connections:
    """A gateway of the account's own, a callback with a delivery, a domain, and a request that was refused."""
    account = await program(install, account)
    config = {"host": "mx.example.com", "from_address": "news@example.com", "username": "news", "password": "secret"}
    mail = {"channel": "email", "type": "smtp", "identifier": "a-name-as-long-as-names-may-be" * 2, "config": config}
    gateway = (await made(install, account, "/api/gateways", mail))["id"]
    hook = {"url": "https://callbacks.invalid/a/long/path/to/a/hook", "events": ["message.sent", "message.failed"]}
    callback = (await made(install, account, "/api/callbacks", hook | {"description": "Shop"}))["id"]
    await made(install, account, f"/api/callbacks/{callback}/test", None)
    domain = (await made(install, account, "/api/domains", {"domain": f"{callback[:8]}.subdomain.example.com"}))["id"]
    await put(install, account, f"/api/domains/{domain}/warm-up", {"ladder": "email"})
    await put(install, account, "/api/secrets/crm_token", {"value": "hidden", "hosts": ["crm.example.com"]})
    link = await link_domains.add(
        install.pool, account.id, f"links-{callback[:8]}.example.com", "0" * 32, "xsender.invalid"
    )
    body = {"contact": [{"number": "12"}], "message": "Hello"}
    refused = await install.http.post("/api/sms/send", json=body, headers=account.headers)
    request = refused.headers["X-Request-Id"]

    async def ask(path: str) -> Any:
        return (await install.http.get(path, headers=account.headers)).json()["data"]

    async with asyncio.timeout(20):  # requests are logged after they are answered
        looks = Looks()
        while not (await install.http.get(f"/api/requests?request_id={request}", headers=account.headers)).json()[
            "data"
        ]:
            await looks.pause()
    return Connections(gateway, callback, str(domain), str(link.id), request)
