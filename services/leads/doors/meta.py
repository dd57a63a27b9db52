"""What Meta posts of lead ads: ids of leads, of many forms, pages and customers in one post
(developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving)."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.leads.reading.values import id_of, moment_of
from domain.leads.source import SourceSettings
from services.leads.doors.finding import takes_leads
from services.leads.receiving import Arrived
from store.leads.sources import Source

_FIELD = "leadgen"
_ID = re.compile("[0-9]{1,40}")
_IDS = ("leadgen_id", "page_id", "form_id", "ad_id", "adgroup_id")


@dataclass(frozen=True, slots=True)
class LeadNotice:
    """A lead that Meta has."""

    id: str
    page_id: str
    form_id: str | None
    created_time: datetime | None
    said: Mapping[str, str]
    """All ids of it, as text."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """What becomes of a post."""

    arrived: Sequence[Arrived]
    elsewhere: Sequence[Source]
    """For each lead of a form that does not count, its source."""
    unknown: Sequence[str]
    """For each lead of a page that no source takes leads of, that page."""


def notices_in(body: Mapping[str, Any]) -> list[LeadNotice]:
    """The leads that a post is about. What else Meta posts to an app is left out, and so is what has no id."""
    return [
        notice
        for entry in _objects(body.get("entry"))
        for change in _objects(entry.get("changes"))
        if change.get("field") == _FIELD and (notice := _notice(change.get("value"), entry.get("id"))) is not None
    ]


def sort(notices: Sequence[LeadNotice], by_page: Mapping[str, Collection[Source]]) -> Sorted:
    """Give each lead to all sources of its page."""
    arrived, elsewhere, unknown = list[Arrived](), list[Source](), list[str]()
    for notice in notices:
        found = [source for source in by_page.get(notice.page_id, ()) if takes_leads(source)]
        if not found:
            unknown.append(notice.page_id)
        for source in found:
            forms = SourceSettings.of(source.settings).forms
            if forms and notice.form_id not in forms:
                elsewhere.append(source)
            else:
                arrived.append(_arrived(source, notice))
    return Sorted(arrived, elsewhere, unknown)


def _arrived(source: Source, notice: LeadNotice) -> Arrived:
    return Arrived(
        source,
        notice.id,
        "webhook",
        notice.said,
        form_id=notice.form_id,
        created_time=notice.created_time,
    )


def _notice(value: object, page: object) -> LeadNotice | None:
    if not isinstance(value, dict):
        return None
    said = {name: id_ for name in _IDS if (id_ := _id(value.get(name))) is not None}
    page_id = said.setdefault("page_id", _id(page) or "")
    if "leadgen_id" not in said or not page_id:
        return None
    return LeadNotice(said["leadgen_id"], page_id, said.get("form_id"), moment_of(value.get("created_time")), said)


def _id(value: object) -> str | None:
    """An id, which Meta writes as a number or as text."""
    text = id_of(value)
    return text if text and _ID.fullmatch(text) else None


def _objects(value: object) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())
