"""Who may log in at a provider of identities, and as what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.errors import LogInError

MOST_GROUPS = 1000
"""Groups of one person that are looked at."""


class Refusal(StrEnum):
    """Why somebody is not let in."""

    NOT_BEGUN = "not_begun"
    """This browser did not begin the log-in, or too long ago."""
    BY_PROVIDER = "by_provider"
    UNTRUSTED = "untrusted"
    """The provider's token, or its answer in place of one, is not accepted."""
    NAMELESS = "nameless"
    """The provider does not say who it is."""
    DOMAIN = "domain"
    """Addresses of the person's domain are not accepted."""
    UNVERIFIED = "unverified"
    """The provider has not seen that the address is the person's."""
    NO_ROLE = "no_role"
    """None of the person's groups has a role."""
    REMOVED = "removed"
    """Staff removed the person."""
    ENDED = "ended"
    """The person's rights have ended."""


class ProviderLogInError(LogInError):
    """The log-in is refused. Programs get one code for all reasons; pages tell each in words of their own."""

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__("oidc_refused", message)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors pass between processes."""
        return ProviderLogInError, (self.reason, self.message)


@dataclass(frozen=True, slots=True)
class GroupRole:
    """Which role a group gives."""

    group: str
    role: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody whom the provider vouches for."""

    subject: str
    """Stays the same, whatever else changes."""
    email: str
    is_verified: bool | None
    """Whether the provider has seen that the address is the person's; ``None``: it does not say."""
    name: str
    groups: Sequence[str]

    @classmethod
    def of(cls, claims: Mapping[str, Any], group_claim: str) -> "Identity":
        """From the claims of a token.

        Raises:
            ProviderLogInError: it names nobody.
        """
        subject, email = claims.get("sub"), claims.get("email")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
            raise ProviderLogInError(Refusal.NAMELESS, "the provider does not say who you are")
        if not isinstance(email, str):
            message = "the provider does not tell your email address: it needs the scope email"
            raise ProviderLogInError(Refusal.NAMELESS, message)
        name = claims.get("name")
        verified = claims.get("email_verified")
        return cls(
            subject,
            email,
            verified if isinstance(verified, bool) else None if verified is None else False,
            name if isinstance(name, str) and name.strip() else email,
            _texts(claims.get(group_claim)),
        )

    def check_email(self, domains: Sequence[str]) -> None:
        """Refuse an address that may be anybody's: it decides which member of staff this is.

        ``domains``: those whose addresses are accepted; none: all that the provider has verified.

        Raises:
            ProviderLogInError: it is not verified, or of another domain.
        """
        is_listed = self.email.rpartition("@")[2].lower() in domains
        if domains and not is_listed:
            raise ProviderLogInError(Refusal.DOMAIN, "addresses of your domain are not accepted here")
        if self.is_verified is False or (self.is_verified is None and not is_listed):
            raise ProviderLogInError(Refusal.UNVERIFIED, "the provider has not verified your email address")

    def role_in(self, mapping: Sequence[GroupRole]) -> str | None:
        """The role of the first group in the mapping that the person is in; ``None``: it is in none of them."""
        return next((one.role for one in mapping if one.group in self.groups), None)


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values[:MOST_GROUPS] if isinstance(one, str)]
