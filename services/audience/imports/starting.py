"""Beginning imports of contacts, for the API and the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.audience.contacts.contact import MOST_TAG, MOST_TAGS
from domain.audience.imports.columns import check_mapping
from domain.errors import InvalidError
from domain.recipients import is_region
from services.changes import Change
from services.operations.import_contacts import NAME
from store.accounts import accounts
from store.audience.contacts import fields, groups
from store.audience.imports import files
from store.audience.imports.staging import Known
from store.operations import operations
from store.operations.operations import Operation

MOST_BYTES = 200 * 1024 * 1024
"""Bytes of a file."""
PIECE = 1024 * 1024
"""Bytes of a piece that is stored."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is imported."""

    mapping: Mapping[str, str] | None = None
    """What columns hold, by their names; others are left out. ``None``: as the last time, or by their names."""
    default_country: str | None = None
    """Of numbers without country code, by its two letters. ``None``: the account's."""
    groups: Sequence[str] = field(default_factory=list)
    """Keys of groups that all contacts of the file are added to."""
    tags: Sequence[str] = field(default_factory=list)
    """Tags that all of them get."""
    known: Known = "update"
    origin: str = "import"
    """What is noted as the origin of values."""
    sheet: str | None = None
    """Of an XLSX file. ``None``: the first one."""


async def begin_import(
    change: Change, account_id: int, file_id: UUID, options: Options, owner_id: int | None, *, only_count: bool
) -> Operation:
    """Have a stored file imported. ``only_count``: nothing is written. ``owner_id``: whose key may see how far it is.

    Raises:
        NotFoundError: there is no such account.
        InvalidError: an option cannot be used.
    """
    account = await accounts.lock(change.store, account_id)
    change.about("user", account.id, account.name)
    country = options.default_country or account.default_region
    if country is not None and not is_region(country.upper()):
        raise InvalidError("default_country", "write a country by its two letters, such as DE", "/default_country")
    if options.mapping is not None:
        check_mapping(options.mapping, list(await fields.types(change.store, account_id)))
    ids = await groups.ids(change.store, account_id)
    if unknown := [key for key in options.groups if key not in ids]:
        raise InvalidError("group_unknown", f"there is no group {unknown[0]!r}: make it first", "/groups")
    given = {
        "file": str(file_id),
        "is_dry_run": only_count,
        "mapping": options.mapping,
        "default_country": country and country.upper(),
        "groups": sorted(set(options.groups)),
        "tags": _tags(options.tags),
        "known": options.known,
        "origin": options.origin,
        "sheet": options.sheet,
    }
    operation = await operations.add(change.store, NAME, change.actor, given, account_id, owner_id)
    await files.keep_for(change.store, file_id, operation.id)
    return operation


def _tags(given: Sequence[str]) -> list[str]:
    tags = sorted({" ".join(tag.split()) for tag in given} - {""})
    if len(tags) > MOST_TAGS or any(len(tag) > MOST_TAG or not tag.isprintable() for tag in tags):
        raise InvalidError("tags", f"at most {MOST_TAGS} tags of up to {MOST_TAG} characters are added", "/tags")
    return tags
