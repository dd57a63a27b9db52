"""Saving, publishing and stopping automations."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from domain.audience.contacts.contact import new_contact_id
from domain.automations.definition.flow import Flow
from domain.automations.definition.parsing import parse_flow
from domain.automations.versions.changes import compare, reused_ids
from domain.automations.versions.differences import Difference
from domain.errors import ConflictError, FieldError, InvalidError, NotFoundError, invalid
from services.accounts.users import find_account
from services.audience.templates.named import NamedTemplates
from services.automations.circles import check_circles
from services.automations.listening import event_names, triggers_of
from services.automations.naming import check_named
from services.changes import Change
from store.automations import automations, runs, waking
from store.automations.automations import Automation, Version
from store.pool import Connections

MOST = 500
"""Automations of an account."""
_MOST_LOOKED_AT = 500
"""Revisions whose steps' ids are not used again."""

Mode = Literal["patch", "version"]
State = Literal["active", "paused", "archived"]


@dataclass(frozen=True, slots=True)
class Report:
    """What publishing the draft does, or would do."""

    version: int
    revision: int
    differences: tuple[Difference, ...] = ()
    """Between what is published and the draft."""
    inside: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    """By version and step: how many contacts are there. They stay in their version."""


async def find(store: Connections, account_id: int, key: str, *, lock: bool = False) -> Automation:
    """An automation of the account.

    Raises:
        NotFoundError: it has none of this key.
    """
    found = await automations.find(store, account_id, key, lock=lock)
    if found is None:
        raise NotFoundError("automation_not_found", f"there is no automation {key!r}: GET /api/automations lists yours")
    return found


async def add(change: Change, account_id: int, definition: Any) -> Automation:
    """Save a new automation, as a draft.

    Raises:
        InvalidError: it is none; all its faults are named.
        ConflictError: its key is taken, or the account has too many.
    """
    await find_account(change, account_id)
    flow = parse_flow(definition)
    made = await automations.add(change.store, new_contact_id(), account_id, flow.source)
    change.about("automation", made.key, made.name)
    if await automations.count(change.store, account_id) > MOST:
        message = f"an account has at most {MOST} automations: change one that is not in use any more"
        raise ConflictError("too_many_automations", message)
    change.compare({}, {"name": made.name})
    return made


async def save_draft(change: Change, account_id: int, key: str, definition: Any) -> Automation:
    """Replace the draft of an automation. Nothing that is published changes.

    Raises:
        InvalidError: it is none, or has another key.
        NotFoundError: there is no such automation.
        ConflictError: it is archived.
    """
    before = await find(change.store, account_id, key, lock=True)
    _check_in_use(before)
    flow = parse_flow(definition)
    if flow.key != key:
        message = f"the key of an automation stays as it is: write {key!r}, or make a new one"
        raise invalid([FieldError("/key", "automation_key", message)])
    saved = await automations.save_draft(change.store, before.id, flow.source)
    change.about("automation", key, before.name)
    change.compare({"draft": before.draft}, {"draft": saved.draft}, hidden=("draft",))
    return saved


async def publish(
    change: Change, templates: NamedTemplates, account_id: int, key: str, mode: Mode, note: str = ""
) -> tuple[Automation, Report]:
    """Publish the draft: as a patch, which contacts inside go on with, or as a version, for those who enter later.

    Raises:
        NotFoundError: there is no such automation.
        InvalidError: it names something that there is not.
        ConflictError: there is no draft, or it cannot be a patch.
    """
    before = await find(change.store, account_id, key, lock=True)
    _check_in_use(before)
    if before.draft is None:
        raise ConflictError(
            "draft_missing", f"nothing was changed since the last time: PUT /api/automations/{key}/draft"
        )
    flow = parse_flow(before.draft)
    await check_named(change.store, templates, account_id, flow)
    await check_circles(change.store, account_id, flow)
    published = await automations.versions(change.store, before.id, None, _MOST_LOOKED_AT)
    if reused := await asyncio.to_thread(_reused, [one.definition for one in published], flow):
        raise invalid(reused)
    made, differences = await _next(change, before, flow, mode, note)
    after = await automations.publish(change.store, before.id, made)
    if made.revision > 1:
        await waking.look_soon(change.store, before.id)
    await listen(change.store, after, flow)
    change.about("automation", key, after.name)
    number = f"{made.version}.{made.revision}"
    change.compare({"version": before.version and str(before.version)}, {"version": number})
    return after, Report(made.version, made.revision, differences, await runs.inside(change.store, before.id))


def _reused(definitions: Sequence[dict[str, Any]], flow: Flow) -> list[FieldError]:
    """Steps that have the id which a step of another kind had before: runs are found by ids."""
    kinds = {step.id: step.kind for one in definitions for step in parse_flow(one).walk()}
    return reused_ids(kinds, flow)


async def _next(
    change: Change, before: Automation, flow: Flow, mode: Mode, note: str
) -> tuple[Version, tuple[Difference, ...]]:
    author = change.actor.named
    made = Version(1, 1, dict(flow.source), note, author, datetime.now(UTC))
    if before.version is None:
        return made, ()
    newest = await automations.version(change.store, before.id, before.version, before.revision)
    assert newest is not None, "what was published has a definition"
    published = parse_flow(newest.definition)
    found = compare(published, flow)
    if mode == "version":
        return replace(made, version=newest.version + 1), found.differences
    if found.needs == "version":
        message = "a patch changes texts, gateways, lengths of waits and addresses only: publish this as a version"
        place = next(one.pointer for one in found.differences if one.needs == "version")
        raise InvalidError("patch_structure", message, place)
    return replace(made, version=newest.version, revision=newest.revision + 1), found.differences


async def set_state(change: Change, account_id: int, key: str, state: State) -> Automation:
    """Pause, resume or archive an automation.

    Raises:
        NotFoundError: there is no such automation.
        ConflictError: it was never published, or is archived.
    """
    before = await find(change.store, account_id, key, lock=True)
    if before.version is None and state != "archived":
        raise never_published(key)
    if before.state == "archived" and state == "paused":
        _check_in_use(before)
    after = await automations.set_state(change.store, before.id, state)
    if state == "archived":
        await waking.look_soon(change.store, before.id)
    change.about("automation", key, after.name)
    change.compare({"state": before.state}, {"state": after.state})
    if after.version is not None:
        newest = await automations.version(change.store, after.id, after.version, after.revision)
        assert newest is not None, "what was published has a definition"
        await listen(change.store, after, parse_flow(newest.definition))
    return after


async def listen(store: Connections, automation: Automation, flow: Flow) -> None:
    """Have its triggers begin runs, if it is active; and its events be looked at."""
    await automations.set_triggers(store, automation, triggers_of(flow) if automation.state == "active" else [])
    await automations.listen(store, automation.account_id, sorted(event_names(flow)))


def never_published(key: str) -> ConflictError:
    """409: it is a draft, and nothing else."""
    return ConflictError("automation_draft", f"this was never published: POST /api/automations/{key}/publish")


def _check_in_use(automation: Automation) -> None:
    if automation.state == "archived":
        message = f"the automation {automation.key!r} is archived: POST /api/automations/{automation.key}/resume first"
        raise ConflictError("automation_archived", message)
