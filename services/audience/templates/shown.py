"""Templates and versions as they are answered."""

from typing import Any

from store.audience.templates.templates import Template, Version


def shown(template: Template) -> dict[str, Any]:
    """A template with its draft."""
    return head(template) | {"draft": template.draft}


def head(template: Template) -> dict[str, Any]:
    """A template in a list."""
    channels = [name for name in ("email", "sms", "whatsapp") if template.draft.get(name)]
    return {
        "key": template.key,
        "name": template.name,
        "channels": channels,
        "languages": sorted({language for name in channels for language in template.draft[name]}),
        "version": template.published,
        "archived_at": template.archived_at,
        "created_at": template.created_at,
        "updated_at": template.updated_at,
    }


def shown_version(version: Version) -> dict[str, Any]:
    """A version with its texts."""
    return version_head(version) | {"body": version.body}


def version_head(version: Version) -> dict[str, Any]:
    """A version in a list."""
    return {
        "version": version.number,
        "note": version.note,
        "made_from": version.made_from,
        "created_at": version.created_at,
    }
