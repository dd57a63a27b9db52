"""Credentials of sources: which ones a kind has, those that we choose, and where they may be sent."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from domain.errors import FieldError, pointer
from domain.leads.source import CREDENTIALS

GIVEN: Mapping[str, tuple[str, ...]] = {**CREDENTIALS, "form": ()}
"""By kind, those that its owner gives: what tokens of forms are signed with nobody needs to know."""

_BOUND: Mapping[str, tuple[str, ...]] = {
    "api_url": ("token", "app_secret", "client_secret"),
    "page_id": ("token",),
    "owner": ("token",),
}
"""By setting, the credentials that would be sent elsewhere, or be another one's, if it changes."""
_MOVED = "must be given again, because what it is for, or the place it is sent to, changes"


def unfit(kind: str, given: Mapping[str, str | None]) -> Iterator[FieldError]:
    """Credentials that sources of this kind do not have."""
    for name in sorted(given.keys() - set(GIVEN[kind])):
        known = ", ".join(GIVEN[kind]) or "none"
        words = f"a source of the kind {kind} has no {name}: it has {known}"
        yield FieldError(pointer("credentials", name), "source_credential", words)


def moved(
    before: Mapping[str, Any], after: Mapping[str, Any], held: Mapping[str, str], given: Mapping[str, str | None]
) -> Iterator[FieldError]:
    """Credentials that settings would take away from where their owner wanted them: whoever may change a source must
    not learn them by that."""
    names = {name for setting, bound in _BOUND.items() if before.get(setting) != after.get(setting) for name in bound}
    for name in sorted((names & held.keys()) - given.keys()):
        yield FieldError(pointer("credentials", name), "secret_needed", _MOVED)


def merged(held: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
    """Credentials after a change: those not given stay."""
    return {name: value for name, value in {**held, **given}.items() if value is not None}


def minted(kind: str, held: Mapping[str, str]) -> dict[str, str]:
    """Those that a source of this kind needs, and that its owner leaves to us."""
    wanted = {"meta": ("verify_token",), "google": ("key",), "form": ("secret",)}.get(kind, ())
    return {name: secrets.token_urlsafe(24) for name in wanted if name not in held}


def names_of(kind: str, settings: Mapping[str, Any], held: Mapping[str, str]) -> list[str]:
    """By which posts name a source."""
    match kind:
        case "meta":
            return [settings["page_id"]]
        case "linkedin":
            return [settings["owner"]]
        case "google" if "key" in held:
            return [digest_of(held["key"])]
    return []


def digest_of(key: str) -> str:
    """How a key of Google is looked up, so that the key itself stands nowhere in the clear."""
    return hashlib.sha256(key.encode()).hexdigest()
