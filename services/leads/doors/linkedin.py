"""What LinkedIn posts of lead forms: that a lead came, or that its person wants it deleted
(learn.microsoft.com/linkedin/marketing/lead-sync/leadsync)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.errors import InvalidError
from domain.leads.reading.values import moment_of
from domain.leads.source import SourceSettings
from services.leads.receiving import Arrived
from store.leads.sources import Source

_RESPONSE = re.compile("urn:li:leadGenFormResponse:([0-9A-Za-z-]{1,100})")
_FORM = re.compile("leadGenForm:([0-9]{1,20})")
_LONGEST = 200
_KEPT = ("leadGenFormResponse", "leadGenForm", "leadType")


@dataclass(frozen=True, slots=True)
class LeadAction:
    """What happened to a lead."""

    id: str
    is_deletion: bool
    owner: str | None
    """The URN of the ad account, or of the organization."""
    form_id: str | None
    at: datetime | None
    said: Mapping[str, str]


def action_in(body: Mapping[str, Any]) -> LeadAction | None:
    """What a post is about; ``None``: nothing of leads.

    Raises:
        InvalidError: it does not say of which lead.
    """
    action = body.get("leadAction")
    if body.get("type") != "LEAD_ACTION" or action not in ("CREATED", "DELETED"):
        return None
    response = _RESPONSE.fullmatch(_text(body.get("leadGenFormResponse")))
    if response is None:
        raise InvalidError("lead_id", "a lead of LinkedIn has a leadGenFormResponse", "/leadGenFormResponse")
    form = _FORM.search(_text(body.get("leadGenForm")))
    said = {name: text for name in _KEPT if (text := _text(body.get(name)))}
    return LeadAction(
        response[1],
        action == "DELETED",
        _owner(body.get("owner")),
        form[1] if form else None,
        moment_of(body.get("occurredAt")),
        said,
    )


def is_of(source: Source, action: LeadAction) -> bool:
    """Whether it is about a lead of this source."""
    settings = SourceSettings.of(source.settings)
    if settings.owner is not None and action.owner is not None and action.owner != settings.owner:
        return False
    return action.is_deletion or not settings.forms or action.form_id in settings.forms


def arrived(source: Source, action: LeadAction) -> Arrived:
    """The lead, which is to be fetched."""
    return Arrived(source, action.id, "webhook", action.said, form_id=action.form_id, created_time=action.at)


def _owner(value: object) -> str | None:
    """LinkedIn writes ``{"sponsoredAccount": URN}`` or ``{"organization": URN}``."""
    found = value.values() if isinstance(value, dict) else ()
    return next((text for one in found if (text := _text(one))), None)


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST else ""
