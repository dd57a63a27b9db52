"""``POST /api/lead-sources/{source}/import``: leads from files that Meta and Google let people download."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.bodies.body_memory import BodyMemory
from api.http.bodies.multipart import boundary_of, file_in
from api.http.body import read_body
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.leads.access import Holder, Which
from api.reference.openapi import IDEMPOTENCY_HEADER, answers
from api.resources.access import check_known, user_actor
from api.resources.changing import Answer, DryRun, perform_once
from domain.leads.reading.file import MOST_BYTES
from services.changes import Change
from services.leads import rules
from services.leads.doors import importing
from services.leads.doors.importing import MOST_FAULTS, Imported

router = APIRouter(prefix="/api/lead-sources", tags=["leads"])

_PIECE = 64 * 1024
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            },
        },
    },
    "parameters": [IDEMPOTENCY_HEADER],
}


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FaultyLead(_Answer):
    """A row that was not taken."""

    row: int = Field(description="From 1, as spreadsheets count: the names of columns are a row, too.")
    code: str
    message: str = Field(description="Why, and what to do.")


class ImportedLeads(_Answer):
    """What became of the rows of a file."""

    rows: int
    new: int
    known: int = Field(description="Leads that were posted, fetched or imported before: they stay as they are.")
    faulty: int
    faults: list[FaultyLead] = Field(max_length=MOST_FAULTS, description=f"Of the first {MOST_FAULTS} faulty rows.")


class ImportedAnswer(_Answer):
    """The leads of a file are stored."""

    success: Literal[True]
    message: str
    data: ImportedLeads
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


@router.post(
    "/{source}/import",
    summary="Import leads from a file of Meta or Google",
    response_model=None,
    responses=answers(ImportedAnswer, 409, 413),
    openapi_extra=_FILE,
)
async def import_leads(
    request: Request,
    source: Which,
    principal: Holder,
    begin: Annotated[
        bool, Query(description="Also answer them and begin automations, as if they had just been posted.")
    ] = False,
    dry_run: DryRun = False,
) -> Response:
    """The body is the CSV file as it was downloaded, up to 10 MiB and 50,000 rows, or a form with it.

    Its leads become contacts with consent, groups and tags within the next minutes; `GET /api/leads?via=import` lists
    them. The same file again changes nothing."""
    check_known(request)
    state = state_of(request)
    found = await rules.find(state.pool, principal.account_id, source)
    with state.part(BodyMemory).body(principal.account_id) as held:
        raw = await read_body(request, MOST_BYTES, held)
        content = await _file_in(request, raw)
        imported = Imported()

        async def store_all() -> None:
            nonlocal imported
            imported = await importing.import_leads(
                state.pool, state.keyring, found, content, begin=begin, dry_run=dry_run
            )

        async def work(made: Change, _: KeyClaim) -> Answer:
            importing.note(made, found, imported)
            return "counted" if dry_run else "imported", asdict(imported)

        actor = user_actor(request, principal)
        return await perform_once(
            request, actor, "lead_source.imported", raw, work, dry_run=dry_run, beforehand=store_all
        )


async def _file_in(request: Request, raw: bytes) -> bytes:
    boundary = boundary_of(request.headers.get("content-type", ""))
    if boundary is None:
        return raw
    return b"".join([piece async for piece in file_in(_pieces(raw), boundary)])


async def _pieces(raw: bytes) -> AsyncIterator[bytes]:
    """Others have their turn after each."""
    for at in range(0, len(raw), _PIECE):
        yield raw[at : at + _PIECE]
        await asyncio.sleep(0)
