"""What a user's key may do: scopes, a closed list. ``channel:`` and ``gateway:`` narrow the others."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.channels import Channel
from domain.errors import ForbiddenError, InvalidError
from domain.messages.page import KeyTerms

SEND, READ, KEYS, GATEWAYS = "send", "read", "keys", "gateways"
CONTACTS, TEMPLATES = "contacts", "templates"

SCOPES: dict[str, str] = {
    SEND: "Send messages, change those that wait, and change what belongs to them: callbacks, keywords, pauses.",
    READ: "Read messages, batches, callbacks and gateways.",
    KEYS: "Make, list, replace and revoke the account's keys that may do no more than this one.",
    GATEWAYS: "Add, change and delete the account's own gateways, where its plan allows them; pair phones with them.",
    CONTACTS: "Read and change contacts, groups, fields and segments, and what recipients allow or refuse; read leads.",
    TEMPLATES: "Read, change, publish and preview the account's templates of messages.",
}
"""By scope, what it allows."""

DEFAULT = (SEND, READ)
"""The scopes of a key that is made without any."""

CHANNEL, GATEWAY = "channel:", "gateway:"
"""How scopes begin that narrow a key: to channels, and to gateways, by their ids. Several of a kind add up."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Scopes of a key, as they are compared."""

    actions: frozenset[str]
    channels: frozenset[str]
    """Those it is narrowed to; empty: all."""
    gateways: frozenset[str]
    """The same, by id."""

    @classmethod
    def of(cls, scopes: Collection[str]) -> "Rights":
        """Read scopes that were checked before."""
        return cls(
            frozenset(scope for scope in scopes if ":" not in scope), _after(CHANNEL, scopes), _after(GATEWAY, scopes)
        )

    def allows_channel(self, channel: str) -> bool:
        """Whether it may send and read on a channel."""
        return not self.channels or channel in self.channels

    def covers(self, other: "Rights") -> bool:
        """Whether the other may do nothing that this may not."""
        return (
            other.actions <= self.actions
            and _is_within(other.channels, self.channels)
            and _is_within(other.gateways, self.gateways)
        )


def is_narrowed(scopes: Iterable[str]) -> bool:
    """Whether a key with these scopes is narrowed to channels or gateways."""
    return any(":" in scope for scope in scopes)


def terms_of(key_id: str, scopes: Iterable[str], *, test: bool) -> KeyTerms:
    """What a key demands of its messages."""
    return KeyTerms(key_id, test, sorted(_after(GATEWAY, scopes)))


def checked_scopes(scopes: Sequence[str] | None) -> list[str]:
    """Scopes for a user's key, without repeats, in one order.

    Raises:
        InvalidError: one of them is none; or there is none that allows anything.
        ForbiddenError: one is of the admin only.
    """
    wanted = sorted(set(DEFAULT if scopes is None else scopes))
    if "admin" in wanted:
        raise ForbiddenError("scope_denied", "A user's key cannot have the scope admin.")
    if unknown := [scope for scope in wanted if not _is_known(scope)]:
        known = ", ".join((*SCOPES, "channel:<channel>", "gateway:<id>"))
        raise InvalidError("scope_unknown", f"No scope {', '.join(unknown)}: use {known}.", "/scopes")
    if not any(scope in SCOPES for scope in wanted):
        raise InvalidError("scopes_empty", f"Give the key a scope: {', '.join(SCOPES)}.", "/scopes")
    return wanted


def _is_known(scope: str) -> bool:
    if scope.startswith(CHANNEL):
        return scope.removeprefix(CHANNEL) in set(Channel)
    if scope.startswith(GATEWAY):
        return _is_uuid(scope.removeprefix(GATEWAY))
    return scope in SCOPES


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _after(start: str, scopes: Iterable[str]) -> frozenset[str]:
    return frozenset(scope.removeprefix(start) for scope in scopes if scope.startswith(start))


def _is_within(some: frozenset[str], most: frozenset[str]) -> bool:
    return not most or (bool(some) and some <= most)
