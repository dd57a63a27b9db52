"""``/api/leads``: what became of leads, and taking them again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.query_text import Moment, QueryText
from api.http.state import state_of
from api.leads import lead_models as models
from api.leads.access import Holder, Reader
from api.leads.lead_shown import shown, shown_all
from api.operations.shown import shown as shown_operation
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from api.resources.words import unless_word
from domain.ids import first_id
from services.changes import Change
from services.leads import replaying, rules
from store.leads import lists
from store.leads.lists import Filter
from store.pool import Connections

router = APIRouter(prefix="/api/leads", tags=["leads"], route_class=unless_word("id", "replay"))


@router.get("", summary="Your leads, newest first", response_model=None, responses=answers(models.LeadPage))
async def list_leads(
    request: Request,
    principal: Reader,
    state: Annotated[models.State | None, Query(description=models.WORDS)] = None,
    source: Annotated[QueryText | None, Query(max_length=100, description="Its id, or its key.")] = None,
    code: Annotated[QueryText | None, Query(max_length=100)] = None,
    contact: UUID | None = None,
    via: models.Via | None = None,
    conflict: Annotated[bool | None, Query(description="Whether other contacts have one of its addresses.")] = None,
    created_after: Annotated[Moment | None, Query(description="Received then or later.")] = None,
    created_before: Annotated[Moment | None, Query(description="Received earlier.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without what people answered. As CSV it has the ids that uploads of conversions need."""
    pool, keyring = state_of(request).pool, state_of(request).keyring
    states = () if state is None else (state,)
    base = Filter(states, None, code, contact, via, conflict, _id_at(created_after), _id_at(created_before))
    wanted = await _of_source(pool, principal.account_id, source, base)

    async def page(before: UUID | None, most: int) -> Sequence[Mapping[str, Any]]:
        return await shown_all(pool, keyring, await lists.page(pool, principal.account_id, wanted, before, most))

    return await listed(request, limit, cursor, format, beyond_id(page), dict, lambda row: str(row["id"]))


@router.post(
    "/replay",
    summary="Have many leads be taken again",
    response_model=None,
    responses=answers(models.ReplayAnswer, 404),
    openapi_extra=documented_body(models.ReplayLeads, idempotent=True),
)
async def replay_leads(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """In the order in which they came, say with a corrected mapping. A dry run counts them."""
    raw = await read_body(request)
    given = parse_body(raw, models.ReplayLeads).filter
    times = _id_at(given.created_after), _id_at(given.created_before)
    base = Filter(tuple(given.state), None, given.code, given.contact, given.via, given.conflict, *times)

    async def work(made: Change, _: KeyClaim) -> Answer:
        account_id = principal.account_id
        wanted = await _of_source(made.store, account_id, given.source, base)
        count, operation = await replaying.replay_all(made, account_id, account_id, wanted, is_dry=dry_run)
        shown_ = None if operation is None else shown_operation(operation)
        return "they are taken again" if operation else "counted", {"leads": count, "operation": shown_}

    return await perform_once(request, user_actor(request, principal), "leads.replayed", raw, work, dry_run=dry_run)


@router.get("/{id}", summary="Read a lead", response_model=None, responses=answers(models.LeadAnswer, 404))
async def get_lead(request: Request, id: UUID, principal: Reader) -> Response:
    """With what somebody answered, and why it is in its state."""
    state = state_of(request)
    found = await replaying.find(state.pool, principal.account_id, id)
    return answer_one(await shown(state.pool, state.keyring, found))


@router.post(
    "/{lead}/replay",
    summary="Have a lead be taken again",
    response_model=None,
    responses=answers(models.LeadAnswer, 404, 409),
)
async def replay_lead(request: Request, lead: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """From what is kept of it, else from its provider. What it began and sent before is not begun or sent again."""
    keyring = state_of(request).keyring

    async def work(made: Change) -> Answer:
        after = await replaying.replay(made, principal.account_id, lead)
        return "it is taken again", await shown(made.store, keyring, after)

    return await perform(request, user_actor(request, principal), "lead.replayed", work, dry_run=dry_run)


async def _of_source(store: Connections, account_id: int, source: str | None, wanted: Filter) -> Filter:
    if source is None:
        return wanted
    return replace(wanted, source_id=(await rules.find(store, account_id, source)).id)


def _id_at(when: datetime | None) -> UUID | None:
    return None if when is None else first_id(max(when.timestamp(), 0.0))
