"""The settings of the whole install, with their defaults."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from domain.access.networks import network
from domain.access.people import PersonKind
from domain.recipients import InvalidRecipient, is_region, normalise_email
from domain.reputation.rules import Mode


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or not text.isprintable():
        raise ValueError("must be an address that begins with http:// or https:// and a host")
    if parts.port == 0 or " " in text or "\\" in text:
        raise ValueError("must be an address without spaces, backslashes or a port 0")
    return text


def _base_address(text: str) -> str:
    if urlsplit(text).query or urlsplit(text).fragment or text.endswith(("?", "#")):
        raise ValueError("must have neither a query nor a fragment")
    return text.rstrip("/")


def _printable(text: str) -> str:
    if not text.replace("\n", " ").isprintable():
        raise ValueError("must not contain control characters")
    return text


def _one_line(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("must be printable text in one line")
    return text.strip()


def _mailbox(text: str) -> str:
    try:
        return normalise_email(text)
    except InvalidRecipient as error:
        raise ValueError(error.message) from None


def _region(text: str) -> str:
    region = text.upper()
    if not is_region(region):
        raise ValueError(f"there is no country {text}: use its two letters, such as FR")
    return region


def _network(text: str) -> str:
    try:
        return str(network(text))
    except ValueError as error:
        raise ValueError(f"must be an address or a network such as 10.0.0.0/8: {error}") from None


def zone(name: str) -> str:
    """Checks the name of a time zone. Raises ``ValueError``."""
    if name not in available_timezones():
        raise ValueError(f"there is no time zone {name}: use a name like Europe/Berlin")
    return name


_WebAddress = Annotated[str, Field(max_length=500), AfterValidator(_web_address)]
_Host = Annotated[str, Field(pattern=r"^[a-z0-9.:\[\]-]{1,259}$")]
_Address = Annotated[str, Field(max_length=320), AfterValidator(_mailbox)]
_Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]
_Region = Annotated[str, Field(min_length=2, max_length=2), AfterValidator(_region)]
_Countries = Annotated[frozenset[_Region], Field(max_length=300), PlainSerializer(sorted, return_type=list[str])]

_Networks = Annotated[list[Annotated[str, Field(max_length=50), AfterValidator(_network)]], Field(max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Branding(_Part):
    """How the install looks to people."""

    product_name: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_one_line)] = "xsender"
    logo_url: _WebAddress | None = None
    colour: _Colour = "#1f5fd0"
    """Of headings, links and buttons."""
    background: _Colour = "#f4f5f7"
    support_address: _Address | None = None
    """Where people write to for help."""
    footer: Annotated[str, Field(max_length=500), AfterValidator(_printable)] | None = None
    """Below each mail of the system, such as the company's address."""


class Retention(_Part):
    """For how long things are kept."""

    keep_months: Annotated[int, Field(ge=1, le=1200)] | None = None
    """For how many months before this one messages are kept; ``None``: for ever."""
    keep_attempt_months: Annotated[int, Field(ge=1, le=1200)] | None = None
    """For how many their attempts and receipts are, if for fewer; ``None``: as long as messages."""
    event_days: Annotated[int, Field(ge=90, le=3650)] = 90
    """For how many days what happened to contacts is kept: conditions may look back so far."""
    callback_days: Annotated[int, Field(ge=7, le=365)] = 30
    """For how many days callbacks are kept: longer than they are tried."""
    request_log_days: Annotated[int, Field(ge=1, le=90)] = 7
    """For how many days the log of requests is kept."""
    proof_days: Annotated[int, Field(ge=1, le=3650)] = 365
    """For how many days proofs of payment are kept after their request was decided."""
    inbound_days: Annotated[int, Field(ge=30, le=3650)] | None = None
    """For how many days messages from people are kept: longer than providers report one again. ``None``: for ever."""


class AdminNetwork(_Part):
    """From where the admin API may be used."""

    allow: _Networks = []
    """Addresses and networks; empty: from everywhere."""
    deny: _Networks = []
    """From these not, even if they are allowed."""


class InstallSettings(_Part):
    """All settings but the system's mail server, which is sealed."""

    public_url: Annotated[_WebAddress, AfterValidator(_base_address)] | None = None
    """The API's public base URL."""
    branding: Branding = Branding()
    default_region: _Region | None = None
    """Country of numbers without a country code, for accounts without one of their own."""
    default_time_zone: Annotated[str, Field(max_length=100), AfterValidator(zone)] = "UTC"
    """Of new users, and of what the admin sends."""
    allowed_countries: _Countries = frozenset()
    """Countries whose numbers may be sent to; empty: all."""
    retention: Retention = Retention()
    admin_network: AdminNetwork = AdminNetwork()
    require_second_factor: Literal["none", "staff", "all"] = "none"
    """Whose sessions do nothing but set up a second factor as long as there is none."""
    unknown_days: Annotated[float, Field(gt=0, le=3650)] = 7.0
    """For how many days a message stays ``unknown`` before it is ended."""
    unknown_ends_as: Literal["failed", "sent"] = "failed"
    reputation_guard: Mode = "warn"
    """Whether many bad reports are warned of, or pause what is not transactional, too."""

    alert_emails: Annotated[list[_Address], Field(max_length=20)] | None = None
    """Who is mailed alerts of the install; ``None``: staff that may pause sending."""
    private_call_hosts: Annotated[list[_Host], Field(max_length=100)] = []
    """Hosts in private networks that automations may call; with a port, if it is not the usual one of the scheme."""

    def requires_second_factor(self, kind: PersonKind) -> bool:
        """Whether somebody who logs in with a password needs a second factor."""
        return self.require_second_factor == "all" or self.require_second_factor == kind

    def countries_with(self, of_plan: Collection[str] | None) -> frozenset[str] | None:
        """Whose numbers an account may send to if its plan allows these; ``None``: those of all."""
        if not of_plan:
            return self.allowed_countries or None
        return frozenset(of_plan) & self.allowed_countries if self.allowed_countries else frozenset(of_plan)

    @classmethod
    def trusted(cls, form: Mapping[str, Any]) -> "InstallSettings":
        """Settings that were checked when they were stored. What a newer release stored besides is ignored, and no
        table is asked again: one that lacks a time zone on this machine must not stop everything."""
        values = _known(cls, form)
        for name, kind in (("branding", Branding), ("retention", Retention), ("admin_network", AdminNetwork)):
            if name in values:
                values[name] = kind.model_construct(**_known(kind, values[name]))
        if "allowed_countries" in values:
            values["allowed_countries"] = frozenset(values["allowed_countries"])
        return cls.model_construct(**values)


def _known(kind: type[BaseModel], form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if name in kind.model_fields}


def leaves(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Fields by their path: ``branding.colour``."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            found |= leaves(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found
