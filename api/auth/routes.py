"""``/api/auth``: log-in, log-out, and who one is."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.auth import models
from api.auth.signed_in import SignedIn, answered, check_page, signed_in_or_acting
from api.http.body import parse_body, read_body
from api.http.state import AppState, state_of
from api.limits.own_page import delete_session_cookie, set_session_cookie
from api.reference.openapi import PUBLIC, answers, documented_body
from api.resources.context import request_context
from domain.access.people import PersonKind
from services.access import log_in as rules
from services.access.hashing import Hashing
from services.access.people import about
from services.access.staff import permissions_of
from services.accounts.environment import environment_of
from services.changes import change
from services.settings.current import CurrentSettings
from store.access import sessions
from store.access.people import Known

router = APIRouter(prefix="/api/auth", tags=["log-in"])

_Me = Annotated[SignedIn, Depends(signed_in_or_acting)]


@router.post(
    "/login",
    summary="Log in",
    response_model=None,
    dependencies=[Depends(check_page)],
    responses=answers(models.LogInAnswer, 400, 401, 403, 408, 413, 422, 429, 503),
    openapi_extra=documented_body(models.LogIn) | PUBLIC,
)
async def log_in(request: Request) -> Response:
    """As a member of staff, or as a user. After some tries in vain each one has to wait longer."""
    body = parse_body(await read_body(request), models.LogIn)
    state = state_of(request)
    kind = PersonKind(body.kind) if body.kind else None
    attempt = rules.Attempt(body.email, body.password, body.code, kind, request_context(request))
    begun = await rules.log_in(state.pool, state.part(Hashing), state.keyring, attempt)
    data = {**await _shown(state, begun.known, begun.token.id), "token": begun.token.text}
    is_enough = data["totp"] or not data["totp_required"]
    then = "" if is_enough else "; nothing else can be done before you set up a second factor: POST /api/auth/totp"
    answer = answered(f"logged in: the token is not shown again{then}", data)
    set_session_cookie(request, answer, begun.token.text)
    return answer


@router.post("/logout", summary="Log out", response_model=None, responses=answers(models.DoneAnswer))
async def log_out(request: Request, me: _Me) -> Response:
    """Ends this session, in every process at once."""
    async with change(state_of(request).pool, me.actor, "session.ended") as made:
        about(made, me.known)
        made.metadata["session_id"] = me.session_id
        await sessions.end(made.store, me.session_id, me.known.person)
    answer = answered("logged out", None)
    delete_session_cookie(request, answer)
    return answer


@router.get("/me", summary="Who is logged in", response_model=None, responses=answers(models.MeAnswer))
async def get_me(request: Request, me: _Me) -> Response:
    """With the permissions of staff at this moment."""
    return answered("found", await _shown(state_of(request), me.known, me.session_id))


async def _shown(state: AppState, known: Known, session_id: str) -> dict[str, Any]:
    install = await state.part(CurrentSettings).recent()
    permissions = frozenset() if known.role is None else await permissions_of(state.pool, known.role)
    is_user = known.person.kind is PersonKind.USER
    return {
        "kind": known.person.kind,
        "id": known.person.id,
        "email": known.email,
        "name": known.name,
        "role": known.role,
        "permissions": sorted(permissions),
        "session_id": session_id,
        "totp": known.totp_since is not None,
        "totp_required": known.totp_required or install.requires_second_factor(known.person.kind),
        "environment": await environment_of(state.pool, known.person.id) if is_user else None,
    }
