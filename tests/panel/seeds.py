"""What accounts have in them, made through the API as their programs would."""

from dataclasses import dataclass
from typing import Any

from domain.access.user_scopes import SCOPES
from store.accounts import api_keys
from store.accounts.api_keys import KeyKind
from tests.stack import Stack, User


@dataclass(frozen=True)
class Audience:
    """Ids of what was made."""

    contact: str
    group: str


async def program(install: Stack, account: User) -> User:
    """The account, with a key that may do everything in it."""
    key = await api_keys.create(install.pool, KeyKind.USER, account.id, scopes=list(SCOPES))
    return User(account.id, key.text)


async def made(install: Stack, account: User, path: str, body: Any) -> Any:
    """What the API answers to a body."""
    answer = await install.http.post(path, json=body, headers=account.headers)
    assert answer.status_code < 300, answer.text
    return answer.json()["data"]


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
    return Audience(contact, group)
