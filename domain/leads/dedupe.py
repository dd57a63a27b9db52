"""By what a lead is known whose sender gives it no id: the same person with the same form on the same day."""

import hashlib
from datetime import datetime
from uuid import UUID

from domain.leads.mapping import MappedLead
from domain.leads.raw import RawLead


def key_of(source_id: UUID, raw: RawLead, mapped: MappedLead, now: datetime) -> str | None:
    """In the place of a provider's id: a digest, which says nothing of the person. ``None``: it names nobody, so that
    no two are the same."""
    person = mapped.values.get("phone") or mapped.values.get("email") or mapped.values.get("whatsapp")
    if not person:
        return None
    day = (raw.created_at or now).date().isoformat()
    text = "\0".join((str(source_id), str(person), raw.form_id or "", day))
    return hashlib.sha256(text.encode()).hexdigest()
