"""``/api/webhook/meta-lead-ads``: leads that Meta posts.

An app of Meta posts for all its pages to one address. With the app of the install that is the one without a source, and
the page says whose lead it is; a customer with an app of its own has the address of its source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.bodies.posted_body import parse_object
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.leads.doors.checks import SourceChecks, unauthorized
from api.leads.doors.documented import checked, posted
from api.leads.doors.taking import take
from api.webhooks.heads import answer_reply, head_of
from api.webhooks.memory import read_public_post
from gateways.meta.signing import challenge_reply, is_signed, may_be_signed
from gateways.webhooks.webhook import Post
from services.leads.doors import meta
from services.leads.doors.finding import open_source
from services.leads.doors.meta import LeadNotice
from store.leads import sources
from store.leads.sources import Source

router = APIRouter(prefix="/api/webhook/meta-lead-ads", tags=["lead webhooks"])

MOST_BYTES = 256 * 1024
_MOST_VALUES = 50_000
_MOST_PAGES = 200
"""Of a post whose signature is looked for among the sources of its pages."""
_documented = posted("Changes of the field `leadgen`, of several pages; others are left out.")
_checked = checked("The challenge.")


@router.get("", summary="Prove to Meta that the address is ours", **_checked)
async def verify_meta_leads(request: Request) -> Response:
    """With the verify token of the install's own app."""
    token = state_of(request).settings.meta_verify_token.get_secret_value()
    return answer_reply(challenge_reply(head_of(request), token or None))


@router.get("/{source}", summary="Prove to Meta that the address of a source is ours", **_checked)
async def verify_meta_leads_of_source(request: Request, source: str) -> Response:
    """With the verify token of the source."""
    state = state_of(request)
    found = await open_source(state.pool, "meta", source)
    token = state.part(SourceChecks).credentials(found).get("verify_token")
    return answer_reply(challenge_reply(head_of(request), token))


@router.post("", summary="Receive leads of Meta", **_documented)
async def receive_meta_leads(request: Request) -> Response:
    """For all pages. Signed by the install's own app, or by that of a source, which then counts for its pages alone.

    Answered once all leads are stored and their workflows have started. Leads of other pages and forms are counted."""
    state = state_of(request)
    post = await _read(request)
    secret = state.settings.meta_app_secret.get_secret_value()
    is_of_install = bool(secret) and await is_signed(post, secret)
    notices = meta.notices_in(parse_object(post.body, _MOST_VALUES))
    pages = list(dict.fromkeys(notice.page_id for notice in notices))
    if not is_of_install:
        pages = pages[:_MOST_PAGES]
    by_page = await sources.named(state.pool, "meta", pages) if pages else {}
    if not is_of_install:
        by_page = await _signed_for(state, post, by_page)
    return await _take(state, notices, by_page, is_of_install=is_of_install)


@router.post("/{source}", summary="Receive leads of Meta for one source", **_documented)
async def receive_meta_leads_of_source(request: Request, source: str) -> Response:
    """As `receiveMetaLeads`, signed by the app of the source."""
    state = state_of(request)
    found = await open_source(state.pool, "meta", source)
    post = await _read(request)
    by_page = await _signed_for(state, post, {str(found.settings.get("page_id")): [found]})
    return await _take(state, meta.notices_in(parse_object(post.body, _MOST_VALUES)), by_page)


async def _read(request: Request) -> Post:
    head = head_of(request)
    if not may_be_signed(head):
        raise unauthorized()
    return replace(head, body=await read_public_post(request, MOST_BYTES))


async def _signed_for(
    state: AppState, post: Post, by_page: Mapping[str, Sequence[Source]]
) -> Mapping[str, Sequence[Source]]:
    """Of these sources those whose app signed the post.

    Raises:
        ApiError: 401 none did.
    """
    checks, found = state.part(SourceChecks), dict[str, list[Source]]()
    for page, named in by_page.items():
        for source in named:
            secret = checks.credentials(source).get("app_secret")
            if secret is not None and await is_signed(post, secret):
                found.setdefault(page, []).append(source)
    if not found:
        for source in {source.id: source for named in by_page.values() for source in named}.values():
            checks.refused(source, "lead_unauthorized")
        raise unauthorized()
    return found


async def _take(
    state: AppState,
    notices: Sequence[LeadNotice],
    by_page: Mapping[str, Sequence[Source]],
    *,
    is_of_install: bool = False,
) -> Response:
    checks, found = state.part(SourceChecks), meta.sort(notices, by_page)
    for source in found.elsewhere:
        checks.unknown(source)
    signers = [source for named in by_page.values() for source in named]
    for page_id in found.unknown:
        if is_of_install:
            checks.unknown_page(page_id)
        else:
            checks.unknown(signers[0])  # an app of a customer: a list of all pages it names is not ours to keep
    await take(state, found.arrived)
    return json_response(_shown(len(notices), len(found.unknown) + len(found.elsewhere)))


def _shown(leads: int, unknown: int) -> dict[str, Any]:
    return {"success": True, "leads": leads, "unknown": unknown}
