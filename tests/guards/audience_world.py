"""Imports and campaigns on the same database: read, taken and stored by the code of operations and workflows."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import orjson

from domain.access.actors import COMMAND_LINE
from domain.audience.campaigns.run import CampaignStart, SliceRequest
from domain.audience.named_template import TemplateUse
from domain.channels import Channel
from domain.ids import batch_page_id
from domain.messages.page import PageHeader
from domain.messages.page_content import PageContent
from services.audience.campaigns import rules
from services.audience.campaigns.models import CampaignDraft
from services.audience.campaigns.sending import CampaignSending
from services.audience.imports import child
from services.audience.imports.frames import block_of
from services.audience.templates.models import TemplateDraft
from services.audience.templates.named import NamedTemplates
from services.audience.templates.preparing import prepare
from services.audience.templates.rules import publish_template, save_template
from services.changes import change
from store.audience.imports import staging
from store.audience.imports.staging import Import
from store.audience.templates import templates
from store.batches import batches
from store.pool import Pool

_COLUMNS = ("phone", "email", "time_zone")
_TERMS: dict[str, Any] = {
    "mapping": {name: name for name in _COLUMNS},
    "default_country": None,
    "custom": {},
    "groups": {},
    "add_groups": [],
    "origin": "import",
    "at": "2026-10-01T00:00:00Z",
    "after": 0,
}
_TEMPLATE = {
    "name": "Spring",
    "sms": {"en": {"message": "Spring is here"}},
    "whatsapp": {"en": {"text": "Spring is here"}},
    "email": {"en": {"subject": "Spring", "text": "Spring is here {{ unsubscribe_url }}"}},
}


@dataclass(frozen=True, slots=True)
class Row:
    """Of a file."""

    phone: str
    email: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """A page of a campaign's batch, which was not started yet."""

    header: PageHeader
    content: PageContent


class AudienceWorld:
    """What marketers do."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._sending = CampaignSending(pool, {"public_url": "https://links.example.com"})

    async def aclose(self) -> None:
        await self._sending.aclose()

    async def import_contacts(self, account: int, rows: Sequence[Row], tag: str) -> None:
        """What a slice of an import does, with its file read in this process."""
        block = block_of(*_read(rows, tag))
        async with self.pool.connection() as conn, conn.transaction():
            assert await staging.lock(conn, account)
            async with staging.staged(conn, block.content):
                taken = await staging.take(conn, Import(uuid4(), account, "update", is_dry_run=False), block.rounds)
        assert not block.faults, block.faults
        assert taken.new + taken.changed + taken.unchanged == len(rows), taken

    async def add_template(self, account: int) -> None:
        """For all channels."""
        draft = TemplateDraft.model_validate(_TEMPLATE)
        async with change(self.pool, COMMAND_LINE, "template.saved") as made:
            await save_template(made, account, "spring", draft)
        async with change(self.pool, COMMAND_LINE, "template.published") as made:
            template = await templates.get(made.store, account, "spring", lock=True)
            await publish_template(made, template, draft.body().stored(), await prepare(draft.body()))
        await NamedTemplates(self.pool).read(account, Channel.SMS, TemplateUse("spring"))

    async def campaign(self, account: int, **plan: Any) -> list[CampaignPage]:
        """Launch a campaign, and store all of its batches."""
        draft = CampaignDraft.model_validate({"name": "Spring", "template": "spring", **plan})
        async with change(self.pool, COMMAND_LINE, "campaign.launched") as made:
            saved = await rules.add(made, account, draft)
            _, run = await rules.launch(made, NamedTemplates(self.pool), account, saved.id)
        assert run is not None
        begun = await self._sending.begin(CampaignStart(str(saved.id), account, str(run.id)), run.workflow_id, "")
        assert begun is not None
        taken = await self._sending.take_people(run.id)
        assert not taken.failure
        assert not taken.needs_approval
        found, number = list[CampaignPage](), 0
        for part in begun.parts:
            is_last = False
            while not is_last:
                number += 1
                made_slice = await self._sending.store_slice(SliceRequest(str(run.id), number, part))
                is_last = made_slice.is_last
                if made_slice.batch is not None:
                    found += await self._pages(UUID(made_slice.batch.batch_id), account, str(plan["channel"]))
        return found

    async def _pages(self, batch_id: UUID, account: int, channel: str) -> list[CampaignPage]:
        found: list[CampaignPage] = []
        while content := await batches.page_content(self.pool, page_id := batch_page_id(batch_id, len(found) + 1)):
            read = PageContent.decode(content)
            header = PageHeader(str(page_id), account, channel, len(read.messages), lane="bulk", stored=True)
            found.append(CampaignPage(header, read))
        return found


def _read(rows: Sequence[Row], tag: str) -> tuple[dict[str, Any], bytes]:
    """The one block of a file of these rows."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows((row.phone, row.email, row.time_zone) for row in rows)
    told = [{"sheet": None, "custom": []}, {**_TERMS, "add_tags": [tag]}]
    out = io.BytesIO()
    lines = io.BytesIO(b"\n".join(map(orjson.dumps, told)) + b"\n")
    child.read(io.BytesIO(text.getvalue().encode()), lines, out)
    out.seek(0)
    frames = []
    while line := out.readline():
        head = orjson.loads(line)
        frames.append((head, out.read(head["length"])))
    _, block = frames
    return block
