"""Leads from the files that Meta and Google let people download: stored as if they had been posted, none twice."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from domain.errors import ConflictError, InvalidError
from domain.keyring import Keyring
from domain.leads.dedupe import key_of
from domain.leads.mapping import map_lead, parse_rules
from domain.leads.raw import RawLead
from domain.leads.reading.by_kind import read_lead
from domain.leads.reading.file import FaultyRow, FileRow, rows_in
from domain.leads.reading.rows import ID_KEYS
from domain.leads.source import SourceSettings
from domain.leads.suggesting import suggest
from services.changes import Change
from services.leads.receiving import Arrived, receive
from store.audience.contacts.terms import terms_of
from store.leads.known import known_among
from store.leads.sources import Source
from store.pool import Connections

MOST_FAULTS = 100
"""Rows of which it is said why they were not taken."""

_AT_A_TIME = 200
"""Leads of a transaction."""
_BYTES_AT_A_TIME = 256 * 1024
"""After which a transaction has no more leads: sealing them must not keep others waiting."""
_NO_DAY = datetime(1970, 1, 1, tzinfo=UTC)
"""In the place of the day on which a lead came, if the file does not say it: whenever it is imported."""


@dataclass(slots=True)
class Imported:
    """What became of the rows of a file."""

    rows: int = 0
    new: int = 0
    known: int = 0
    """Leads that were stored before, or that stand further up in the file."""
    faulty: int = 0
    faults: list[FaultyRow] = field(default_factory=list)
    """The first ones."""


async def import_leads(
    store: Connections, keyring: Keyring, source: Source, content: bytes, *, begin: bool, dry_run: bool
) -> Imported:
    """Store the leads of a file, in slices, each in a transaction. The workers' sweep starts their workflows.

    Whoever repeats it after it was interrupted loses nothing.

    Args:
        store: Outside of a transaction.
        begin: Whether they are answered and begin automations as leads that are posted do.
        dry_run: They are counted only.

    Raises:
        InvalidError: it is no such file.
        ConflictError: there are no such files for this kind of source, or it is disabled.
    """
    if source.kind not in ID_KEYS:
        words = f"leads of the kind {source.kind} are in no file: import people with POST /api/contacts/import"
        raise ConflictError("lead_source_kind", words)
    if source.state == "disabled":
        raise ConflictError("lead_source_state", 'the source is disabled: PATCH it with {"enabled": true}')
    settings = SourceSettings.of(source.settings)
    terms = await terms_of(store, source.account_id)
    reading = _Reading(source, settings, settings.country or terms.region, begin)
    await asyncio.to_thread(reading.open, content)
    seen: set[str] = set()
    while slice_ := await asyncio.to_thread(reading.next):
        if dry_run:
            ids = {one.provider_id for one in slice_} - seen
            reading.imported.new += len(ids - await known_among(store, source.id, list(ids)))
            seen |= ids
        else:
            reading.imported.new += sum(one.is_new for one in await receive(store, keyring, slice_))
    imported = reading.imported
    imported.known = imported.rows - imported.new - imported.faulty
    return imported


def note(change: Change, source: Source, imported: Imported) -> None:
    """Have the audit log tell of an import."""
    change.about("lead_source", source.id, source.name)
    change.metadata |= {"rows": imported.rows, "new": imported.new}


class _Reading:
    """Reads a file, outside of the event loop."""

    def __init__(self, source: Source, settings: SourceSettings, country: str | None, begin: bool) -> None:
        self.imported = Imported()
        self._source = source
        self._forms = frozenset(settings.forms)
        self._rules = parse_rules(list(settings.mapping)) if settings.mapping else None
        self._country = country
        self._notice: Mapping[str, Any] = {} if begin else {"quiet": True}
        self._rows: Iterator[FileRow | FaultyRow] = iter(())

    def open(self, content: bytes) -> None:
        """Look at the whole file."""
        kind: Literal["meta", "google"] = "meta" if self._source.kind == "meta" else "google"
        self._rows = rows_in(kind, content)

    def next(self) -> list[Arrived]:
        """The next leads; none: the file has ended."""
        found: list[Arrived] = []
        size = 0
        while len(found) < _AT_A_TIME and size < _BYTES_AT_A_TIME:
            one = next(self._rows, None)
            if one is None:
                break
            self.imported.rows += 1
            lead = self._lead(one) if isinstance(one, FileRow) else one
            if isinstance(lead, FaultyRow):
                self._faulty(lead)
            else:
                found.append(lead)
                size += len(orjson.dumps(lead.raw))
        return found

    def _lead(self, row: FileRow) -> Arrived | FaultyRow:
        try:
            body = self._with_id(row.body)
            lead = read_lead(self._source.kind, body)
        except InvalidError as error:
            return FaultyRow(row.row, error.code, error.message)
        if self._forms and lead.form_id is not None and lead.form_id not in self._forms:
            return FaultyRow(row.row, "lead_form", f"it is of the form {lead.form_id}, which the source does not take")
        return Arrived(self._source, lead.id, "import", self._notice, body, lead.form_id, lead.created_at)

    def _with_id(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Google's files may have no ids: who sent which form on which day is known."""
        if self._source.kind != "google" or body.get(ID_KEYS["google"]):
            return body
        lead = read_lead("google", {**body, ID_KEYS["google"]: "-"})
        key = self._key_of(lead, body)
        if key is None:
            raise InvalidError("lead_id", "the row has neither an id nor an email address or phone number")
        return {**body, ID_KEYS["google"]: key}

    def _key_of(self, lead: RawLead, body: Mapping[str, Any]) -> str | None:
        rules = self._rules if self._rules is not None else suggest(lead)
        mapped = map_lead(lead, body, rules, self._country)
        return key_of(self._source.id, lead, mapped, _NO_DAY)

    def _faulty(self, row: FaultyRow) -> None:
        self.imported.faulty += 1
        if len(self.imported.faults) < MOST_FAULTS:
            self.imported.faults.append(row)
