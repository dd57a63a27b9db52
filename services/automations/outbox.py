"""Sends what waits in the outbox: messages of the same step as one batch."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError
from temporalio.client import Client
from temporalio.service import RPCError

from domain.audience.named_template import NamedTemplate, TemplateUse
from domain.batches.batch import BatchHeader
from domain.channels import Channel
from domain.errors import InvalidError
from domain.ids import PAGE_SIZE, new_batch_id
from domain.lanes import Lane
from domain.mail.preheader import with_preheader
from services.audience.templates.named import NamedTemplates
from services.automations.pages import build_page, has_fallbacks
from services.contacts.models import SEND_MODELS
from services.contacts.read import ReadContacts, Terms, read_contacts
from services.sending.batch_header import page_sizes
from services.sending.batch_pages import build_batch
from services.sending.page_start import PageStart
from services.sending.terms import SendingTermsReader
from store.automations import outbox, pages
from store.automations.outbox import Made, Waiting
from store.batches import batches
from store.pool import DB_UNAVAILABLE, InTransaction, Pool, long_transaction

log = structlog.get_logger()

StartBatch = Callable[[Client, BatchHeader | PageStart], Awaitable[bool]]
"""Starts the workflow of a stored batch, or page, once (``services.sending.restart``)."""

MOST = 5_000
"""Messages of a batch."""
_GATHERING = 0.05
"""Seconds that messages wait for others of their step."""
LATE = 5.0
"""Seconds after which another process takes what one left."""


class OutboxSender:
    """One per process: sends soon after a step was taken here. What it leaves is sent by the workers' sweep."""

    def __init__(self, pool: Pool, environment: Mapping[str, Any]) -> None:
        """``environment``: settings that the process was started with."""
        self._pool = pool
        self._terms = SendingTermsReader(pool, environment)
        self._templates = NamedTemplates(pool)
        self._task: asyncio.Task[None] | None = None
        self._is_asked = False

    def poke(self, client: Client, start: StartBatch) -> None:
        """Steps were taken: there may be something to send."""
        self._is_asked = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._soon(client, start))

    async def aclose(self) -> None:
        """Let what is under way end."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _soon(self, client: Client, start: StartBatch) -> None:
        while self._is_asked:
            await asyncio.sleep(_GATHERING)
            self._is_asked = False
            try:
                await self.send_all(client, start, 0.0)
            except (RPCError, *DB_UNAVAILABLE) as error:
                log.warning("messages of automations wait for the sweep", error=type(error).__name__)

    async def send_all(self, client: Client, start: StartBatch, older_than_seconds: float) -> None:
        """Send all that waits for so long, and start the batches that were left unstarted."""
        while await self._send(client, start, older_than_seconds):
            pass
        for batch_id in await outbox.unstarted(self._pool, LATE):
            await self._start(client, start, batch_id)
        for header, content in await pages.unstarted(self._pool, LATE):
            await self._start_page(client, start, PageStart(header, content))

    async def _send(self, client: Client, start: StartBatch, older_than_seconds: float) -> bool:
        async with long_transaction(self._pool) as conn:
            store = InTransaction(conn)
            waiting = await outbox.take(store, older_than_seconds, MOST)
            if not waiting:
                return False
            if has_fallbacks(waiting[0].letter):
                waiting = waiting[:PAGE_SIZE]
            while True:
                try:
                    stored, made = await self._made(waiting)
                    break
                except DB_UNAVAILABLE:
                    raise
                except Exception as error:  # of one that fails all: the others are sent without it
                    if len(waiting) == 1:
                        stored, made = None, _none(waiting, *told_of(error))
                        break
                    waiting = waiting[: len(waiting) // 2]
            batch = stored if isinstance(stored, batches.NewBatch) else None
            if isinstance(stored, PageStart):
                await pages.put(store, stored.header, stored.content)
            if batch is not None:
                await batches.write(conn, batch)
            await outbox.settle(store, waiting, made, batch.id if batch else None)
        if isinstance(stored, PageStart):
            await self._start_page(client, start, stored)
        if batch is not None:
            await self._start(client, start, batch.id)
        return True

    async def _start_page(self, client: Client, start: StartBatch, page: PageStart) -> None:
        await start(client, page)
        await pages.started(self._pool, page.header.page_id)

    async def _start(self, client: Client, start: StartBatch, batch_id: UUID) -> None:
        header = await batches.header(self._pool, batch_id)
        if header is not None:
            await start(client, header)
        await outbox.started(self._pool, batch_id)

    async def _made(self, waiting: Sequence[Waiting]) -> tuple[batches.NewBatch | PageStart | None, list[Made]]:
        letter, account_id = waiting[0].letter, waiting[0].account_id
        channel = Channel(letter["channel"])
        found = await self._terms.of(account_id)
        if found is None or found[0].status == "deleted":
            return None, _none(waiting, "account_deleted", "the account was deleted")
        try:
            named = await self._named(account_id, channel, letter)
        except InvalidError as error:
            return None, _none(waiting, error.code, error.message)
        read = await asyncio.to_thread(read_letter, channel, letter, [one.contact for one in waiting], found[1], named)
        refused = {int(error.pointer.split("/")[2]): error for error in read.left_out}
        made = [
            Made(one.run_id, one.number, None, refused[place].code, refused[place].message)
            for place, one in enumerate(waiting)
            if place in refused
        ]
        if not read.content.messages:
            return None, made
        rest = [one for place, one in enumerate(waiting) if place not in refused]
        if has_fallbacks(letter):
            page, uids = build_page(account_id, channel, Lane(letter["lane"]), read)
            return page, [*made, *(Made(one.run_id, one.number, uid) for one, uid in zip(rest, uids, strict=True))]
        sizes = await page_sizes(self._pool, account_id, channel)
        batch, messages = build_batch(new_batch_id(), account_id, channel, Lane(letter["lane"]), read, sizes)
        made += [Made(one.run_id, one.number, uid) for one, (uid, _) in zip(rest, messages, strict=True)]
        return batch.stored, made

    async def _named(self, account_id: int, channel: Channel, letter: Mapping[str, Any]) -> NamedTemplate | None:
        key = letter["template"]
        return await self._templates.read(account_id, channel, TemplateUse(key), archived=True) if key else None


def told_of(error: Exception) -> tuple[str, str]:
    if isinstance(error, ValidationError):
        return "contact_invalid", "the contact holds a value that no message can be made of"
    if isinstance(error, InvalidError):
        return error.fields[0].code, error.fields[0].message
    log.error("a message of an automation could not be made", exc_info=error)
    return "internal_error", f"{type(error).__name__}: see the log"


def _none(waiting: Sequence[Waiting], code: str, reason: str) -> list[Made]:
    return [Made(one.run_id, one.number, None, code, reason) for one in waiting]


def read_letter(
    channel: Channel,
    letter: Mapping[str, Any],
    contacts: list[dict[str, Any]],
    terms: Terms,
    named: NamedTemplate | None,
) -> ReadContacts:
    body: dict[str, Any] = {"contact": contacts}
    if letter["template"]:
        body["template"] = letter["template"]
    else:
        body |= _texts(channel, letter["texts"])
        body["contact"] = [contact | _own(channel, letter["texts"]) for contact in contacts]
    for name, wanted in (("gateway_identifier", letter["gateway"]), ("on_unknown", letter["on_unknown"])):
        if wanted:
            body[name] = wanted
    send = SEND_MODELS[channel].model_validate(body)
    return read_contacts(send, terms, Lane(letter["lane"]), named=named, leaves_out=True)


def _texts(channel: Channel, texts: Mapping[str, Any]) -> dict[str, Any]:
    """As a request has them for all of its contacts."""
    text = texts.get("message") or texts.get("body")
    if text and channel is Channel.EMAIL and texts.get("preheader"):
        text = with_preheader(text, texts["preheader"])
    found = {"message": text} if text else {}
    return found | ({"subject": texts["subject"]} if channel is Channel.EMAIL and "subject" in texts else {})


def _own(channel: Channel, texts: Mapping[str, Any]) -> dict[str, Any]:
    """As a request has it with each contact."""
    names = ("media", "url", "template") if channel is Channel.WHATSAPP else ()
    return {name: texts[name] for name in names if name in texts}
