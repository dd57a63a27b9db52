"""``/api/auth/totp``: one's second factor."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import models
from api.auth.passwords import confirm_password
from api.auth.signed_in import SignedIn, answered, signed_in, signed_in_to_enrol
from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from domain.access.log_in_waits import OF_CODES, codes_subject
from services.access import second_factor as rules
from services.access.people import about
from services.access.waits import count_try
from services.changes import change
from services.settings.current import CurrentSettings, read_current
from store.access import log_in_waits

router = APIRouter(prefix="/api/auth/totp", tags=["log-in"])

_Me = Annotated[SignedIn, Depends(signed_in)]
_Enrolling = Annotated[SignedIn, Depends(signed_in_to_enrol)]


@router.post(
    "",
    summary="Set up a second factor",
    response_model=None,
    responses=answers(models.TotpAnswer, 409),
    openapi_extra=documented_body(models.BeginTotp),
)
async def begin_totp(request: Request, me: _Enrolling) -> Response:
    """For an app that computes codes. It counts once `confirm` got the first one. The secret is not shown again."""
    body = parse_body(await read_body(request), models.BeginTotp)
    await confirm_password(request, me, body.password)
    state = state_of(request)
    issuer = (await state.part(CurrentSettings).recent()).branding.product_name
    async with change(state.pool, me.actor, "totp.begun") as made:
        secret, uri = await rules.begin(made, state.keyring, me.known, issuer)
    return answered("confirm it by a code: the secret is not shown again", {"secret": secret, "uri": uri})


@router.post(
    "/confirm",
    summary="Use a second factor from now on",
    response_model=None,
    responses=answers(models.RecoveryCodesAnswer, 409),
    openapi_extra=documented_body(models.ConfirmTotp),
)
async def confirm_totp(request: Request, me: _Enrolling) -> Response:
    """By its first code. All other sessions end. The recovery codes are not shown again: each replaces a code once."""
    body = parse_body(await read_body(request), models.ConfirmTotp)
    state, subject = state_of(request), codes_subject(me.known.person)
    await count_try(state.pool, subject, OF_CODES)
    async with change(state.pool, me.actor, "totp.enabled") as made:
        codes = await rules.confirm(made, state.keyring, me.known, body.code, me.session_id)
    await log_in_waits.forget(state.pool, subject)
    return answered("keep the recovery codes, they are not shown again", {"recovery_codes": codes})


@router.post(
    "/disable",
    summary="Log in without a second factor",
    response_model=None,
    responses=answers(models.DoneAnswer, 409),
    openapi_extra=documented_body(models.DisableTotp),
)
async def disable_totp(request: Request, me: _Me) -> Response:
    """It takes the password and a code."""
    body = parse_body(await read_body(request), models.DisableTotp)
    state = state_of(request)
    await confirm_password(request, me, body.password)
    if me.known.totp_since is not None:
        await rules.check(state.pool, state.keyring, me.known, body.code)
    async with change(state.pool, me.actor, "totp.disabled") as made:
        about(made, me.known)
        install = await read_current(made.store, state.settings.for_install)
        await rules.disable(made, me.known, is_required=install.requires_second_factor(me.known.person.kind))
    return answered("disabled", None)
