"""Routes of the links by which recipients choose what they get (RFC 8058): for people and mail programs, without a key.

A GET only shows a page, as programs that scan mails follow every link. Whoever has the signed link may choose.
"""

from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.consent.page import ACTION, CHOICE, ONE_CLICK, Look, message_page, preferences_page
from api.http.body import read_body
from api.http.state import AppState, state_of
from domain.audience.page_texts import language_for
from domain.channels import Channel
from domain.mail.links import LinkKind, LinkSigner
from services.audience.consent import preferences as rules
from services.audience.consent.preferences import Choice, Origin
from services.settings.current import CurrentSettings
from store.audience.consent import people
from store.audience.consent.people import Person
from store.pool import InTransaction

router = APIRouter(include_in_schema=False)

_MAX_FORM = 16 * 1024
_MOST_FIELDS = 400


@router.get("/u/{token}")
async def ask(request: Request, token: str) -> Response:
    """The page with all choices, the first of which is to unsubscribe."""
    return await _shown(request, LinkKind.UNSUBSCRIBE, token)


@router.post("/u/{token}")
async def unsubscribe(request: Request, token: str) -> Response:
    """From the page, or from a mail program (RFC 8058 §3.2): no redirect, no confirmation."""
    return await _posted(request, LinkKind.UNSUBSCRIBE, token)


@router.get("/p/{token}")
async def show(request: Request, token: str) -> Response:
    """The page with all choices, for a message or an address."""
    return await _shown(request, LinkKind.PREFERENCES, token)


@router.post("/p/{token}")
async def choose(request: Request, token: str) -> Response:
    """From the page."""
    return await _posted(request, LinkKind.PREFERENCES, token)


async def _shown(request: Request, kind: LinkKind, token: str) -> Response:
    state = state_of(request)
    person = await _person(state, kind, token)
    if person is None:
        return await broken(request)
    known = await rules.read(state.pool, person)
    look = await look_of(request, known.language, person.account)
    return preferences_page(look, known, ask=kind is LinkKind.UNSUBSCRIBE)


async def _posted(request: Request, kind: LinkKind, token: str) -> Response:
    state = state_of(request)
    person = await _person(state, kind, token)
    if person is None:
        return await broken(request)
    body = await read_body(request, _MAX_FORM)
    one_click = all(word.encode() in body for word in ONE_CLICK)  # as a URL-encoded form or as a multipart one
    action, choices = ("one_click", set[Choice]()) if one_click else _read_form(body)
    if action not in _DONE or (one_click and kind is not LinkKind.UNSUBSCRIBE):
        look = await look_of(request, None, person.account)
        return preferences_page(
            look,
            await rules.read(state.pool, person),
            look.say("use_button"),
            ask=kind is LinkKind.UNSUBSCRIBE,
            status=400,
        )
    async with state.pool.connection() as conn, conn.transaction():
        await _do(InTransaction(conn), person, action, choices, _origin(request, one_click=one_click))
    known = await rules.read(state.pool, person)
    look = await look_of(request, known.language, person.account)
    return preferences_page(look, known, look.say(_DONE[action]))


_DONE = {"one_click": "unsubscribed", "all_off": "unsubscribed", "save": "saved", "pause": "saved", "resume": "saved"}
"""By action, the text that says that it was done."""


async def _do(store: InTransaction, person: Person, action: str, choices: set[Choice], origin: Origin) -> None:
    match action:
        case "one_click":
            await rules.unsubscribe(store, person, origin)
        case "all_off":
            await rules.refuse_all(store, person, origin)
        case "save":
            await rules.choose(store, person, choices, origin)
        case "pause":
            await rules.pause(store, person)
        case "resume":
            await rules.resume(store, person)


def _read_form(body: bytes) -> tuple[str, set[Choice]]:
    try:
        fields = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:  # not UTF-8, or too many fields
        return "", set()
    chosen = (value.partition(" ") for value in fields.get(CHOICE, []))
    return fields.get(ACTION, [""])[0], {(purpose, channel) for purpose, _, channel in chosen}


def _origin(request: Request, *, one_click: bool) -> Origin:
    ip = request.client.host if request.client else None
    return Origin("one_click" if one_click else "preference_page", ip, request.headers.get("user-agent", ""))


async def _person(state: AppState, kind: LinkKind, token: str) -> Person | None:
    found = state.part(LinkSigner).read(kind, token)
    if found is None:
        return None
    uid, address = found
    if not address:
        return await people.of_message(state.pool, uid)
    return await _of_address(state, uid, address)


async def _of_address(state: AppState, account: UUID, address: str) -> Person | None:
    channel, _, recipient = address.partition(":")
    if channel not in set(Channel) or account.int >= 2**63:
        return None
    return await people.of_address(state.pool, account.int, channel, recipient)


async def look_of(request: Request, language: str | None, sender: str) -> Look:
    """In which language and colours the reader of a page gets it."""
    settings = await state_of(request).part(CurrentSettings).recent()
    wanted = language_for(language, request.headers.get("accept-language", ""))
    return Look(wanted, settings.branding, sender)


async def broken(request: Request) -> Response:
    """We did not make this link, or what it belongs to is gone."""
    return message_page(await look_of(request, None, ""), "broken", "broken_note", status=404)
