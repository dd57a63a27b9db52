"""Saving, publishing and archiving templates."""

from typing import Any

from domain.errors import ConflictError
from services.audience.templates.models import TemplateDraft
from services.changes import Change
from store.audience.templates import templates
from store.audience.templates.templates import Template, Version

MOST_TEMPLATES = 1_000
"""Of an account."""
MOST_VERSIONS = 1_000
"""Of a template."""


async def save_template(change: Change, account_id: int, key: str, draft: TemplateDraft) -> Template:
    """Add a template, or replace its name and draft, whose texts were checked.

    Raises:
        ConflictError: the account has too many templates, or this one is archived.
    """
    before = await templates.find(change.store, account_id, key, lock=True)
    if before is None and await templates.count(change.store, account_id) >= MOST_TEMPLATES:
        message = f"an account has at most {MOST_TEMPLATES} templates: change one that is there"
        raise ConflictError("too_many_templates", message)
    if before is not None:
        _check_in_use(before)
    saved = await templates.save(change.store, account_id, key, draft.name, draft.body().stored())
    change.about("template", key, draft.name)
    _compare(change, before, saved)
    return saved


async def publish_template(
    change: Change,
    template: Template,
    body: dict[str, Any],
    ready: dict[str, Any],
    note: str = "",
    made_from: int | None = None,
) -> Version:
    """Make a version of a locked template; sends take it from now on. ``made_from``: an older one is published again.

    Raises:
        ConflictError: the template is archived, or has too many versions.
    """
    _check_in_use(template)
    if template.versions >= MOST_VERSIONS:
        raise ConflictError("too_many_versions", f"a template has at most {MOST_VERSIONS} versions: make a new one")
    version = await templates.add_version(change.store, template, body, ready, note, made_from)
    change.about("template", template.key, template.name)
    change.compare({"version": template.published}, {"version": version.number})
    return version


async def archive_template(change: Change, account_id: int, key: str, *, archived: bool) -> Template:
    """Archive a template, so that nothing new is sent from it; or bring it back. A repeat changes nothing.

    Raises:
        NotFoundError: the account has none of this key.
    """
    template = await templates.get(change.store, account_id, key, lock=True)
    change.about("template", key, template.name)
    change.compare({"archived": template.archived_at is not None}, {"archived": archived})
    if (template.archived_at is not None) != archived:
        await templates.set_archived(change.store, template, archived=archived)
    return await templates.get(change.store, account_id, key)


def _check_in_use(template: Template) -> None:
    if template.archived_at is not None:
        raise ConflictError("template_archived", f"the template {template.key!r} is archived: restore it first")


def _compare(change: Change, before: Template | None, after: Template) -> None:
    old = {} if before is None else {"name": before.name, **before.draft}
    change.compare(old, {"name": after.name, **after.draft}, hidden=("email", "sms", "whatsapp", "fallbacks"))
