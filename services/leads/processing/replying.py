"""The message that answers a lead: stored with what became of the lead, so that it is sent once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from temporalio.client import Client

from domain.audience.contacts.contact import Contact
from domain.audience.named_template import NamedTemplate, TemplateUse
from domain.channels import Channel
from domain.errors import InvalidError
from domain.lanes import Lane
from services.audience.templates.named import NamedTemplates
from services.automations.outbox import StartBatch, read_letter, told_of
from services.automations.pages import build_page
from services.contacts.models import FIELDS_OF
from services.contacts.read import Terms
from services.sending.page_start import PageStart
from services.sending.terms import SendingTermsReader
from store.automations import pages
from store.pool import Connections, Pool

_NOT = "it could not be answered"


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that is to be sent; or why there is none."""

    page: PageStart | None = None
    uid: UUID | None = None
    code: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """What a message is made of, beside the contact."""

    terms: Terms
    template: NamedTemplate


class Replying:
    """One per process."""

    def __init__(self, pool: Pool, environment: Mapping[str, Any]) -> None:
        """``environment``: settings that the process was started with."""
        self._pool = pool
        self._terms = SendingTermsReader(pool, environment)
        self._templates = NamedTemplates(pool)

    async def look_up(self, account_id: int, wanted: Mapping[str, str]) -> Wording | Reply:
        """What the answers of an account are made of, or why there are none. Before the transaction of the lead: it
        takes connections of its own, and with all of them in transactions that wait for another one nothing goes on.
        """
        found = await self._terms.of(account_id)
        if found is None or found[0].status == "deleted":
            return Reply(code="account_deleted", why=f"{_NOT}: the account was deleted")
        try:
            use = TemplateUse(wanted["template"])
            template = await self._templates.read(account_id, Channel(wanted["channel"]), use)
        except InvalidError as error:
            return Reply(code=error.code, why=f"{_NOT}: {error.message}")
        return Wording(found[1], template)

    async def prepare(
        self,
        store: Connections,
        contact: Contact,
        wanted: Mapping[str, str],
        wording: Wording | Reply,
        named: Mapping[str, Any],
    ) -> Reply:
        """Store the message, in the transaction of the lead. ``named``: what the template may name beside the contact.

        What stands in the way is told: the lead is not lost by it.
        """
        channel = Channel(wanted["channel"])
        address = _address(contact, channel)
        if address is None:
            return Reply(code="reply_unreachable", why=f"there is no address for {channel.value} to answer to")
        if isinstance(wording, Reply):
            return wording
        try:
            page, uid = _page(contact, channel, wanted, wording, _recipient(contact, channel, address, named))
        except (InvalidError, ValidationError) as error:
            code, why = told_of(error)
            return Reply(code=code, why=f"{_NOT}: {why}")
        await pages.put(store, page.header, page.content)
        return Reply(page, uid)

    async def start(self, client: Client, start: StartBatch, page: PageStart) -> None:
        """Start it, after the transaction. What a dead process left, the workers' sweep starts.

        Raises:
            RPCError: Temporal does not answer.
        """
        await start(client, page)
        await pages.started(self._pool, page.header.page_id)


def _page(
    contact: Contact, channel: Channel, wanted: Mapping[str, str], wording: Wording, recipient: Mapping[str, Any]
) -> tuple[PageStart, UUID]:
    letter = {
        "channel": channel.value,
        "template": wanted["template"],
        "gateway": wanted.get("gateway"),
        "on_unknown": None,
        "lane": Lane.TRANSACTIONAL.value,
    }
    read = read_letter(channel, letter, [dict(recipient)], wording.terms, wording.template)
    if read.left_out:
        raise InvalidError(read.left_out[0].code, read.left_out[0].message)
    page, uids = build_page(contact.account_id, channel, Lane.TRANSACTIONAL, read)
    return page, uids[0]


def _address(contact: Contact, channel: Channel) -> str | None:
    numbers = {Channel.SMS: contact.phone, Channel.WHATSAPP: contact.whatsapp or contact.phone}
    return contact.email if channel is Channel.EMAIL else numbers[channel]


def _recipient(contact: Contact, channel: Channel, address: str, named: Mapping[str, Any]) -> dict[str, Any]:
    """As in a request to send. What it holds for templates must not take the place of the request's own fields."""
    own = {name: getattr(contact, name) for name in ("first_name", "last_name", "language", "country")}
    values = {**named, **contact.fields, **own}
    given = {name: value for name, value in values.items() if value is not None and name not in FIELDS_OF[channel]}
    if contact.language is not None:
        given["language"] = contact.language
    return given | {"email" if channel is Channel.EMAIL else "number": address}
