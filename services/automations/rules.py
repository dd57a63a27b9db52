"""Saving and stopping automations."""

from typing import Any, Literal

from domain.audience.contacts.contact import new_contact_id
from domain.automations.definition.flow import Flow
from domain.automations.definition.parsing import parse_flow
from domain.errors import ConflictError, FieldError, NotFoundError, invalid
from services.accounts.users import find_account
from services.automations.listening import event_names, triggers_of
from services.automations.triggering.clocks import set_clocks
from services.changes import Change
from store.automations import automations, waking
from store.automations.automations import Automation
from store.automations.publishing import looks
from store.automations.results import watching
from store.pool import Connections

MOST = 500
"""Automations of an account."""
ADDRESSES = frozenset(("attention", "schema", "simulate", "starters"))
"""What stands in the API where the key of an automation does: none has it."""
State = Literal["active", "paused", "archived"]


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
    if flow.key in ADDRESSES:
        message = f"{flow.key!r} is an address of the API: choose another key"
        raise invalid([FieldError("/key", "automation_key", message)])
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
    check_in_use(before)
    flow = parse_flow(definition)
    if flow.key != key:
        message = f"the key of an automation stays as it is: write {key!r}, or make a new one"
        raise invalid([FieldError("/key", "automation_key", message)])
    saved = await automations.save_draft(change.store, before.id, flow.source)
    change.about("automation", key, before.name)
    change.compare({"draft": before.draft}, {"draft": saved.draft}, hidden=("draft",))
    return saved


async def discard_draft(change: Change, account_id: int, key: str) -> Automation:
    """Throw away what was saved since the automation was published.

    Raises:
        NotFoundError: there is no such automation.
        ConflictError: it was never published, has no draft, or is archived.
    """
    before = await find(change.store, account_id, key, lock=True)
    if before.version is None:
        message = "this was never published: there is nothing that it could go back to"
        raise ConflictError("automation_draft", message)
    if before.draft is None:
        raise draft_missing()
    return await drop_draft(change, before)


async def drop_draft(change: Change, before: Automation) -> Automation:
    """Have nothing be changed since it was published.

    Raises:
        ConflictError: it is archived.
    """
    check_in_use(before)
    after = await automations.drop_draft(change.store, before.id)
    change.about("automation", before.key, before.name)
    change.compare({"draft": before.draft}, {"draft": None}, hidden=("draft",))
    return after


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
        check_in_use(before)
    after = await automations.set_state(change.store, before.id, state)
    match state:
        case "archived":
            await looks.ask(change.store, before.id)
        case "active":
            await watching.begin_anew(change.store, before.id)
            await waking.resume(change.store, before.id)
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
    await automations.set_goal(store, automation.id, flow.goal.event if flow.goal else None)
    await automations.listen(store, automation.account_id, sorted(event_names(flow)))
    await set_clocks(store, automation, flow)


def never_published(key: str) -> ConflictError:
    """409: it is a draft, and nothing else."""
    return ConflictError("automation_draft", f"this was never published: POST /api/automations/{key}/publish")


def draft_missing() -> ConflictError:
    """409: nothing was saved since it was published."""
    return ConflictError("draft_missing", "there is no draft: nothing was changed since the last time")


def check_in_use(automation: Automation) -> None:
    """Refuse what is archived.

    Raises:
        ConflictError: it is.
    """
    if automation.state == "archived":
        message = f"the automation {automation.key!r} is archived: POST /api/automations/{automation.key}/resume first"
        raise ConflictError("automation_archived", message)
