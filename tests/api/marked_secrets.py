"""Every kind of secret that an install takes, or makes: made over HTTP, each with a value that stands nowhere else."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import yaml

from domain.access.user_scopes import SCOPES
from store.accounts.sender_domains import open_key
from tests.api import log_in
from tests.api.admin import ADMIN, Staff
from tests.api.test_approvals import policy, requested


class Recorder:
    """Keeps every answer, but those that are the only place where a secret is shown."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self._is_listening = True

    async def note(self, response: httpx.Response) -> None:
        await response.aread()
        if self._is_listening:
            self.answers.append(f"{response.request.method} {response.request.url} {response.headers} {response.text}")

    @contextmanager
    def showing(self) -> Iterator[None]:
        """While a secret is made, which its maker is shown once."""
        self._is_listening = False
        yield
        self._is_listening = True


@dataclass
class Made:
    """Secrets, by what they are, and who has them."""

    secrets: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    """Of the user."""
    user: int = 0
    sessions: list[log_in.Session] = field(default_factory=list)


def marked() -> str:
    """A secret that stands nowhere else."""
    return f"mark-{uuid4().hex}"


def secret_of(key: str) -> str:
    """What of a key, or a session, is secret: its id is not."""
    return key.split("_")[-1]


async def make_secrets(staff: Staff, answers: Recorder) -> Made:
    """One of each kind."""
    made = Made()
    with answers.showing():
        await _keys(staff, made)
        await _people(staff, made)
        await _callbacks(staff, made)
    await _gateways(staff, made)
    await _settings(staff, made)
    await _domain(staff, made)
    assert len(set(made.secrets.values())) == len(made.secrets)
    return made


def _once() -> dict[str, str]:
    return {"Idempotency_Key": uuid4().hex}


async def _keys(staff: Staff, made: Made) -> None:
    made.user = (await staff.user())["id"]
    for channel in ("sms", "email"):
        await staff.data("POST", f"/users/{made.user}/credits", {"channel": channel, "amount": 50})
    key = await staff.data("POST", "/keys", {"user": made.user, "scopes": list(SCOPES)}, **_once())
    rolled = await staff.data("POST", f"/keys/{key['id']}/roll", **_once())
    test = await staff.data("POST", "/keys", {"user": made.user, "test": True})
    made.headers = {"Api-key": rolled["key"]}
    own = await staff.stack.http.post("/api/keys", json={"name": "own"}, headers=made.headers)
    keys = {"a key": key["key"], "a rolled key": rolled["key"], "a test key": test["key"], "an admin key": staff.key}
    keys |= {"an own key": own.json()["data"]["key"], "a key of staff": (await staff.colleague("owner")).key}
    made.secrets |= {name: secret_of(text) for name, text in keys.items()}


async def _people(staff: Staff, made: Made) -> None:
    for kind, new in (("staff", log_in.member), ("user", log_in.user)):
        person, password = await new(staff), marked()
        session = await person.begin()
        factor = await log_in.enrol(session)
        change = {"password": log_in.PASSWORD, "new_password": password}
        await session.data("POST", "/api/auth/password", change)
        where = f"/staff/{(await staff.colleague('support')).id}" if kind == "staff" else f"/users/{made.user}"
        invite = await staff.data("POST", f"{where}/invite")
        made.secrets |= {
            f"a session of {kind}": secret_of(session.token),
            f"a password of {kind}": password,
            f"a second factor of {kind}": factor.secret,
            f"an invitation of {kind}": invite["token"],
            **{f"recovery code {number} of {kind}": code for number, code in enumerate(factor.recovery_codes)},
        }
        made.sessions.append(session)


async def _callbacks(staff: Staff, made: Made) -> None:
    http = staff.stack.http
    hook = (await http.post("/api/callbacks", json={"url": "https://192.0.2.1/hook"}, headers=made.headers)).json()
    where = f"/api/callbacks/{hook['data']['id']}"
    rotated = (await http.post(f"{where}/rotate", json={"overlap_hours": 1}, headers=made.headers)).json()
    made.secrets |= {"a callback": hook["data"]["secret"], "a rotated callback": rotated["data"]["secret"]}


async def _gateways(staff: Staff, made: Made) -> None:
    first, second, waiting, header, own, filed = [marked() for _ in range(6)]
    webhook = "whsec_" + base64.b64encode(uuid4().bytes + uuid4().bytes).decode()
    config = {"api_key": first, "from_address": "a@example.com", "webhook_secret": webhook}
    new = {"channel": "email", "type": "resend", "identifier": uuid4().hex, "config": config}
    gateway = await staff.data("POST", "/gateways", new, **_once())
    await staff.data("PATCH", f"/gateways/{gateway['id']}", {"config": {"api_key": second}})
    colleague = await staff.colleague("owner")
    async with policy(staff, "credentials"):
        await requested(colleague, "PATCH", f"/gateways/{gateway['id']}", {"config": {"api_key": waiting}})
    http = {"url": "https://192.0.2.1/send", "headers": {"Authorization": header}, "body": {"to": "{{ to }}"}}
    of_user = {"channel": "sms", "type": "http", "identifier": uuid4().hex, "config": http, "owner": made.user}
    await staff.data("POST", "/gateways", of_user)
    twilio = {"account_sid": "AC" + "0" * 32, "auth_token": own, "from_number": "+14155550100"}
    body = {"channel": "sms", "type": "twilio", "identifier": uuid4().hex, "config": twilio}
    answer = await staff.stack.http.post("/api/gateways", json=body, headers=made.headers)
    assert answer.status_code == 200, answer.text
    kept = {"type": "http", "config": http | {"headers": {"Authorization": filed}}}
    file = yaml.safe_dump({"apiVersion": "xsender/v1", "gateways": {f"sms/{uuid4().hex}": kept}})
    applied = await staff.stack.http.post(f"{ADMIN}/settings/apply", content=file, headers={"Api-key": staff.key})
    assert applied.status_code == 200, applied.text
    made.secrets |= {
        "credentials": first,
        "changed credentials": second,
        "credentials that wait for approval": waiting,
        "a header": header,
        "credentials of a user's own": own,
        "credentials in a file": filed,
        "a webhook secret": webhook,
    }


async def _settings(staff: Staff, made: Made) -> None:
    mail, provider = marked(), marked()
    server = {"host": "192.0.2.1", "username": "u", "password": mail, "from_address": "a@example.com"}
    await staff.data("PATCH", "/settings", {"system_mail": server})
    oidc = {"issuer": "https://login.example.com", "client_id": "x", "client_secret": provider, "enabled": False}
    await staff.data("PATCH", "/oidc", oidc)
    made.secrets |= {"the password of the system's mail": mail, "the secret of the provider of identities": provider}


async def _domain(staff: Staff, made: Made) -> None:
    """The private keys of a domain, which nobody is ever shown: a line of each, behind the modulus, which is public."""
    stack = staff.stack
    domain = await staff.data("POST", "/domains", {"user": made.user, "domain": f"{uuid4().hex}.test"})
    for name in ("a private key", "a new private key"):
        async with stack.pool.connection() as conn:
            query = """select account_id, domain, coalesce(next_selector, selector), coalesce(next_key, key)
                       from sender_domains where id = %s"""
            row = await (await conn.execute(query, (domain["id"],))).fetchone()
        assert row is not None
        made.secrets[name] = open_key(stack.keyring, *row).splitlines()[-4]
        if name == "a private key":
            await staff.data("POST", f"/domains/{domain['id']}/rotate-key")
