"""The app fetches the settings that it is to have, and where it is to post events."""

from fastapi import APIRouter, Request, Response

from api.devices.session import BY_SESSION, AppCaller, session_ended
from api.devices.smsgate import models, shown
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers, errors_of
from domain.devices.messages import Session
from services.settings.current import CurrentSettings
from store.devices.doors import watching
from store.devices.sealing import Secrets, secrets_of

router = APIRouter(prefix=shown.PATH, tags=["phones"])


@router.get(
    "/settings",
    summary="Settings of the app",
    response_model=None,
    responses=answers(models.AppSettings),
    openapi_extra=BY_SESSION,
)
async def get_app_settings(request: Request, session: AppCaller) -> Response:
    """They make it listen to events, and send messages in their order, at once."""
    secrets = await _secrets(request, session)
    await watching.note_fetched(state_of(request).pool, session)
    return json_response(shown.settings(secrets))


@router.get(
    "/webhooks",
    summary="Webhooks of the app",
    response_model=None,
    responses={200: {"model": list[models.AppWebhook]}, **errors_of(503)},
    openapi_extra=BY_SESSION,
)
async def list_app_webhooks(request: Request, session: AppCaller) -> Response:
    """Where it posts messages that it receives, and how it is. The app only posts to `https` addresses."""
    secrets = await _secrets(request, session)
    base = (await state_of(request).part(CurrentSettings).recent()).public_url or str(request.base_url)
    return json_response(shown.webhooks(base, secrets))


async def _secrets(request: Request, session: Session) -> Secrets:
    state = state_of(request)
    found = await secrets_of(state.pool, state.keyring, session.device_id)
    if found is None:
        raise session_ended()
    return found
