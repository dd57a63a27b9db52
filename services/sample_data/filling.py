"""Filling an account with sample data, and taking away again what its user has not made their own.

Nothing of it sends anything: the automation and the template are drafts.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from domain.errors import ConflictError
from services.audience.contacts import changing, grouping
from services.audience.segments import rules as segments
from services.audience.templates.models import TemplateDraft
from services.audience.templates.rules import save_template
from services.automations import rules as automations
from services.changes import Change
from services.sample_data.contents import (
    AUTOMATION,
    CONDITION,
    CONTACTS,
    DRAFT,
    GROUP,
    SEGMENT,
    SEGMENT_NAME,
    TEMPLATE,
    flow,
)
from store.audience import sample_data
from store.audience.contacts import groups
from store.audience.contacts.groups import Group
from store.audience.sample_data import SampleData
from store.audience.segments import saved
from store.audience.templates import templates
from store.automations import automations as stored_automations
from store.pool import Connections

_KEYS = 20
"""That are tried, if the account has those before."""
_T = TypeVar("_T")


async def read(store: Connections, account_id: int) -> dict[str, Any]:
    """Whether there is some, and since when."""
    found = await sample_data.find(store, account_id)
    return {"contacts": len(found.contacts) if found else 0, "made_at": found.made_at if found else None}


async def fill(change: Change, account_id: int) -> dict[str, Any]:
    """Make contacts in a group, a segment, a template and a draft of an automation. A repeat makes nothing.

    Raises:
        ConflictError: the account has too many of something.
    """
    change.about("user", account_id)
    if await sample_data.find(change.store, account_id, lock=True) is None:
        group = await grouping.add(change.part("group.created"), account_id, GROUP, None)
        people = await _contacts(change, account_id, group)
        segment = await segments.add(
            change.part("segment.created"),
            account_id,
            await _free(SEGMENT, lambda key: saved.find(change.store, account_id, key=key)),
            SEGMENT_NAME,
            CONDITION,
        )
        template = await save_template(
            change.part("template.saved"),
            account_id,
            await _free(TEMPLATE, lambda key: templates.find(change.store, account_id, key)),
            TemplateDraft.model_validate(DRAFT),
        )
        key = await _free(AUTOMATION, lambda key: stored_automations.find(change.store, account_id, key))
        automation = await automations.add(change.part("automation.created"), account_id, flow(key))
        await sample_data.add(change.store, account_id, people, group.id, segment.id, template.id, automation.id)
        change.compare({"sample_data": False}, {"sample_data": True})
    return await read(change.store, account_id)


async def clear(change: Change, account_id: int) -> dict[str, Any]:
    """Take away what is as it was made; what its user changed, published, or put contacts of their own into, stays."""
    change.about("user", account_id)
    made = await sample_data.find(change.store, account_id, lock=True)
    if made is not None:
        for contact_id in await sample_data.unchanged_contacts(change.store, account_id, made):
            await changing.remove(change.part("contact.deleted"), account_id, contact_id, _any)
        await _remove_parts(change, account_id, made)
        await sample_data.forget(change.store, account_id)
        change.compare({"sample_data": True}, {"sample_data": False})
    return await read(change.store, account_id)


async def _remove_parts(change: Change, account_id: int, made: SampleData) -> None:
    if await sample_data.remove_automation(change.store, account_id, made):
        change.part("automation.deleted").about("automation", made.automation_id)
    if await sample_data.remove_template(change.store, account_id, made):
        change.part("template.deleted").about("template", made.template_id)
    if await sample_data.remove_segment(change.store, account_id, made):
        change.part("segment.deleted").about("segment", made.segment_id)
    group = await groups.find(change.store, account_id, str(made.group_id), lock=True)
    if group is not None and not await groups.has_more_members(change.store, account_id, group.id, 0):
        await grouping.remove(change.part("group.deleted"), account_id, group)


async def _contacts(change: Change, account_id: int, group: Group) -> list[UUID]:
    """Without those that the account knows already."""
    made = []
    for one in CONTACTS:
        part = Change(change.actor, change.store)
        try:
            contact = await changing.add(part, account_id, {**one, "groups": [group.key]})
        except ConflictError:
            continue
        change.parts.append((part, "contact.created"))
        made.append(contact.id)
    return made


async def _free(key: str, find: Callable[[str], Awaitable[_T | None]]) -> str:
    """A key that the account has not."""
    for number in range(1, _KEYS):
        tried = key if number == 1 else f"{key}-{number}"
        if await find(tried) is None:
            return tried
    raise ConflictError("key_taken", f"there are {_KEYS - 1} of {key!r} already: delete those not in use")


async def _any(_: object) -> None:
    """A contact may be as it is."""
