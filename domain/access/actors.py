"""Who changes something: written to the audit log, and compared with what it may do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from domain.access.narrowing import Named, allows, covers
from domain.access.permissions import OWNER, PRESETS
from domain.errors import ForbiddenError


@dataclass(frozen=True, slots=True)
class Actor:
    """A member of staff, the holder of an admin key or of a user's, whoever may run commands on the machine, or the
    install itself. In the events of log-in also somebody unknown."""

    type: Literal["staff", "key", "user", "cli", "system", "unknown"]
    id: str
    """Of the member of staff, the key, or the user."""
    name: str = ""
    role: str | None = None
    permissions: frozenset[str] = PRESETS[OWNER]
    context: Mapping[str, Any] = field(default_factory=dict)
    """Of its request: address, user agent, method, path, key."""
    approved: "Approved | None" = None
    """The approval under which it acts."""
    objects: Named = field(default_factory=dict)
    """The objects that its request names."""
    is_confirmed: bool = True
    """Whether it has proved lately who it is. Keys and commands prove it each time."""

    @property
    def named(self) -> dict[str, Any]:
        """As it is stored."""
        return {"type": self.type, "id": self.id, "name": self.name, "role": self.role}

    def check(self, permission: str) -> None:
        """Refuse what it may not do.

        Raises:
            ForbiddenError: it lacks the permission.
        """
        if not allows(self.permissions, permission, self.objects):
            raise ForbiddenError("permission_missing", f"this needs the permission {permission}, which you do not have")

    def check_on(self, permission: str, **named: object) -> None:
        """Refuse what it may not do to another object than those that its request names in the path: ``account=8``.

        Raises:
            ForbiddenError: it lacks the permission, or has it for other objects only.
        """
        if not allows(self.permissions, permission, {kind: str(object_) for kind, object_ in named.items()}):
            message = f"this needs the permission {permission} for {', '.join(map(str, named.values()))} as well"
            raise ForbiddenError("permission_missing", message)

    def check_confirmed(self) -> None:
        """Refuse what whoever finds an open browser must not do: make keys, change credentials or staff.

        Raises:
            ForbiddenError: it has been a while since who is logged in typed the password.
        """
        if not self.is_confirmed:
            message = "confirm that it is you: POST /api/auth/confirm with your password, then repeat this"
            raise ForbiddenError("confirmation_needed", message)

    def check_grant(self, permissions: frozenset[str]) -> None:
        """Refuse to grant what it lacks.

        Raises:
            ForbiddenError: it lacks one of these permissions.
        """
        if lacking := sorted(wanted for wanted in permissions if not covers(self.permissions, wanted)):
            raise ForbiddenError("grant_denied", f"you cannot grant what you lack: {', '.join(lacking)}")


@dataclass(frozen=True, slots=True)
class Approved:
    """The approval under which somebody acts."""

    id: int
    by: Actor


COMMAND_LINE = Actor("cli", "cli")
"""Whoever can run commands on the machine may do everything."""

SYSTEM = Actor("system", "maintenance")
"""The install itself: what it does by its rules, without being asked."""
