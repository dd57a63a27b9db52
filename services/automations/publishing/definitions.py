"""Definitions as they were written: read, compared, brought back, and applied from files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from domain.automations.definition.flow import Flow
from domain.automations.definition.parsing import parse_flow
from domain.automations.versions.changes import Comparison, compare
from domain.errors import InvalidError, NotFoundError
from services.automations import rules
from services.automations.publishing.impact import Reading
from services.automations.publishing.publishing import Act, People, publish
from services.changes import Change
from store.automations import automations
from store.automations.automations import Automation, Version
from store.automations.publishing import versions
from store.pool import Connections

DRAFT = "draft"
_NUMBER = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,6}))?")
_NOTE = "applied from a file"

Applied = Literal["created", "changed", "published", "unchanged"]


async def version(store: Connections, automation: Automation, named: str) -> Version:
    """What was published: ``2`` is the newest revision of version 2, ``2.1`` its first one.

    Raises:
        InvalidError: that names none.
        NotFoundError: there is no such version.
    """
    found = _NUMBER.fullmatch(named)
    if found is None:
        raise InvalidError("version_number", "name a version such as 2, or 2.1", "/version")
    number = int(found[1])
    revision = int(found[2]) if found[2] else await versions.newest_revision(store, automation.id, number)
    read = await automations.version(store, automation.id, number, revision)
    if read is None:
        raise NotFoundError("version_not_found", f"no version {named} was published")
    return read


async def definition(store: Connections, automation: Automation, named: str | None) -> dict[str, Any]:
    """A definition: of a version, the ``draft``, or what is published (``None``; else the draft).

    Raises:
        InvalidError, NotFoundError: as in ``version``.
        ConflictError: there is no draft.
    """
    if named == DRAFT or (named is None and automation.version is None):
        if automation.draft is None:
            raise rules.draft_missing()
        return automation.draft
    return (await version(store, automation, named or f"{automation.version}.{automation.revision}")).definition


async def difference(store: Connections, automation: Automation, from_: str | None, to: str | None) -> Comparison:
    """Where two definitions differ: what is published (``None``), and the draft (``None``).

    Raises:
        InvalidError, NotFoundError, ConflictError: as in ``definition``.
    """
    one = await definition(store, automation, from_)
    other = await definition(store, automation, to or DRAFT)
    return compare(parse_flow(one), parse_flow(other))


async def bring_back(change: Change, account_id: int, key: str, named: str) -> Automation:
    """Have the draft be what was published before.

    Raises:
        InvalidError, NotFoundError, ConflictError: as in ``version`` and ``rules.save_draft``.
    """
    found = await rules.find(change.store, account_id, key, lock=True)
    old = await version(change.store, found, named)
    change.metadata["version"] = f"{old.version}.{old.revision}"
    return await rules.save_draft(change, account_id, key, old.definition)


@dataclass(frozen=True, slots=True)
class Result:
    """What applying a definition did."""

    key: str
    action: Applied
    version: int | None
    revision: int


async def apply_all(
    change: Change,
    reading: Reading,
    account_id: int,
    given: Sequence[Any],
    *,
    publishes: bool,
    people: People = "pin",
    approves: bool = False,
) -> list[Result]:
    """Make automations as definitions say, each with an event of its own; what is so already stays as it is.

    All are saved before the first is published, so that they may name each other. What needs no more is published as a
    patch.

    Raises:
        XsenderError: what saving and publishing refuse.
    """
    flows = [parse_flow(one) for one in given]
    saved = [await _save(change, account_id, flow) for flow in flows]
    found = []
    for flow, action in zip(flows, saved, strict=True):
        after = await rules.find(change.store, account_id, flow.key, lock=True)
        if publishes and after.draft is not None:
            act = await act_for(change.store, after, people, approves=approves)
            after, _ = await publish(change.part("automation.published"), reading, account_id, flow.key, act)
            action = "published"
        found.append(Result(flow.key, action, after.version, after.revision))
    return found


async def act_for(store: Connections, automation: Automation, people: People = "pin", *, approves: bool = False) -> Act:
    """How the draft of an automation is published: as a patch if that is enough."""
    is_new = automation.version is None
    if not is_new and (await difference(store, automation, None, None)).needs != "version":
        return Act("patch", note=_NOTE, approves=approves)
    return Act("version", people, note=_NOTE, approves=approves)


async def _save(change: Change, account_id: int, flow: Flow) -> Applied:
    before = await automations.find(change.store, account_id, flow.key, lock=True)
    if before is None:
        await rules.add(change.part("automation.created"), account_id, flow.source)
        return "created"
    if before.draft is not None and _is_same(before.draft, flow):
        return "unchanged"
    if before.version is not None and _is_same(await definition(change.store, before, None), flow):
        if before.draft is None:
            return "unchanged"
        await rules.drop_draft(change.part("automation.changed"), before)
        return "changed"
    await rules.save_draft(change.part("automation.changed"), account_id, flow.key, flow.source)
    return "changed"


def _is_same(stored: dict[str, Any], flow: Flow) -> bool:
    return compare(parse_flow(stored), flow).needs == "nothing"
