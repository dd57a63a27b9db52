"""``/api/views``: filters of lists that somebody keeps under a name."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from api.auth.signed_in import SignedIn, answered, signed_in
from api.http.body import parse_body, read_body
from api.http.json_response import json_response
from api.http.query_text import QueryText
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from store.access import saved_views

router = APIRouter(prefix="/api/views", tags=["log-in"])

MOST = 50
"""Of a person."""
_Me = Annotated[SignedIn, Depends(signed_in)]
_Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
_Page = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9/@-]{0,59}$")]
_Name = Annotated[StrictStr, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]


class NewView(BaseModel):
    """A view to keep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: _Page = Field(description="Which list: a word of your own.", examples=["messages"])
    name: _Name = Field(examples=["Failed SMS"])
    query: Annotated[StrictStr, Field(max_length=1000, pattern=r"^[!-~]*$")] = Field(
        description="What stands in the address after `?`.", examples=["state=failed&channel=sms"]
    )


class RenameView(BaseModel):
    """Another name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name


class ShownView(BaseModel):
    """A view."""

    model_config = ConfigDict(extra="forbid")

    id: int
    page: str
    name: str
    query: str


class ViewAnswer(BaseModel):
    """A view."""

    model_config = ConfigDict(extra="forbid")

    success: Literal[True]
    message: str
    data: ShownView


class ViewGone(BaseModel):
    """It was deleted."""

    model_config = ConfigDict(extra="forbid")

    success: Literal[True]
    message: str
    data: None


class ViewList(BaseModel):
    """All views."""

    model_config = ConfigDict(extra="forbid")

    data: list[ShownView]
    next_cursor: None


@router.get("", summary="Own saved views", response_model=None, responses=answers(ViewList))
async def list_views(
    request: Request, me: _Me, page: Annotated[QueryText | None, Query(max_length=60)] = None
) -> Response:
    """By list and name; 50 at most."""
    found = await saved_views.of_person(state_of(request).pool, me.known.person, page)
    return json_response({"data": [asdict(one) for one in found], "next_cursor": None})


@router.post(
    "",
    summary="Save a view",
    response_model=None,
    responses=answers(ViewAnswer, 409),
    openapi_extra=documented_body(NewView),
)
async def save_view(request: Request, me: _Me) -> Response:
    """One of the same list and name is replaced, so a repeat changes nothing."""
    body = parse_body(await read_body(request), NewView)
    pool, person = state_of(request).pool, me.known.person
    return answered("saved", asdict(await saved_views.save(pool, person, body.page, body.name, body.query, MOST)))


@router.patch(
    "/{view}",
    summary="Rename a view",
    response_model=None,
    responses=answers(ViewAnswer, 409),
    openapi_extra=documented_body(RenameView),
)
async def rename_view(request: Request, view: _Id, me: _Me) -> Response:
    """Its list and its filter stay."""
    body = parse_body(await read_body(request), RenameView)
    renamed = await saved_views.rename(state_of(request).pool, me.known.person, view, body.name)
    return answered("renamed", asdict(renamed))


@router.delete("/{view}", summary="Delete a view", response_model=None, responses=answers(ViewGone))
async def delete_view(request: Request, view: _Id, me: _Me) -> Response:
    """What it shows stays."""
    await saved_views.remove(state_of(request).pool, me.known.person, view)
    return answered("deleted", None)
