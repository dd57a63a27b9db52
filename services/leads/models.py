"""Settings and credentials of sources of leads, as requests and settings files give them."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from domain.audience.contacts.values import InvalidValue, tag
from domain.channels import Channel
from domain.leads.mapping import MOST_RULES
from domain.recipients import InvalidRecipient, is_region, normalise_email
from gateways.outgoing_call import site_of

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?")


def _country(text: str) -> str:
    if not is_region(text.upper()):
        raise ValueError("write a country by its two letters, such as DE")
    return text.upper()


def _address(text: str) -> str:
    if site_of(text) is None or not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("must begin with https:// and a host, without user name and password")
    if urlsplit(text).query or urlsplit(text).fragment or text.endswith(("?", "#")):
        raise ValueError("must have neither a query nor a fragment")
    return text.rstrip("/")


def _origin(text: str) -> str:
    site = site_of(text)
    if site is None or text.lower().removesuffix("/") != f"{site.scheme}://{site.name}":
        raise ValueError("write a web site as browsers name it: https://example.com, without a path")
    return f"{site.scheme}://{site.name}"


def _host(text: str) -> str:
    if not _HOST.fullmatch(text.lower()):
        raise ValueError("write a host, such as www.example.com")
    return text.lower()


def _tag(text: str) -> str:
    try:
        return tag(text)
    except InvalidValue as error:
        raise ValueError(error.message) from None


def _email(text: str) -> str:
    try:
        return normalise_email(text)
    except InvalidRecipient as error:
        raise ValueError(error.message) from None


def _one_line(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("must be printable text in one line")
    return text.strip()


def _credential(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be printable ASCII characters without spaces: check that all of it was copied")
    return text


Name = Annotated[StrictStr, Field(min_length=1, max_length=100), AfterValidator(_one_line)]
_Key = Annotated[StrictStr, Field(min_length=1, max_length=100)]
_Country = Annotated[StrictStr, Field(min_length=2, max_length=2), AfterValidator(_country)]
_Email = Annotated[StrictStr, Field(max_length=320), AfterValidator(_email)]
_Emails = Annotated[list[_Email], Field(max_length=50)]
_Id = Annotated[StrictStr, Field(min_length=1, max_length=100), AfterValidator(_one_line)]
_Secret = Annotated[StrictStr, Field(min_length=8, max_length=2000), AfterValidator(_credential)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConsentRule(_Part):
    """What whoever sends the form agrees to."""

    purpose: _Key
    channels: Annotated[list[Channel], Field(min_length=1, max_length=len(Channel))]
    disclaimer: Annotated[
        _Id | None, Field(description="The key of the form's box that has to be ticked; null: sending it is enough.")
    ] = None
    text: Annotated[StrictStr, Field(max_length=2000, description="What people read: kept as proof.")] | None = None


class ReplyRule(_Part):
    """The message that answers."""

    channel: Channel
    template: _Key
    gateway: _Key | None = None


class NotifyRule(_Part):
    """Who of the account's people is told of each lead."""

    emails: _Emails = []
    by: Annotated[
        Literal["all", "round_robin", "country"],
        Field(description="Each lead to all, or to one in turn; `country`: to those of its country, else to all."),
    ] = "all"
    countries: Annotated[dict[_Country, _Emails], Field(max_length=250)] = {}
    callback: Annotated[StrictBool, Field(description="Whether callbacks hear of it.")] = False


class Settings(_Part):
    """Settings of a source. `null`: as if it was never set."""

    page_id: Annotated[
        Annotated[StrictStr, Field(pattern="^[0-9]{1,30}$")] | None, Field(description="`meta`: the page.")
    ] = None
    owner: Annotated[
        Annotated[StrictStr, Field(pattern=r"^urn:li:(sponsoredAccount|organization):[0-9]{1,20}$")] | None,
        Field(description="`linkedin`: the ad account or the organization.", examples=["urn:li:sponsoredAccount:508"]),
    ] = None
    forms: Annotated[
        Annotated[list[_Id], Field(max_length=200)] | None,
        Field(description="Ids of the forms that count; empty: all."),
    ] = None
    api_version: Annotated[
        Annotated[StrictStr, Field(pattern=r"^(v[0-9]{1,3}\.[0-9]|20[0-9]{4})$")] | None,
        Field(description="`meta`, `linkedin`: of the provider's API.", examples=["v26.0"]),
    ] = None
    api_url: Annotated[
        Annotated[StrictStr, Field(max_length=500), AfterValidator(_address)] | None,
        Field(description="`meta`, `linkedin`: where the provider's API is, if not at its own host."),
    ] = None
    origins: Annotated[
        Annotated[list[Annotated[StrictStr, Field(max_length=300), AfterValidator(_origin)]], Field(max_length=50)]
        | None,
        Field(description="`form`: web sites whose pages may post.", examples=[["https://example.com"]]),
    ] = None
    redirects: Annotated[
        Annotated[list[Annotated[StrictStr, Field(max_length=300), AfterValidator(_host)]], Field(max_length=50)]
        | None,
        Field(description="`form`: hosts that a browser may be sent on to.", examples=[["example.com"]]),
    ] = None
    honeypot: Annotated[
        _Id | None, Field(description="`form`: a field that people do not see: whoever fills it in is a robot.")
    ] = None
    min_seconds: Annotated[
        Annotated[StrictInt, Field(ge=0, le=3600)] | None,
        Field(description="`form`: so long people need to fill it in at least; 0: not looked at."),
    ] = None
    mapping: Annotated[
        Annotated[list[dict[str, Any]], Field(max_length=MOST_RULES)] | None,
        Field(
            description="Rules in order: which answer becomes which value of the contact; empty: those that are usual.",
            examples=[[{"from": "work_email", "to": "email", "transform": ["trim", "lower"]}]],
        ),
    ] = None
    country: Annotated[
        _Country | None, Field(description="Of numbers without a country code; null: the account's.")
    ] = None
    update: Annotated[
        Literal["fill_empty", "overwrite", "keep"] | None,
        Field(description="What a lead may change of a contact that is there: `fill_empty` unless set."),
    ] = None
    groups: Annotated[
        Annotated[list[_Key], Field(max_length=50)] | None, Field(description="Keys of groups that contacts join.")
    ] = None
    tags: (
        Annotated[list[Annotated[StrictStr, Field(max_length=200), AfterValidator(_tag)]], Field(max_length=50)] | None
    ) = None
    consents: Annotated[list[ConsentRule], Field(max_length=20)] | None = None
    automation: Annotated[_Key | None, Field(description="The key of an automation that contacts enter.")] = None
    reply: ReplyRule | None = None
    notify: NotifyRule | None = None
    keep_days: Annotated[
        Annotated[StrictInt, Field(ge=1, le=730)] | None,
        Field(description="For so long the raw lead is kept: 90 days unless set."),
    ] = None
    on_erasure: Annotated[
        Literal["erase_lead", "erase_contact"] | None,
        Field(
            description="Whether an erasure that the provider demands also deletes a contact that came by no "
            "other way: `erase_contact` unless set."
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """The settings that are given, in the form in which they are stored; ``None``: to be as if never set."""
        return self.model_dump(mode="json", exclude_unset=True, include=set(Settings.model_fields))


class Credentials(_Part):
    """What is secret of a source. It goes in, and is never shown again; `null`: it is deleted."""

    token: Annotated[
        _Secret | None, Field(repr=False, description="`meta`: of the page; `linkedin`: by which leads are fetched.")
    ] = None
    app_secret: Annotated[
        _Secret | None, Field(repr=False, description="`meta`: of your own app, which signs what it posts.")
    ] = None
    verify_token: Annotated[
        _Secret | None,
        Field(repr=False, description="`meta`: what your own app is to say first. Left out: we choose it."),
    ] = None
    key: Annotated[
        Annotated[StrictStr, Field(min_length=16, max_length=50), AfterValidator(_credential)] | None,
        Field(repr=False, description="`google`: as it is entered there. Left out: we choose it."),
    ] = None
    client_id: Annotated[
        Annotated[StrictStr, Field(min_length=1, max_length=200), AfterValidator(_credential)] | None,
        Field(repr=False, description="`linkedin`: of your app."),
    ] = None
    client_secret: Annotated[
        _Secret | None, Field(repr=False, description="`linkedin`: of your app, which signs what it posts.")
    ] = None

    def given(self) -> dict[str, str | None]:
        """Those that are given."""
        return self.model_dump(exclude_unset=True)
