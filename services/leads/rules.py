"""Sources of leads: pages, forms and ad accounts of an account."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.audience.contacts.contact import new_contact_id
from domain.errors import ConflictError, InvalidError, NotFoundError, invalid
from domain.keyring import Keyring, KeyringError
from domain.leads.source import HOSTS, Kind
from services.accounts.users import find_account
from services.changes import Change
from services.leads import credentials
from services.leads.setting_up import naming
from store.leads import sources, waiting
from store.leads.sealing import open_credentials, seal_credentials
from store.leads.sources import NewSource, Source
from store.pool import Connections

MOST = 200
"""Sources of an account."""
BY_HAND = "by_hand"
"""The code of a source that its owner has parked."""

_SHOWN_ONCE = {"verify_token", "key"}
_NO_LETTERS = re.compile("[^a-z0-9]+")
_KEY = re.compile("[a-z0-9][a-z0-9_-]{0,99}")
_RESERVED = ("replay",)
"""Words of the API's own, where a source is named."""


@dataclass(frozen=True, slots=True)
class Made:
    """A source, and what is shown of it once."""

    source: Source
    once: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Credentials that we chose."""


async def find(store: Connections, account_id: int, named: str, *, lock: bool = False) -> Source:
    """A source of an account, by its id or its key.

    Raises:
        NotFoundError: there is none.
    """
    found = await sources.find(store, account_id, named, lock=lock)
    if found is None:
        words = f"there is no source {named!r}: GET /api/lead-sources lists yours"
        raise NotFoundError("lead_source_not_found", words)
    return found


async def add(
    change: Change,
    keyring: Keyring,
    account_id: int,
    kind: Kind,
    name: str,
    settings: Mapping[str, Any],
    given: Mapping[str, str | None],
    key: str | None = None,
) -> Made:
    """Make a source.

    Args:
        settings: As ``models.Settings.given`` has them.
        given: Its credentials; we choose those that are left to us.
        key: By which settings files and automations name it; ``None``: it follows from the name.

    Raises:
        InvalidError: a setting or a credential cannot be one of this kind, or names what there is not.
        ConflictError: there is one with this key, or the account has too many.
    """
    key = _key_of(name) if key is None else key
    if not _KEY.fullmatch(key) or key in _RESERVED or _is_uuid(key):
        words = "a source's name needs letters a-z or digits, as settings files name it by them; 'replay' is taken"
        raise InvalidError("lead_source_name", words, "/name")
    await find_account(change, account_id)
    if await sources.count(change.store, account_id) >= MOST:
        raise ConflictError("too_many_lead_sources", f"an account has at most {MOST} sources: delete those not in use")
    chosen = _without_none(settings)
    await _check(change.store, account_id, kind, chosen, chosen, given)
    held = credentials.merged({}, given)
    minted = credentials.minted(kind, held)
    held |= minted
    id_ = new_contact_id()
    change.about("lead_source", id_, name)
    named = credentials.names_of(kind, chosen, held)
    sealed = seal_credentials(keyring, id_, held)
    await sources.add(change.store, NewSource(id_, account_id, key, kind, name, chosen, sealed, named))
    made = await find(change.store, account_id, key)
    _compare(change, {}, _audited(made))
    _compare_credentials(change, {}, held)
    return Made(made, {one: secret for one, secret in minted.items() if one in _SHOWN_ONCE})


async def alter(
    change: Change,
    keyring: Keyring,
    account_id: int,
    named: str,
    settings: Mapping[str, Any],
    given: Mapping[str, str | None],
    name: str | None = None,
    is_enabled: bool | None = None,
) -> Made:
    """Change some settings and credentials. Those not given stay; ``None``: as if it was never set.

    A new credential ends that the source is parked, and whoever waits goes on.

    Raises:
        NotFoundError: there is no such source.
        InvalidError: as in ``add``; or credentials that are kept would be sent elsewhere.
        ConflictError: its credentials do not open.
    """
    before = await find(change.store, account_id, named, lock=True)
    change.about("lead_source", before.id, before.name)
    after = _without_none({**before.settings, **settings})
    held = opened(keyring, before)
    await _check(change.store, account_id, before.kind, after, _without_none(settings), given)
    if faults := list(credentials.moved(before.settings, after, held, given)):
        raise invalid(faults)
    state = _state(before.state, is_enabled)
    await sources.change(change.store, before.id, name or before.name, after, state)
    wanted = credentials.merged(held, given)
    minted = credentials.minted(before.kind, wanted)
    wanted |= minted
    if wanted != held:
        await sources.set_credentials(change.store, before.id, seal_credentials(keyring, before.id, wanted))
    elif state != before.state and state == "active":
        await sources.resume(change.store, before.id)
    await sources.name(change.store, before.id, before.kind, credentials.names_of(before.kind, after, wanted))
    made = await find(change.store, account_id, str(before.id))
    _compare(change, _audited(before), _audited(made))
    _compare_credentials(change, held, wanted)
    return Made(made, {one: secret for one, secret in minted.items() if one in _SHOWN_ONCE})


async def park(change: Change, account_id: int, named: str, reason: str) -> Source:
    """Have its leads wait until somebody resumes it: they are stored, and none is fetched.

    Raises:
        NotFoundError: there is no such source.
        ConflictError: it is parked already, or disabled; or its leads are not fetched.
    """
    before = await find(change.store, account_id, named, lock=True)
    if before.kind not in HOSTS:
        words = f"leads of the kind {before.kind} come whole, and wait for nothing: disable the source instead"
        raise ConflictError("lead_source_kind", words)
    if not await sources.park(change.store, before.id, before.edition, BY_HAND, reason):
        raise ConflictError("lead_source_state", f"the source is {before.state} already")
    return await _changed(change, before)


async def resume(change: Change, account_id: int, named: str) -> Source:
    """Have its leads go on, and those be looked for that were missed.

    Raises:
        NotFoundError: there is no such source.
        ConflictError: it is disabled.
    """
    before = await find(change.store, account_id, named, lock=True)
    if before.state == "disabled":
        raise ConflictError("lead_source_state", 'the source is disabled: PATCH it with {"enabled": true}')
    await sources.resume(change.store, before.id)
    return await _changed(change, before)


async def look_for(change: Change, account_id: int, named: str, since: datetime | None) -> Source:
    """Have leads be looked for that were missed: those since then, or since the provider was last asked for all.

    Raises:
        NotFoundError: there is no such source.
        InvalidError: nothing can have come since then yet.
        ConflictError: its provider lists no leads, or nobody may ask it.
    """
    before = await find(change.store, account_id, named, lock=True)
    if before.kind not in HOSTS:
        words = f"leads of the kind {before.kind} are posted only: nobody can be asked for those that were missed"
        raise ConflictError("lead_source_kind", words)
    if before.state != "active":
        raise ConflictError("lead_source_state", f"the source is {before.state}: mend it, and resume it")
    if since is not None and since > datetime.now(UTC):
        raise InvalidError("since", "give a time that has passed", "/since")
    await waiting.look_for(change.store, before.id, since)
    return await _changed(change, before)


async def remove(change: Change, account_id: int, named: str) -> None:
    """Delete a source, with its leads. Contacts that they became stay.

    Raises:
        NotFoundError: there is no such source.
    """
    before = await find(change.store, account_id, named, lock=True)
    change.about("lead_source", before.id, before.name)
    await sources.remove(change.store, before.id)


def opened(keyring: Keyring, source: Source) -> dict[str, str]:
    """The credentials of a source.

    Raises:
        ConflictError: they do not open.
    """
    try:
        return open_credentials(keyring, source.id, source.sealed)
    except KeyringError:
        words = "the credentials of this source cannot be read any more: delete it, and make it again"
        raise ConflictError("lead_source_unusable", words) from None


async def _check(
    store: Connections,
    account_id: int,
    kind: str,
    settings: Mapping[str, Any],
    changed: Mapping[str, Any],
    given: Mapping[str, str | None],
) -> None:
    """Of what it names only what is changed is looked up: what was deleted meanwhile must not forbid all else."""
    faults = [*naming.unfit(kind, settings), *credentials.unfit(kind, given)]
    faults += await naming.unknown(store, account_id, changed)
    if faults:
        raise invalid(faults)


async def _changed(change: Change, before: Source) -> Source:
    change.about("lead_source", before.id, before.name)
    after = await find(change.store, before.account_id, str(before.id))
    _compare(change, _audited(before), _audited(after))
    return after


def _state(before: str, is_enabled: bool | None) -> str:
    if is_enabled is None or is_enabled == (before != "disabled"):
        return before
    return "active" if is_enabled else "disabled"


def _without_none(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _compare(change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    names = {*before, *after}
    old, new = ({name: values.get(name) for name in names} for values in (before, after))
    change.compare(old, new, hidden=["notify"])


def _compare_credentials(change: Change, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    names = {*before, *after}
    old, new = ({f"credentials.{name}": values.get(name) for name in names} for values in (before, after))
    change.compare(old, new, hidden=list(new))


def _audited(source: Source) -> dict[str, Any]:
    return {"name": source.name, "kind": source.kind, "state": source.state, **source.settings}


def _key_of(name: str) -> str:
    return _NO_LETTERS.sub("-", name.lower()).strip("-")[:100]


def _is_uuid(text: str) -> bool:
    """Whether it could be the id of another source."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
