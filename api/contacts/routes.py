"""``/api/contacts``: the people that an account knows."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.contacts import models
from api.contacts.access import Holder, Reader
from api.contacts.events import EventPage, event_place, place_of_event, shown_event
from api.contacts.shown import Named, named, place, position, shown, shown_of
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.query_text import Moment, QueryText
from api.http.state import state_of
from api.messages.models import MessagePage
from api.messages.searching import place_of
from api.messages.searching import shown as shown_message
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, Partial, listed
from api.resources.words import unless_word
from domain.audience.contacts.contact import Contact
from services.audience.contacts import changing as rules
from services.audience.contacts import finding
from services.audience.contacts.given import ContactBody
from services.audience.contacts.messages import messages_of
from services.changes import Change
from store.audience.contacts import lists
from store.audience.events import recording
from store.audience.events.recording import ContactEvent
from store.messages.search.walks import Listed

_Route = unless_word("contact", "bulk", "export", "import")
router = APIRouter(prefix="/api/contacts", tags=["contacts"], route_class=_Route)

_one: dict[str, Any] = {"response_model": None, "responses": answers(models.ContactAnswer, 409, 412)}
_Address = Annotated[QueryText | None, Query(max_length=320)]


@router.get("", summary="Your contacts, newest first", response_model=None, responses=answers(models.ContactPage))
async def list_contacts(
    request: Request,
    principal: Holder,
    q: Annotated[
        QueryText | None,
        Query(min_length=1, max_length=200, description="How a name, an address or the external id begins."),
    ] = None,
    email: _Address = None,
    phone: Annotated[QueryText | None, Query(max_length=50, description="Or WhatsApp number, in any spelling.")] = None,
    external_id: Annotated[QueryText | None, Query(max_length=200)] = None,
    tag: Annotated[QueryText | None, Query(max_length=200)] = None,
    group: Annotated[QueryText | None, Query(max_length=200, description="Key or id.")] = None,
    created_after: Annotated[Moment | None, Query(description="Made then or later.")] = None,
    created_before: Annotated[Moment | None, Query(description="Made earlier.")] = None,
    updated_after: Annotated[Moment | None, Query(description="Changed then or later.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Filters that are given all apply. `q` finds somebody: of many that begin so only some are listed."""
    pool, search = state_of(request).pool, finding.Search(q, email, phone, external_id, tag, group)
    times = (created_after, created_before, updated_after)
    wanted = await finding.filter_of(pool, principal.account_id, search, *times)

    async def fetch(after: str | None, most: int) -> Sequence[Named]:
        if wanted is None:
            return []
        below = None if after is None else position(after)
        return await named(pool, await lists.page(pool, principal.account_id, wanted, below, most))

    return await listed(request, limit, cursor, format, fetch, shown, place)


@router.post("", summary="Make a contact", openapi_extra=documented_body(ContactBody, idempotent=True), **_one)
async def add_contact(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """Give an address or an external id that no other contact of yours has."""
    raw = await read_body(request)
    given = parse_body(raw, ContactBody).model_dump(exclude_unset=True)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "made", await shown_of(made.store, await rules.add(made, principal.account_id, given))

    return await perform_once(request, user_actor(request, principal), "contact.created", raw, work, dry_run=dry_run)


@router.get("/{contact}", summary="Read a contact", response_model=None, responses=answers(models.ContactAnswer))
async def get_contact(request: Request, contact: UUID, principal: Holder) -> Response:
    """With the `ETag` that a change may name in `If-Match`."""
    pool = state_of(request).pool
    return answer_one(await shown_of(pool, await rules.find(pool, principal.account_id, contact)))


@router.patch("/{contact}", summary="Change a contact", openapi_extra=documented_body(ContactBody), **_one)
async def change_contact(request: Request, contact: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """What is left out stays, `null` removes a value, custom fields are merged, lists are replaced."""
    given = parse_body(await read_body(request), ContactBody).model_dump(exclude_unset=True)

    async def work(made: Change) -> Answer:
        check = matching(request, made)
        return "changed", await shown_of(
            made.store, await rules.alter(made, principal.account_id, contact, given, check)
        )

    return await perform(request, user_actor(request, principal), "contact.changed", work, dry_run=dry_run)


@router.delete("/{contact}", summary="Delete a contact", response_model=None, responses=answers(models.GoneAnswer, 412))
async def delete_contact(request: Request, contact: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """Its messages stay, and what its addresses consented to or refused: that belongs to them."""

    async def work(made: Change) -> Answer:
        await rules.remove(made, principal.account_id, contact, matching(request, made))
        return "deleted", None

    return await perform(request, user_actor(request, principal), "contact.deleted", work, dry_run=dry_run)


@router.get(
    "/{contact}/messages",
    summary="Messages to a contact, newest first",
    response_model=None,
    responses=answers(MessagePage),
)
async def list_contact_messages(
    request: Request,
    contact: UUID,
    principal: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Those to its addresses of now. A page may have fewer messages than `limit` and yet a `next_cursor`."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, contact)

    async def fetch(after: str | None, most: int) -> Sequence[Listed]:
        page = await messages_of(pool, found, None if after is None else position(after), most)
        return page.messages if page.stopped is None else Partial(page.messages, str(page.stopped))

    return await listed(request, limit, cursor, format, fetch, shown_message, place_of)


@router.get(
    "/{contact}/events",
    summary="What happened to a contact, newest first",
    response_model=None,
    responses=answers(EventPage),
)
async def list_contact_events(
    request: Request,
    contact: UUID,
    principal: Holder,
    name: Annotated[QueryText | None, Query(max_length=520, description="Such as `message.opened`.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Events of the last 90 days, or a little longer: those of messages and consent, and those that you posted."""
    pool = state_of(request).pool
    await rules.find(pool, principal.account_id, contact)

    async def fetch(after: str | None, most: int) -> Sequence[ContactEvent]:
        return await recording.story(pool, principal.account_id, contact, name, event_place(after), most)

    return await listed(request, limit, cursor, format, fetch, shown_event, place_of_event)


def matching(request: Request, made: Change) -> rules.Check:
    """Refuses to change a contact that has changed since the caller read it."""

    async def check(before: Contact) -> None:
        if "if-match" in request.headers:
            check_match(request, await shown_of(made.store, before))

    return check
