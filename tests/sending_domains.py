"""Sender domains of a test's own, and their records in the DNS double."""

from typing import Any
from uuid import uuid4

from tests.dns_double import Dns
from tests.stack import Stack, User

REQUIRED = ("ownership", "dkim")


def new_name() -> str:
    return f"{uuid4().hex[:12]}.test"


def record(domain: dict[str, Any], purpose: str) -> dict[str, Any]:
    """One of a domain's records."""
    (found,) = [one for one in domain["records"] if one["purpose"] == purpose]
    return found


def states(domain: dict[str, Any]) -> dict[str, str]:
    """What the last check found, by purpose."""
    return {one["purpose"]: one["state"] for one in domain["records"]}


def enter(dns: Dns, domain: dict[str, Any], *purposes: str) -> None:
    """Enter records of a domain as they are to be copied; all if none is named."""
    for one in domain["records"]:
        if one["purpose"] in (purposes or [each["purpose"] for each in domain["records"]]):
            dns.texts[one["name"]] = [one["value"]]


async def ask(stack: Stack, user: User, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
    """The ``data`` of an answer, which must be 200."""
    more = {} if body is None else {"json": body}
    answer = await stack.http.request(method, f"/api/domains{path}", headers=user.headers | headers, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def verified(stack: Stack, dns: Dns, user: User, name: str | None = None) -> dict[str, Any]:
    """A domain of the user with all its records, seen by a check."""
    domain = await ask(stack, user, "POST", body={"domain": name or new_name()})
    enter(dns, domain)
    checked = await ask(stack, user, "POST", f"/{domain['id']}/check")
    assert checked["state"] == "verified", checked
    return checked
