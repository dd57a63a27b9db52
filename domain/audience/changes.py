"""Changes of a contact, as events: their names, and what each is about. The same as in contact_changes.sql."""

TAG_ADDED, TAG_REMOVED = "contact.tag_added", "contact.tag_removed"
GROUP_ADDED, GROUP_REMOVED = "contact.group_added", "contact.group_removed"
FIELD_CHANGED = "contact.field_changed"

ABOUT = {TAG_ADDED: "tag", TAG_REMOVED: "tag", GROUP_ADDED: "group", GROUP_REMOVED: "group", FIELD_CHANGED: "field"}
"""By name: the member of the event's data that says what changed."""
