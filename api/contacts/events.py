"""The story of a contact, as it is answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.resources.listing import place_in_time, read_place
from store.audience.events.recording import ContactEvent, Place


class ShownEvent(BaseModel):
    """Something that happened to a contact."""

    model_config = ConfigDict(extra="forbid")

    name: str
    at: datetime
    data: dict[str, Any]


class EventPage(BaseModel):
    """A page of events."""

    model_config = ConfigDict(extra="forbid")

    data: list[ShownEvent]
    next_cursor: str | None


def shown_event(event: ContactEvent) -> dict[str, Any]:
    """An event as it is answered."""
    return {"name": event.name, "at": event.at, "data": event.data}


def place_of_event(event: ContactEvent) -> str:
    """Where an event stands in the story."""
    return place_in_time(event.at, event.source)


def event_place(text: str | None) -> Place | None:
    """Read what ``place_of_event`` wrote.

    Raises:
        InvalidError: it is none.
    """
    place = read_place(text, UUID)
    return None if place is None else (place[0], place[1])
