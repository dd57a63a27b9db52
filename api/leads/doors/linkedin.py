"""``/api/webhook/linkedin-leads/{source}``: what LinkedIn posts of leads.

Each subscription at LinkedIn names its address, so every source has one of its own.
"""

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from api.http.bodies.posted_body import parse_object
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.leads.doors.checks import Refusal, SourceChecks, unauthorized
from api.leads.doors.documented import checked, posted
from api.leads.doors.taking import take
from api.webhooks.heads import answer_reply, head_of
from api.webhooks.memory import read_public_post
from domain.errors import ConflictError
from gateways.leads.linkedin_signing import challenge_reply, is_signed, may_be_signed
from services.leads.doors import linkedin
from services.leads.doors.finding import open_source
from services.leads.doors.linkedin import LeadAction
from services.leads.erasing import erase_provided
from services.leads.processing.waking import wake
from store.leads.sources import Source

router = APIRouter(prefix="/api/webhook/linkedin-leads/{source}", tags=["lead webhooks"])

_MOST_BYTES = 64 * 1024


@router.get("", summary="Prove to LinkedIn that the address is ours", **checked("The code, signed."))
async def verify_linkedin_leads(request: Request, source: str) -> Response:
    """LinkedIn asks every two hours, with a `challengeCode`, and posts only where that was answered."""
    state = state_of(request)
    found = await open_source(state.pool, "linkedin", source)
    secret = state.part(SourceChecks).credentials(found).get("client_secret")
    if secret is None:
        raise ConflictError("client_secret_missing", "set the client secret of the app at this source first")
    return answer_reply(challenge_reply(head_of(request), secret))


@router.post("", summary="Receive leads of LinkedIn", **posted("That a lead was created, or is to be deleted."))
async def receive_linkedin_leads(request: Request, source: str) -> Response:
    """Answered once the lead is stored and its workflow has started, or its content is deleted."""
    state = state_of(request)
    found = await open_source(state.pool, "linkedin", source)
    checks, head = state.part(SourceChecks), head_of(request)
    try:
        if not may_be_signed(head):
            raise unauthorized()
        post = replace(head, body=await read_public_post(request, _MOST_BYTES))
        secret = checks.credentials(found).get("client_secret")
        if secret is None or not await is_signed(post, secret):
            raise unauthorized()
        action = linkedin.action_in(parse_object(post.body))
    except Refusal as error:
        checks.refused(found, error.code)
        raise
    if action is not None:
        await _take(state, found, action)
    return json_response({"success": True})


async def _take(state: AppState, source: Source, action: LeadAction) -> None:
    if not linkedin.is_of(source, action):
        state.part(SourceChecks).unknown(source)
    elif action.is_deletion:
        await erase_provided(state.pool, source, action.id)
        await wake(state.temporal, source.id, action.id)
    else:
        await take(state, [linkedin.arrived(source, action)])
