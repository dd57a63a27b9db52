"""Whether the calls of a definition can be made, before it is published."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.automations.definition.steps import Call, Secret, Step
from domain.errors import FieldError
from services.automations.calls.secrets import SIGNING, may_go_to
from services.automations.calls.urls import written_site
from store.automations import secrets
from store.automations.secrets import SecretInfo
from store.pool import Connections

RESERVED = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"),
        *("webhook-id", "webhook-timestamp", "webhook-signature", "accept-encoding"),
    }
)
"""Headers that are ours."""


async def call_faults(store: Connections, account_id: int, steps: Sequence[tuple[str, Step]]) -> list[FieldError]:
    """What is wrong with the calls among steps, each with its place."""
    found = [(at, step) for at, step in steps if isinstance(step, Call)]
    if not found:
        return []
    known = {one.name: one for one in await secrets.of_account(store, account_id)}
    return [fault for at, step in found for fault in _of_call(at, step, known)]


def _of_call(at: str, step: Call, known: Mapping[str, SecretInfo]) -> Iterable[FieldError]:
    site = written_site(step.url)
    if site is None:
        words = "write out the host, without user name and password, and '/' behind it: https://api.example.com/…"
        yield FieldError(f"{at}/url", "call_url", words)
    if step.method == "GET" and step.body is not None:
        yield FieldError(f"{at}/body", "call_body", "a GET has no body: use another method, or put it into the URL")
    for name, value in step.headers.items():
        here = f"{at}/headers/{name.replace('~', '~0')}"
        if name.lower() in RESERVED:
            yield FieldError(here, "call_header", f"{name} is set by us: leave it out")
        if isinstance(value, Secret):
            yield from _of_secret(here, value.secret, known, site.host if site else None)
    if step.sign and SIGNING not in known:
        words = f"there is no secret {SIGNING!r} to sign with: PUT /api/secrets/{SIGNING}"
        yield FieldError(f"{at}/sign", "secret_unknown", words)


def _of_secret(at: str, name: str, known: Mapping[str, SecretInfo], host: str | None) -> Iterable[FieldError]:
    if name not in known:
        yield FieldError(at, "secret_unknown", f"there is no secret {name!r}: PUT /api/secrets/{name} makes one")
    elif host is not None and not may_go_to(known[name].hosts, host):
        words = f"the secret {name!r} is only for {', '.join(known[name].hosts)}: it is not sent to {host}"
        yield FieldError(at, "secret_host", words)


def secret_names(request: Mapping[str, Any]) -> list[str]:
    """Names of the secrets that a request needs."""
    named = [value["secret"] for value in request["headers"].values() if isinstance(value, Mapping)]
    return named if request["sign"] is False else [*named, SIGNING]
