"""The source that a post is for."""

from uuid import UUID

from domain.errors import NotFoundError
from domain.leads.source import Kind
from store.leads import sources
from store.leads.sources import Source
from store.pool import Connections


async def open_source(store: Connections, kind: Kind, named: str) -> Source:
    """The source with this id, if it takes leads; one that is parked does.

    Raises:
        NotFoundError: there is none of this kind, or it was disabled.
    """
    try:
        found = await sources.of_id(store, UUID(named))
    except ValueError:
        found = None
    if found is None or found.kind != kind or not takes_leads(found):
        raise NotFoundError("lead_source_not_found", "there is no such source, or it was disabled")
    return found


def takes_leads(source: Source) -> bool:
    """Whether what is posted is kept: its provider's leads are not lost while it is parked."""
    return source.state != "disabled"
