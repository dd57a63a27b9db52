"""``/api/admin/v1/unknown-lead-pages``: pages whose leads come to this install, though no source takes them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.listing import Cursor, Format, Limit, listed, place_in_time, read_place
from domain.access.actors import Actor
from store.leads import unknown_pages
from store.leads.unknown_pages import UnknownPage

router = APIRouter(prefix="/api/admin/v1/unknown-lead-pages", tags=["admin: reports"])


class ShownPage(BaseModel):
    """A page of Meta that posts leads to the app of this install, and that no source takes leads of."""

    model_config = ConfigDict(extra="forbid")

    page_id: str
    leads: int = Field(description="How many were posted. They are not kept: make a source, and have it backfill them.")
    first_at: datetime
    last_at: datetime


class PageOfPages(BaseModel):
    """A page of the list."""

    data: list[ShownPage]
    next_cursor: str | None


@router.get("", summary="Pages whose leads nobody takes", response_model=None, responses=answers(PageOfPages))
async def list_unknown_lead_pages(
    request: Request,
    _: Annotated[Actor, Depends(Allows("overview:read"))],
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Make a source of the page, or end its subscription at Meta. A page is listed until 90 days after its last lead,
    also if it has a source by now."""
    pool = state_of(request).pool

    async def fetch(place: str | None, most: int) -> Sequence[UnknownPage]:
        return await unknown_pages.page(pool, read_place(place, str), most)

    return await listed(
        request, limit, cursor, format, fetch, asdict, lambda row: place_in_time(row.last_at, row.page_id)
    )
