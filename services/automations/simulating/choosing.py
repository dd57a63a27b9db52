"""Which definition of an automation is simulated."""

from typing import Literal

from domain.automations.definition.flow import Flow
from domain.automations.definition.parsing import parse_flow
from domain.errors import ConflictError, InvalidError, NotFoundError
from services.automations.rules import never_published
from store.automations import automations
from store.automations.automations import Automation
from store.pool import Connections

Wanted = int | Literal["draft"] | None
"""A version, the draft, or the draft if there is one, else the newest version."""


def read_version(text: str | None) -> Wanted:
    """A version as commands are given it.

    Raises:
        InvalidError: it is none.
    """
    if text is None or text == "draft":
        return "draft" if text else None
    if not (text.isdecimal() and text.isascii() and len(text) < 10):
        raise InvalidError("version", f"a version is a number, or 'draft', and not {text!r}")
    return int(text)


async def definition_of(store: Connections, automation: Automation, wanted: Wanted) -> Flow:
    """A definition that is stored.

    Raises:
        NotFoundError: there is no such version.
        ConflictError: there is no draft.
    """
    if wanted == "draft" or (wanted is None and automation.draft is not None):
        if automation.draft is None:
            raise ConflictError("draft_missing", "nothing was changed since it was published: leave the version out")
        return parse_flow(automation.draft)
    number = automation.version if wanted is None else wanted
    if number is None:
        raise never_published(automation.key)
    found = next(iter(await automations.versions(store, automation.id, (number + 1, 0), 1)), None)
    if found is None or found.version != number:
        raise NotFoundError("version_not_found", f"the automation {automation.key!r} has no version {number}")
    return parse_flow(found.definition)
