"""How values and events of contacts are named. English: they are translated where they are shown."""

from panel.messages.words import RECEIPTS, STATES
from panel.rendering.words import Look, _

VALUES: dict[str, str] = {
    "email": _("Email"),
    "phone": _("Phone"),
    "whatsapp": "WhatsApp",
    "external_id": _("Your own id"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "language": _("Language"),
    "country": _("Country"),
    "time_zone": _("Time zone"),
}
"""Values that every contact may have, by their names in the API."""

FIELD_TYPES: dict[str, str] = {
    "text": _("Text"),
    "number": _("Number"),
    "boolean": _("Yes or no"),
    "date": _("Date"),
    "time": _("Date and time"),
}

ORIGINS: dict[str, str] = {
    "api": _("the API"),
    "cli": _("the command line"),
    "import": _("an import"),
    "panel": _("this panel"),
    "lead": _("a lead"),
    "form": _("a form"),
}
"""Where values came from, as far as it is known by kind."""

_EVENTS: dict[str, Look] = {
    "message.received": Look("accent", "reply", _("Wrote to you")),
    "message.replied": Look("accent", "reply", _("Replied to a message")),
    "consent.granted": Look("good", "shield-check", _("Gave consent")),
    "consent.withdrawn": Look("warn", "shield", _("Withdrew consent")),
    "contact.tag_added": Look("calm", "tag", _("Got a tag")),
    "contact.tag_removed": Look("calm", "tag", _("Lost a tag")),
    "contact.group_added": Look("calm", "users", _("Joined a group")),
    "contact.group_removed": Look("calm", "users", _("Left a group")),
    "contact.created": Look("calm", "user-plus", _("Was added")),
    "contact.changed": Look("calm", "pencil", _("Was changed")),
}


def look_of_event(name: str) -> Look:
    """One that the account posted, or that is new to the panel, is shown by its name."""
    kind = name.removeprefix("message.")
    known = RECEIPTS | STATES if name.startswith("message.") else {}
    return _EVENTS.get(name) or known.get(kind) or Look("calm", "activity", name)
