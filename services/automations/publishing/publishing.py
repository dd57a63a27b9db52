"""Publishing: as a patch, which contacts inside go on with, or as a version, which says what they do."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from domain.automations.checks.outline import everything, outline
from domain.automations.definition.flow import Flow
from domain.automations.definition.parsing import parse_flow
from domain.automations.position import Tree
from domain.automations.versions.changes import PATCHED, compare, reused_ids
from domain.automations.versions.differences import Difference
from domain.automations.versions.migrating import map_faults
from domain.errors import ConflictError, FieldError, InvalidError, NotFoundError, invalid
from services.automations import rules
from services.automations.circles import check_circles
from services.automations.naming import check_named
from services.automations.publishing.impact import Impact, Reading, impact
from services.automations.publishing.inside import movable
from services.automations.publishing.routes import Publishing
from services.changes import Change
from store.automations import automations
from store.automations.automations import Automation, Version
from store.automations.publishing import looks, people, versions
from store.automations.results import watching
from store.pool import Connections

_MOST_LOOKED_AT = 500
"""Revisions whose steps' ids are not used again."""

Mode = Literal["patch", "version"]
People = Literal["pin", "migrate", "drain"]


@dataclass(frozen=True, slots=True)
class Act:
    """How a draft is published."""

    mode: Mode = "version"
    people: People = "pin"
    """Of a version: what contacts inside older ones do."""
    moves: Mapping[str, str] = field(default_factory=dict)
    """Of ``migrate``: by step that was removed, where those at it go."""
    of: int | None = None
    """Of a patch: the version; ``None``: the newest."""
    note: str = ""
    approves: bool = False
    """Whether it may send more in a day than the definition lets pass without a word."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What publishing the draft does, or would do."""

    version: int
    revision: int
    differences: tuple[Difference, ...] = ()
    """Between what is published and the draft."""
    inside: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    """By version and step: how many contacts are there."""
    impact: Impact = field(default_factory=Impact)
    approve_above: int | None = None
    """The most credits in a day that are published without ``approves``."""

    @property
    def needs_approval(self) -> bool:
        """Whether it sends more."""
        return self.approve_above is not None and self.impact.credits > self.approve_above


async def publish(change: Change, reading: Reading, account_id: int, key: str, act: Act) -> tuple[Automation, Report]:
    """Publish the draft.

    Raises:
        NotFoundError: there is no such automation, or version.
        InvalidError: it names something that there is not; the map has faults; it cannot be a patch.
        ConflictError: there is no draft; it sends so much that it must be approved.
    """
    before = await rules.find(change.store, account_id, key, lock=True)
    rules.check_in_use(before)
    if before.draft is None:
        message = f"nothing was changed since the last time: PUT /api/automations/{key}/draft"
        raise ConflictError("draft_missing", message)
    _check_act(act)
    flow = parse_flow(before.draft)
    await check_named(change.store, reading.templates, account_id, flow)
    await check_circles(change.store, account_id, flow)
    published = await automations.versions(change.store, before.id, None, _MOST_LOOKED_AT)
    if reused := await asyncio.to_thread(_reused, [one.definition for one in published], flow):
        raise invalid(reused)
    made, differences = await _next(change, before, flow, act)
    await _check_map(change.store, before, published, flow, act.moves)
    report = await _report(change.store, reading, before, flow, made, differences)
    if report.needs_approval and not (act.approves or act.dry_run):
        raise _unapproved(report)
    after = await _write(change, before, made, act)
    await watching.begin_anew(change.store, before.id)
    steps = _to_look_at(made, differences)
    if steps or act.people == "migrate":
        await looks.ask(change.store, before.id, steps)
    if after.version == made.version:
        await rules.listen(change.store, after, flow)
    change.about("automation", key, after.name)
    number = f"{made.version}.{made.revision}"
    change.compare({"version": before.version and f"{before.version}.{before.revision}"}, {"version": number})
    if act.people != "pin":
        change.compare({}, {"people": act.people, "map": dict(act.moves)})
    return after, report


async def _report(
    store: Connections,
    reading: Reading,
    before: Automation,
    flow: Flow,
    made: Version,
    differences: tuple[Difference, ...],
) -> Report:
    standing = await people.standing(store, before.id)
    publishing = Publishing(made.version, made.revision, flow, made.people, made.map)
    found = await impact(store, reading, before, publishing, standing, made.published_at)
    inside: dict[int, dict[str, int]] = {}
    for one in standing:
        of_version = inside.setdefault(one.version, {})
        of_version[one.step or ""] = of_version.get(one.step or "", 0) + one.people
    limit = flow.settings.approve_above_credits
    return Report(made.version, made.revision, differences, inside, found, limit)


def _unapproved(report: Report) -> ConflictError:
    message = (
        f"this sends messages for up to {report.impact.credits} credits in the next 24 hours, more than "
        f"approve_above_credits ({report.approve_above}): see the dry run, and publish it with approve: true"
    )
    return ConflictError("approval_needed", message)


def _check_act(act: Act) -> None:
    if act.mode == "patch" and act.people != "pin":
        message = "contacts inside go on with a patch wherever they are: leave out people, or publish a version"
        raise InvalidError("people_of_patch", message, "/people")
    if act.moves and act.people != "migrate":
        raise InvalidError("map_of_migrate", "a map says where contacts go that migrate", "/map")
    if act.of is not None and act.mode == "version":
        raise InvalidError("version_of_patch", "only a patch names the version that it changes", "/version")


def _reused(definitions: Sequence[dict[str, Any]], flow: Flow) -> list[FieldError]:
    """Steps that have the id which a step of another kind had before: runs are found by ids."""
    return reused_ids({str(step.id): step.kind for one in definitions for step in everything(outline(one))}, flow)


async def _next(change: Change, before: Automation, flow: Flow, act: Act) -> tuple[Version, tuple[Difference, ...]]:
    author, people = change.actor.named, (act.people, dict(act.moves))
    made = Version(1, 1, dict(flow.source), act.note, author, datetime.now(UTC), *people)
    if before.version is None:
        if act.of is not None:
            raise _no_version(act.of)
        return made, ()
    number = act.of or before.version
    revision = await versions.newest_revision(change.store, before.id, number)
    if not revision:
        raise _no_version(number)
    newest = await automations.version(change.store, before.id, number, revision)
    assert newest is not None, "what was published has a definition"
    found = compare(parse_flow(newest.definition), flow)
    if act.mode == "version":
        return replace(made, version=number + 1), found.differences
    if found.needs == "version":
        message = "a patch changes texts, gateways, lengths of waits and addresses only: publish this as a version"
        place = next(one.pointer for one in found.differences if one.needs == "version")
        raise InvalidError("patch_structure", message, place)
    return replace(made, version=number, revision=revision + 1), found.differences


def _no_version(number: int) -> NotFoundError:
    return NotFoundError("version_not_found", f"no version {number} was published")


async def _check_map(
    store: Connections, before: Automation, published: Sequence[Version], flow: Flow, moves: Mapping[str, str]
) -> None:
    if not moves:
        return
    numbers = await movable(store, before, {one.version for one in published})
    old = {str(step.id) for one in published if one.version in numbers for step in everything(outline(one.definition))}
    if faults := map_faults(old, Tree(flow), moves):
        raise invalid([FieldError(f"/map{one.pointer}", one.code, one.message) for one in faults])


async def _write(change: Change, before: Automation, made: Version, act: Act) -> Automation:
    if before.version is not None and made.version < before.version:
        return await automations.patch_older(change.store, before.id, made)
    return await automations.publish(change.store, before.id, made)


def _to_look_at(made: Version, differences: Iterable[Difference]) -> list[str]:
    """The steps of a patch whose runs must learn of it now. Others meet it when their wait is over."""
    if made.revision == 1:
        return []
    return sorted({one.step for one in differences if one.step is not None and _moves_waits(one)})


_WAITS = {name for kind in ("wait", "wait_event") for (name, *_) in PATCHED[kind]}


def _moves_waits(difference: Difference) -> bool:
    return bool(_WAITS & set(difference.pointer.split("/")))
