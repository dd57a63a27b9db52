"""People with passwords, and how they log in."""

import random
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pyotp

from tests.api.admin import Staff
from tests.stack import Stack, new_client

PASSWORD = "correct horse battery"


def some_address() -> str:
    """An address that no other test comes from."""
    return f"198.{random.randint(18, 19)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


async def post(stack: Stack, path: str, body: Any, address: str, **headers: str) -> httpx.Response:
    """A request by a client of its own, which keeps no cookie for other tests."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with new_client(stack.url) as http:
        return await http.post(path, json=body, headers={"X-Forwarded-For": address, **named})


@dataclass(frozen=True)
class Person:
    """Somebody who logs in, from an address of its own."""

    stack: Stack
    kind: str
    id: int
    email: str
    address: str
    password: str = PASSWORD

    async def log_in(self, **more: Any) -> httpx.Response:
        """An attempt; ``more`` replaces what it would send."""
        address = more.pop("address", self.address)
        body = {"email": self.email, "password": self.password, "kind": self.kind} | more
        return await post(self.stack, "/api/auth/login", body, address)

    async def begin(self, **more: Any) -> "Session":
        """A session."""
        answer = await self.log_in(**more)
        assert answer.status_code == 200, answer.text
        return Session(self.stack, answer.json()["data"]["token"])


@dataclass(frozen=True)
class Session:
    """Who is logged in."""

    stack: Stack
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def id(self) -> str:
        return self.token.split("_")[2]

    async def call(self, method: str, path: str, body: Any = None, base: str = "", **headers: str) -> httpx.Response:
        """A request with the token."""
        more = {} if body is None else {"json": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.stack.http.request(method, base + path, headers=self.headers | named, **more)

    async def data(self, method: str, path: str, body: Any = None) -> Any:
        """The ``data`` of an answer, which must be 200."""
        answer = await self.call(method, path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


async def invited(owner: Staff, kind: str, id_: int, email: str) -> Person:
    """Somebody who has set the first password by an invitation."""
    folder = "staff" if kind == "staff" else "users"
    token = (await owner.data("POST", f"/{folder}/{id_}/invite"))["token"]
    address = some_address()
    answer = await post(owner.stack, "/api/auth/reset", {"token": token, "password": PASSWORD}, address)
    assert answer.status_code == 200, answer.text
    return Person(owner.stack, kind, id_, email, address)


async def member(owner: Staff, role: str = "support") -> Person:
    """A member of staff who logs in."""
    new = {"email": f"{uuid4().hex}@example.com", "name": "Bo", "role": role}
    made = await owner.data("POST", "/staff", new)
    return await invited(owner, "staff", made["id"], new["email"])


async def user(owner: Staff) -> Person:
    """A user who logs in."""
    made = await owner.user()
    return await invited(owner, "user", made["id"], made["email"])


@dataclass(frozen=True)
class Factor:
    """A second factor in use."""

    secret: str
    recovery_codes: list[str]

    def code(self, later: int = 1) -> str:
        """The code of the half minute that comes so many later: that of now was used to enrol."""
        return pyotp.TOTP(self.secret).at(time.time(), counter_offset=later)


async def enrol(session: Session) -> Factor:
    """Have somebody use a second factor."""
    begun = await session.data("POST", "/api/auth/totp", {"password": PASSWORD})
    code = pyotp.TOTP(begun["secret"]).now()
    confirmed = await session.data("POST", "/api/auth/totp/confirm", {"code": code})
    return Factor(begun["secret"], confirmed["recovery_codes"])
