"""The operation ``persons.export``: what is known of a person, as files of lines of JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from domain.access.user_scopes import CONTACTS
from domain.ids import index_of, page_of, send_workflow_id
from domain.keyring import KeyringError
from domain.messages.page_content import PageContent
from domain.operations.slices import Sliced
from domain.persons.subject import Subject
from runtime.codec import REFUSALS
from services.operations.kinds import Slice
from services.persons import leads_of_person
from services.persons.exporting import EXPORT
from services.persons.naming import known_of
from services.sending.page_runs import latest_run
from services.sending.page_start import page_start
from store.batches import batches
from store.leads.sealing import open_lead
from store.operations import exports
from store.operations.exports import Rows
from store.persons import exporting, finding
from store.persons.finding import Known

_MESSAGES = 100
"""Messages of a slice: for each page Temporal may be asked for its texts."""
_TEXTS = ("subject", "body", "html", "template", "media_url", "sender")
"""What is shown of a message's content."""
_START = str(UUID(int=0))


class ExportPerson:
    """Contacts and what hangs on them, then leads, then messages; ``result``: how many rows each file has."""

    name = EXPORT
    may_be_cancelled = True
    scope = CONTACTS

    async def count(self, work: Slice) -> None:
        """Known at the end."""

    async def slice(self, work: Slice) -> Sliced:
        """Write some rows."""
        place = work.operation.place or {"step": "rows"}
        subject = Subject(**work.input["subject"])
        known = await known_of(work.store, work.account_id, subject, work.operation.id, work.operation.created_at)
        files, following = await _STEPS[place["step"]](work, known, UUID(place.get("after", _START)))
        counts = Counter((work.operation.result or {"rows": {}})["rows"])
        for name, rows in files.items():
            await exports.write(work.store, work.operation.id, name, rows)
            counts[name] += len(rows)
        return Sliced(following, sum(map(len, files.values())), result={"rows": dict(counts)})


_Written = tuple[dict[str, Rows], dict[str, Any] | None]
"""Rows by file, and where to go on."""


async def _rows(work: Slice, known: Known, after: UUID) -> _Written:
    return await exporting.rows(work.store, known), {"step": "leads"}


async def _leads(work: Slice, known: Known, after: UUID) -> _Written:
    theirs, last = await leads_of_person.next_of(work.store, work.keyring, known, after)
    rows = [("", await _lead(work, lead_id)) for lead_id in theirs]
    return {"leads": rows}, {"step": "leads", "after": str(last)} if last else {"step": "messages"}


async def _lead(work: Slice, lead_id: UUID) -> str:
    row, sealed = await exporting.lead(work.store, lead_id)
    if sealed is None:
        return row
    try:
        raw = open_lead(work.keyring, lead_id, sealed)
    except KeyringError:  # sealed with a key that was removed
        return row
    return orjson.dumps(orjson.loads(row) | {"raw": raw}).decode()


async def _messages(work: Slice, known: Known, after: UUID) -> _Written:
    uids = await finding.messages_of(work.store, known, _MESSAGES, after)
    if not uids:
        return {}, None
    files = {"messages": await exporting.messages(work.store, uids), **await exports.of_messages(work.store, uids)}
    return files | {"texts": await _texts(work, uids)}, {"step": "messages", "after": str(uids[-1])}


async def _texts(work: Slice, uids: Sequence[UUID]) -> Rows:
    """As they were accepted, of those that are still kept: in Temporal, or of a batch that goes on."""
    pages: dict[UUID, PageContent | None] = {}
    rows: Rows = []
    for uid in uids:
        page_id = page_of(uid)
        if page_id not in pages:
            pages[page_id] = await _content(work, page_id)
        if (page := pages[page_id]) is not None:
            content = page.contents[page.messages[index_of(uid)].content]
            row = {"uid": str(uid), **{name: text for name in _TEXTS if (text := getattr(content, name))}}
            rows.append((str(uid), orjson.dumps(row).decode()))
    return rows


async def _content(work: Slice, page_id: UUID) -> PageContent | None:
    run = await latest_run(work.client, send_workflow_id(page_id))
    try:
        async with work.store.connection() as conn:
            start = await page_start(conn, work.client, page_id, run)
    except REFUSALS:  # sealed with a key that was removed
        return None
    content = start and (start.content or await batches.page_content(work.store, page_id))
    return PageContent.decode(content) if content else None


_STEPS = {"rows": _rows, "leads": _leads, "messages": _messages}
