"""``/api/admin/v1/settings``: settings of the whole install, and the system's own mail."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.admin.install import settings_models as models
from api.admin.managed import managed_by
from api.gateways.models import TrialAnswer
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform
from domain.access.actors import Actor
from domain.errors import FieldError, invalid
from domain.recipients import InvalidRecipient, normalise_email
from gateways.net.names import Names
from services.changes import Change, change
from services.settings.changing import Described, change_settings, describe
from services.system_mail.sending import TEST, is_set, missing, send_notice, take_test_turn
from store.pool import Connections

router = APIRouter(prefix="/api/admin/v1/settings", tags=["admin: settings"])

_Reader = Annotated[Actor, Depends(Allows("settings:read"))]
_Writer = Annotated[Actor, Depends(Allows("settings:write"))]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.SettingsAnswer, 409, 412)}


@router.get("", summary="Read the settings of the install", **_one)
async def get_settings(request: Request, _: _Reader) -> Response:
    """Those that hold now: what was set here, else what the environment says, else the default; see `sources`."""
    state = state_of(request)
    return answer_one(await _told(state, state.pool))


@router.patch("", summary="Change settings of the install", openapi_extra=documented_body(models.PatchSettings), **_one)
async def change_install_settings(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """As a JSON Merge Patch. It counts from the next request on, in every process; maintenance reads it every hour."""
    state = state_of(request)
    patch = parse_body(await read_body(request), models.PatchSettings).model_dump(exclude_unset=True)

    async def work(made: Change) -> Answer:
        check_match(request, await _told(state, made.store))
        await change_settings(made, state.keyring, patch)
        return "changed", await _told(state, made.store)

    return await perform(request, actor, "settings.updated", work, dry_run=dry_run)


@router.post(
    "/system-mail/test",
    summary="Send a test mail of the system",
    response_model=None,
    responses=answers(TrialAnswer, 409),
    openapi_extra=documented_body(models.MailTest),
)
async def test_system_mail(request: Request, actor: _Writer) -> Response:
    """A real mail over the stored mail server; the answer is the server's. That it was sent is logged."""
    state = state_of(request)
    to = _mailbox(parse_body(await read_body(request), models.MailTest).to)
    if not await is_set(state.pool):
        raise missing()
    wait = await take_test_turn(state.pool)
    if wait > 0:
        message = f"test mails are sent a few times a minute: wait {wait:.0f} s"
        raise ApiError(429, "rate_limited", message, retry_after=wait)
    async with change(state.pool, actor, "settings.mail_tested") as made:
        made.about("settings", "system_mail")
    environment, names = state.settings.for_install, state.part(Names)
    trial = await send_notice(state.pool, state.keyring, environment, to, TEST, names)
    message = f"the mail server's answer: {trial.outcome}"
    return json_response({"success": True, "message": message, "data": asdict(trial)})


def shown(described: Described) -> dict[str, Any]:
    """The settings, as they are answered."""
    settings = described.settings.model_dump(mode="json")
    more = {"sources": described.sources, "managed_by": managed_by(described.is_in_file)}
    return {**settings, "system_mail": described.system_mail, **more}


async def _told(state: AppState, store: Connections) -> dict[str, Any]:
    return shown(await describe(store, state.keyring, state.settings.for_install))


def _mailbox(text: str) -> str:
    try:
        return normalise_email(text)
    except InvalidRecipient as error:
        raise invalid([FieldError("/to", error.code, error.message)]) from None
