"""Who views a page, in which account, and how they want it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from panel.rendering.languages import chosen_language

THEMES = ("auto", "light", "dark")
THEME, LANGUAGE, ZONE = "xsender_theme", "xsender_language", "xsender_zone"
"""Cookies: a browser's, not a person's, and of no use to anybody else."""


@dataclass(frozen=True, slots=True)
class Taste:
    """How a browser shows pages."""

    language: str
    theme: str
    zone: tzinfo

    @classmethod
    def of(cls, request: Request) -> "Taste":
        """What its cookies say, or its languages."""
        theme = request.cookies.get(THEME, "")
        return cls(
            chosen_language(request.cookies.get(LANGUAGE), request.headers.get("accept-language", "")),
            theme if theme in THEMES else THEMES[0],
            _zone(request.cookies.get(ZONE, "")),
        )


@dataclass(frozen=True, slots=True)
class Account:
    """The account whose contacts, messages and automations are shown."""

    id: int
    name: str
    environment: str
    """``test`` while nothing that it sends leaves the install; ``live``."""

    @classmethod
    def of(cls, me: Mapping[str, Any]) -> "Account":
        """From what ``GET /api/auth/me`` answers to its user, or to staff that works in it."""
        return cls(me["id"], me["name"], me["environment"])


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who has logged in."""

    id: int
    kind: str
    """``staff`` or ``user``."""
    name: str
    email: str
    role: str | None
    permissions: frozenset[str]
    must_enrol: bool
    """Whether a second factor must be set up before anything else."""
    has_second_factor: bool
    account: Account | None
    """A user's own, or the one that a member of staff works in; ``None``: staff who look at all accounts."""

    @classmethod
    def of(cls, me: Mapping[str, Any], account: Account | None) -> "Viewer":
        """From what ``GET /api/auth/me`` answers."""
        own = Account.of(me) if me["kind"] == "user" else None
        return cls(
            me["id"],
            me["kind"],
            me["name"],
            me["email"],
            me["role"],
            frozenset(me["permissions"]),
            me["totp_required"] and not me["totp"],
            me["totp"],
            own or account,
        )

    @property
    def is_staff(self) -> bool:
        """Whether it is one of those who run the install."""
        return self.kind == "staff"

    @property
    def is_acting(self) -> bool:
        """Whether it is staff working in somebody's account."""
        return self.is_staff and self.account is not None

    def may(self, permission: str) -> bool:
        """Whether staff has a permission; whoever works in an account may do there what its user may."""
        return self.account is not None or permission in self.permissions


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # not a zone, or not one of ours
        return ZoneInfo("UTC")
