"""Who may log in at a provider of identities, and as what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import LogInError

MOST_GROUPS = 1000
"""Groups of one person that are looked at."""


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
            LogInError: it names nobody.
        """
        subject, email = claims.get("sub"), claims.get("email")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
            raise refused("the provider does not say who you are")
        if not isinstance(email, str):
            raise refused("the provider does not tell your email address: it needs the scope email")
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
            LogInError: it is not verified, or of another domain.
        """
        is_listed = self.email.rpartition("@")[2].lower() in domains
        if domains and not is_listed:
            raise refused("addresses of your domain are not accepted here")
        if self.is_verified is False or (self.is_verified is None and not is_listed):
            raise refused("the provider has not verified your email address")

    def role_in(self, mapping: Sequence[GroupRole]) -> str | None:
        """The role of the first group in the mapping that the person is in; ``None``: it is in none of them."""
        return next((one.role for one in mapping if one.group in self.groups), None)


def refused(message: str) -> LogInError:
    """The log-in is refused, and this is why."""
    return LogInError("oidc_refused", message)


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values[:MOST_GROUPS] if isinstance(one, str)]
