"""Exporting, comparing and applying a settings file."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from domain.access.actors import Actor
from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.keyring import Keyring
from services.changes import Change
from services.settings_file.comparing import Comparison, at, compared, left_out, named, place
from services.settings_file.document import Document, written
from services.settings_file.kind import Kind
from services.settings_file.kinds.all import KINDS
from store.pool import Connections
from store.settings import applied_objects

_MOST_TOLD = 10
"""Objects that an error names."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is applied."""

    prune: bool = False
    """Delete what was applied by a file before and is not in this one, of the kinds that it has sections of."""
    overwrite_drift: bool = False
    """Undo what somebody else has changed since the file was last applied."""


def readable(actor: Actor) -> list[str]:
    """The sections that somebody may see."""
    return [kind.section for kind in KINDS if kind.reads <= actor.permissions]


async def export(store: Connections, keyring: Keyring, actor: Actor, sections: Collection[str]) -> str:
    """What there is, as a canonical file: applying it changes nothing.

    Of users it has only what was applied by a file. What does not open with the keys of the install is left out, and
    named in a comment.

    Raises:
        ForbiddenError: the actor may not see one of the kinds.
    """
    document: Document = {}
    unread: list[str] = []
    for kind in _kinds(sections):
        _check(actor, kind.reads)
        applied = await applied_objects.of_kind(store, keyring, kind.target)
        found = await kind.current(store, keyring, applied.keys(), lock=False)
        forms = {key: one.form for key, one in found.items() if one.opens}
        unread += [named(kind, key) for key in sorted(found.keys() - forms.keys())]
        if forms or not kind.is_single:
            document[kind.section] = forms
    return written(document, unread)


async def compare(
    store: Connections, keyring: Keyring, actor: Actor, document: Document, *, prune: bool, lock: bool = False
) -> list[Comparison]:
    """What applying a file would do, in its order, and what else was applied before.

    Raises:
        ForbiddenError: the actor may not see one of the kinds.
        InvalidError: an object keeps a secret that is not stored, or cannot be one.
    """
    found: list[Comparison] = []
    for kind in _kinds(document):
        _check(actor, kind.reads)
        found += await _compared(store, keyring, kind, document, prune=prune, lock=lock)
    return found


async def apply(change: Change, keyring: Keyring, document: Document, options: Options) -> list[Comparison]:
    """Make the install as a file says, in the transaction of ``change``. Each object has an event of its own.

    Raises:
        ConflictError: another file is being applied; somebody else has changed objects since they were applied.
        ForbiddenError: the actor lacks a permission for a kind that changes.
        XsenderError: what the rules of a kind refuse, with the object's name.
    """
    change.about("settings", "file")
    await applied_objects.begin(change.store)
    found = await compare(change.store, keyring, change.actor, document, prune=options.prune, lock=True)
    if not options.overwrite_drift:
        _refuse_drift(found)
    for one in found:
        if one.action in ("create", "update"):
            await _put(change, keyring, one)
    for one in reversed(found):
        if one.action == "delete":
            await _remove(change, keyring, one)
    await _keep(change, keyring, found)
    counts = {action: sum(one.action == action for one in found) for action in ("create", "update", "delete")}
    change.metadata |= counts
    return found


async def _compared(
    store: Connections, keyring: Keyring, kind: Kind, document: Document, *, prune: bool, lock: bool
) -> list[Comparison]:
    wanted = document[kind.section]
    applied = await applied_objects.of_kind(store, keyring, kind.target)
    current = await kind.current(store, keyring, {*wanted, *applied}, lock=lock)
    found = [compared(kind, key, form, current.get(key), applied.get(key)) for key, form in sorted(wanted.items())]
    others = sorted(applied.keys() - wanted.keys())
    return found + [left_out(kind, key, current.get(key), applied[key], prune=prune) for key in others]


async def _put(change: Change, keyring: Keyring, one: Comparison) -> None:
    created, updated, _ = one.kind.actions
    assert one.wanted is not None
    with _named(one):
        _check(change.actor, one.kind.writes)
        part = change.part(created if one.now is None else updated)
        await one.kind.put(part, keyring, one.key, one.now, one.wanted)


async def _remove(change: Change, keyring: Keyring, one: Comparison) -> None:
    assert one.now is not None
    with _named(one):
        _check(change.actor, one.kind.deletes)
        await one.kind.remove(change.part(one.kind.actions[2]), keyring, one.key, one.now)


async def _keep(change: Change, keyring: Keyring, found: Sequence[Comparison]) -> None:
    """Keep how each object of the file is now, and forget those that are gone."""
    store = change.store
    for kind in _kinds({one.kind.section for one in found}):
        of_kind = [one for one in found if one.kind is kind]
        kept = [one.key for one in of_kind if one.wanted is not None]
        current = await kind.current(store, keyring, kept, lock=False)
        for key in kept:
            now = current[key]
            await applied_objects.keep(store, keyring, kind.target, key, now.object_id, now.form)
        for one in of_kind:
            if one.wanted is None and one.action not in ("keep", "skip"):
                await applied_objects.forget(store, kind.target, one.key)


def _refuse_drift(found: Sequence[Comparison]) -> None:
    drifted = [one for one in found if one.drift and one.is_a_change]
    if not drifted:
        return
    names = ", ".join(named(one.kind, one.key) for one in drifted[:_MOST_TOLD])
    more = f" and {len(drifted) - _MOST_TOLD} more" if len(drifted) > _MOST_TOLD else ""
    message = f"somebody else has changed these since: {names}{more}; see diff, and take it over or overwrite it"
    raise ConflictError("drift", message)


def _kinds(sections: Collection[str]) -> list[Kind]:
    return [kind for kind in KINDS if kind.section in sections]


def _check(actor: Actor, permissions: Collection[str]) -> None:
    for permission in sorted(permissions):
        actor.check(permission)


@contextmanager
def _named(one: Comparison) -> Iterator[None]:
    """Name the object that a rule refuses."""
    try:
        yield
    except InvalidError as error:
        raise at(place(one.kind, one.key), error) from None
    except (NotFoundError, ConflictError) as error:
        raise ConflictError(error.code, f"{named(one.kind, one.key)}: {error.message}") from None
