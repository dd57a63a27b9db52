"""``/api/auth``: passwords, and the first owner."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.auth import models
from api.auth.signed_in import SignedIn, answered, check_page, signed_in
from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.reference.openapi import PUBLIC, answers, documented_body
from api.resources.context import request_context
from domain.access.log_in_waits import OF_ADDRESS, OF_PAIR, address_subject, pair_subject
from domain.access.passwords import checked_password
from services.access import first_owner
from services.access import passwords as rules
from services.access.forgotten import Forgotten
from services.access.hashing import Hashing
from services.access.people import actor_of
from services.access.waits import count_try
from services.changes import change
from store.access import log_in_waits, sessions

router = APIRouter(prefix="/api/auth", tags=["log-in"])

_Me = Annotated[SignedIn, Depends(signed_in)]
_public: dict[str, Any] = {
    "response_model": None,
    "dependencies": [Depends(check_page)],
    "responses": answers(models.DoneAnswer, 400, 403, 408, 409, 413, 422, 429, 503),
}


@router.post(
    "/setup", summary="Create the first owner", openapi_extra=documented_body(models.SetUp) | PUBLIC, **_public
)
async def set_up(request: Request) -> Response:
    """Once, with the token that `xsender setup-token` prints on the machine. Then log in."""
    body = parse_body(await read_body(request), models.SetUp)
    context = await _counted(request)
    state = state_of(request)
    hashed = await first_owner.hash_for_owner(
        state.pool, state.part(Hashing), body.token, body.email, body.name, body.password
    )
    async with change(state.pool, actor_of(None, context), "owner.set_up") as made:
        await first_owner.set_up(made, body.token, body.email, body.name, hashed)
    await log_in_waits.give_back(state.pool, address_subject(context["ip"]))
    return answered("created: log in, POST /api/auth/login", None)


@router.post(
    "/forgot",
    summary="Have a link for a new password sent",
    openapi_extra=documented_body(models.Forgot) | PUBLIC,
    **_public,
)
async def forgot_password(request: Request) -> Response:
    """The answer is always the same. Whoever uses the address, and has a password, gets a mail."""
    body = parse_body(await read_body(request), models.Forgot)
    context = await _counted(request)
    state_of(request).part(Forgotten).begin(body.email, context)
    return answered("if somebody of this address has a password, a mail is on its way", None)


@router.post(
    "/reset",
    summary="Set a password by a link",
    openapi_extra=documented_body(models.SetPassword) | PUBLIC,
    **_public,
)
async def reset_password(request: Request) -> Response:
    """Of an invitation, or of a mail to who forgot it. All sessions end; then log in."""
    body = parse_body(await read_body(request), models.SetPassword)
    context = await _counted(request)
    state = state_of(request)
    known, hashed = await rules.hash_for(state.pool, state.part(Hashing), body.token, body.password)
    async with change(state.pool, actor_of(known, context), "password.set") as made:
        await rules.set_by_token(made, body.token, hashed)
    await log_in_waits.give_back(state.pool, address_subject(context["ip"]))
    return answered("set: log in, POST /api/auth/login", None)


@router.post(
    "/password",
    summary="Change one's password",
    response_model=None,
    responses=answers(models.EndedAnswer, 409),
    openapi_extra=documented_body(models.ChangePassword),
)
async def change_password(request: Request, me: _Me) -> Response:
    """All other sessions end."""
    body = parse_body(await read_body(request), models.ChangePassword)
    state, known, hashing = state_of(request), me.known, state_of(request).part(Hashing)
    checked = checked_password(body.new_password, known.email, known.name, "/new_password")
    await confirm_password(request, me, body.password)
    hashed = await hashing.hash(checked)
    async with change(state.pool, me.actor, "password.changed") as made:
        ended = await rules.replace_password(made, known, hashed, me.session_id)
    return answered("changed", {"ended": ended})


@router.post(
    "/confirm",
    summary="Prove that it is still you",
    response_model=None,
    responses=answers(models.DoneAnswer, 409),
    openapi_extra=documented_body(models.Confirm),
)
async def confirm_session(request: Request, me: _Me) -> Response:
    """For 15 minutes, as after a log-in, the session makes keys, and changes credentials and staff."""
    body = parse_body(await read_body(request), models.Confirm)
    await confirm_password(request, me, body.password)
    await sessions.confirm(state_of(request).pool, me.session_id, me.known.person)
    return answered("confirmed, for 15 minutes", None)


async def confirm_password(request: Request, me: SignedIn, password: str) -> None:
    """Have who is logged in prove that it is still the same person. Tries in vain count as those to log in.

    Raises:
        XsenderError: as in ``check_password``, and ``TooSoonError``.
    """
    state = state_of(request)
    pair = pair_subject(me.known.email, str(me.context["ip"]))
    await count_try(state.pool, pair, OF_PAIR)
    await rules.check_password(state.part(Hashing), me.known, password)
    await log_in_waits.forget(state.pool, pair)


async def _counted(request: Request) -> dict[str, str]:
    """The request's context. Tokens cannot be guessed, but one address does not try many in vain."""
    context = request_context(request)
    await count_try(state_of(request).pool, address_subject(context["ip"]), OF_ADDRESS)
    return context
