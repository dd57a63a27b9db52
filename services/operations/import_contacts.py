"""The operation ``contacts.import``: rows of a file become contacts, some thousand in each slice."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.access.user_scopes import CONTACTS
from domain.audience.imports.columns import check_columns, check_mapping
from domain.errors import InvalidError
from domain.operations.slices import ItemError, Sliced
from services.audience.imports import faults_file
from services.audience.imports.contact_lines import too_many_of
from services.audience.imports.frames import Block, RowFault
from services.audience.imports.reader import FileReader, FileReaders, GoneOn
from services.operations.kinds import Slice
from store.audience.contacts import fields, groups
from store.audience.imports import files, staging
from store.operations import exports
from store.pool import InTransaction

NAME = "contacts.import"

_PATIENCE = 2.0
"""Seconds that a slice waits for rows: its transaction is open meanwhile."""
_AGAIN = 0.2
"""Seconds until the next slice, where there was nothing to do yet."""
_AMBIGUOUS = "this value is of another contact than other values of the row: correct one of them, or merge the two"
_COUNTS = ("new", "changed", "unchanged", "duplicates", "faulty")


class ImportContacts:
    """Block after block of the file. ``input``: the file's id, ``is_dry_run``, and the options of ``starting``."""

    name = NAME
    may_be_cancelled = True
    scope = CONTACTS

    def __init__(self) -> None:
        self._readers = FileReaders()

    async def count(self, work: Slice) -> None:
        """Known at the end: counting the rows takes as long as reading them."""

    async def slice(self, work: Slice) -> Sliced:
        """Take the next block."""
        place = work.operation.place or {"row": 0}
        if "clean" in place:
            return await self._clean(work)
        assert isinstance(work.store, InTransaction)
        if not await staging.lock(work.store.conn, work.account_id):
            return Sliced(work.operation.place, pause=_AGAIN)  # another import of the account is at work
        try:
            reader = self._readers.find(work.operation.id)
            if reader is None:
                return Sliced(await self._open(work, place), pause=0.0)
            block = await reader.block_after(place["row"], _PATIENCE)
            return Sliced(place, pause=_AGAIN) if block is None else await _take(work, place, block)
        except GoneOn:
            self._readers.end(work.operation.id)
            return Sliced(place, pause=_AGAIN)
        except BaseException:
            self._readers.end(work.operation.id)
            raise

    async def _open(self, work: Slice, place: Mapping[str, Any]) -> dict[str, Any]:
        """Have the file read; the first time, choose what its columns hold."""
        given = work.input
        custom = await fields.types(work.store, work.account_id)
        reader = await FileReader.open(work.store, UUID(given["file"]))
        self._readers.add(work.operation.id, reader)
        head = await reader.head(given["sheet"], list(custom))
        mapping = place.get("mapping")
        if mapping is None:
            mapping = given["mapping"]
            if mapping is None:
                remembered = await files.mapping_of(work.store, work.account_id, head.digest)
                mapping = _still_known(remembered, custom) if remembered else head.suggested
            check_mapping(mapping, list(custom))
            mapping = check_columns(head.columns, mapping)
            await files.remember_mapping(work.store, work.account_id, head.digest, mapping)
        ids = await groups.ids(work.store, work.account_id)
        if missing := [key for key in given["groups"] if key not in ids]:
            raise InvalidError("group_unknown", f"there is no group {missing[0]!r} any more", "/groups")
        terms = {
            "mapping": mapping,
            "default_country": given["default_country"],
            "custom": custom,
            "groups": ids,
            "add_tags": given["tags"],
            "add_groups": [ids[key] for key in given["groups"]],
            "origin": given["origin"],
            "at": work.operation.created_at.isoformat(),
        }
        reader.begin(terms, place["row"])
        unmapped = [column for column in head.columns if column not in mapping]
        return {**place, "mapping": mapping, "about": {**head.about, "columns": mapping, "unmapped": unmapped}}

    async def _clean(self, work: Slice) -> Sliced:
        """Delete the file, and what was noted while it was read."""
        self._readers.end(work.operation.id)
        is_over = await files.forget_seen(work.store, work.operation.id)
        if is_over:
            await files.delete(work.store, UUID(work.input["file"]))
        return Sliced(None if is_over else {"clean": True})


async def _take(work: Slice, place: Mapping[str, Any], block: Block) -> Sliced:
    assert isinstance(work.store, InTransaction)
    conn = work.store.conn
    of = staging.Import(work.operation.id, work.account_id, work.input["known"], work.input["is_dry_run"])
    async with staging.staged(conn, block.content):
        taken = await staging.take(conn, of, block.rounds)
    too_many = [too_many_of(name, row, place["mapping"]) for row, name in taken.too_many]
    ambiguous = _ambiguous(taken.ambiguous, place["mapping"])
    faults = sorted([*block.faults, *ambiguous, *too_many], key=lambda fault: fault.row)
    before = work.operation.result or {"counts": dict.fromkeys(_COUNTS, 0)}
    counts = dict(before["counts"])
    await _list_faults(work, faults, counts["faulty"])
    for name, more in zip(
        _COUNTS, (taken.new, taken.changed, taken.unchanged, taken.duplicates, len(faults)), strict=True
    ):
        counts[name] += more
    result = {"dry_run": of.is_dry_run, "counts": counts, "read_percent": block.percent, **place["about"]}
    errors = [ItemError(f"row {fault.row}", fault.code, _where(fault)) for fault in faults]
    following = {"clean": True} if block.is_last else {**place, "row": block.last}
    return Sliced(following, block.rows, errors, result=result)


async def _list_faults(work: Slice, faults: list[RowFault], before: int) -> None:
    listed = faults[: max(0, faults_file.MOST - before)]
    if listed:
        text = await asyncio.to_thread(faults_file.lines, listed, is_first=before == 0)
        await exports.write_text(work.store, work.operation.id, faults_file.NAME, text)


def _ambiguous(found: list[tuple[int, str, str]], mapping: Mapping[str, str]) -> list[RowFault]:
    columns = {field: column for column, field in mapping.items()}
    return [RowFault(row, columns[field], value, "ambiguous", _AMBIGUOUS) for row, field, value in found]


def _where(fault: RowFault) -> str:
    return f"{fault.column}: {fault.message}" if fault.column else fault.message


def _still_known(mapping: Mapping[str, str], custom: Mapping[str, str]) -> dict[str, str]:
    """What was remembered, without custom fields that are gone."""
    return {
        column: field
        for column, field in mapping.items()
        if not field.startswith("fields.") or field.removeprefix("fields.") in custom
    }
