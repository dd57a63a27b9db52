"""``/api/link-domains``: what an account's short links begin with. ``/api/link-settings``: what is done with links."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from api.http.auth import requires
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.links.models import LinkDomainAnswer, LinkDomainGone, LinkDomainPage, LinkSettingsAnswer, NewLinkDomain
from api.reference.openapi import answers, documented_body
from api.resources.access import check_known, user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, below_id, listed
from domain.errors import ConflictError
from gateways.net.txt_lookup import TxtLookup
from services.changes import Change
from services.domains.rules import CHECK_RATE, TAKEN, take_turn
from services.links import domains as rules
from services.links import settings
from services.links.domains import shown
from services.links.settings import LinkSettings
from services.settings.current import CurrentSettings
from store.accounts.api_keys import Principal
from store.links import link_domains

router = APIRouter(tags=["links"])

DomainId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The domain's id.")]
_one: dict[str, Any] = {"response_model": None, "responses": answers(LinkDomainAnswer, 409, 412)}


async def _reader(request: Request, principal: Annotated[Principal, Depends(requires("read"))]) -> Principal:
    check_known(request)
    return principal


async def _writer(
    request: Request, principal: Annotated[Principal, Depends(requires("send", also=("read",)))]
) -> Principal:
    """A key that only sends must not decide where links lead through."""
    check_known(request)
    return principal


Reader = Annotated[Principal, Depends(_reader)]
Writer = Annotated[Principal, Depends(_writer)]


@router.get("/api/link-domains", summary="Your link domains", response_model=None, responses=answers(LinkDomainPage))
async def list_link_domains(
    request: Request,
    principal: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Newest first."""
    pool = state_of(request).pool

    async def fetch(below: int, most: int) -> list[link_domains.LinkDomain]:
        return await link_domains.page(pool, principal.account_id, below, most)

    return await listed(request, limit, cursor, format, below_id(fetch), shown)


@router.post(
    "/api/link-domains",
    summary="Add a link domain",
    openapi_extra=documented_body(NewLinkDomain, idempotent=True),
    **_one,
)
async def add_link_domain(request: Request, principal: Writer, dry_run: DryRun = False) -> Response:
    """The answer has the DNS `records` to enter. Once both are seen, new short links begin with the domain."""
    raw, state = await read_body(request), state_of(request)
    name = parse_body(raw, NewLinkDomain).domain
    install = await state.part(CurrentSettings).at(principal.settings_version)

    async def work(made: Change, _: KeyClaim) -> Answer:
        domain = await rules.add_domain(made, principal.account_id, name, install.public_url)
        return "added: enter the records at your DNS service", shown(domain)

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "link_domain.created", raw, work, dry_run=dry_run)


@router.get(
    "/api/link-domains/{link_domain}",
    summary="Read a link domain",
    response_model=None,
    responses=answers(LinkDomainAnswer),
)
async def get_link_domain(request: Request, link_domain: DomainId, principal: Reader) -> Response:
    """With its records, and what the last check found of them."""
    return answer_one(shown(await link_domains.get(state_of(request).pool, link_domain, principal.account_id)))


@router.delete(
    "/api/link-domains/{link_domain}",
    summary="Delete a link domain",
    response_model=None,
    responses=answers(LinkDomainGone, 409, 412),
)
async def delete_link_domain(
    request: Request, link_domain: DomainId, principal: Writer, dry_run: DryRun = False
) -> Response:
    """The links that begin with it lead nowhere from now on, also those in messages that were sent."""

    async def work(made: Change) -> Answer:
        domain = await rules.find_domain(made, link_domain, principal.account_id)
        check_match(request, shown(domain))
        await rules.remove_domain(made, domain)
        return "deleted", None

    return await perform(request, user_actor(request, principal), "link_domain.deleted", work, dry_run=dry_run)


@router.post("/api/link-domains/{link_domain}/check", summary="Check a link domain's records now", **_one)
async def check_link_domain(
    request: Request, link_domain: DomainId, principal: Writer, dry_run: DryRun = False
) -> Response:
    """They are also checked every few hours. A domain that another account has verified is refused (409)."""
    state = state_of(request)
    domain = await link_domains.get(state.pool, link_domain, principal.account_id)
    wait = await take_turn(state.pool, principal.account_id, CHECK_RATE, "domain checks")
    if wait > 0:
        message = f"too many domain checks in a short time: wait {wait:.0f} s"
        raise ApiError(429, "rate_limited", message, retry_after=wait)
    looked = await rules.look_up(TxtLookup(state.settings.dns_servers), domain)
    noted = domain

    async def work(made: Change) -> Answer:
        nonlocal noted
        noted = await rules.note_check(made, looked)
        return f"checked: {noted.state}", shown(noted)

    answer = await perform(request, user_actor(request, principal), "link_domain.checked", work, dry_run=dry_run)
    if noted.problem is not None:
        raise ConflictError(TAKEN, noted.problem)
    return answer


@router.get(
    "/api/link-settings",
    summary="What is done with your links",
    response_model=None,
    responses=answers(LinkSettingsAnswer),
)
async def get_link_settings(request: Request, principal: Reader) -> Response:
    """Unless a request or a template says otherwise."""
    return answer_one(settings.shown(await settings.read(state_of(request).pool, principal.account_id)))


@router.put(
    "/api/link-settings",
    summary="Choose what is done with your links",
    response_model=None,
    responses=answers(LinkSettingsAnswer, 412),
    openapi_extra=documented_body(LinkSettings),
)
async def put_link_settings(request: Request, principal: Writer, dry_run: DryRun = False) -> Response:
    """All of it: what is left out is as if it had never been set. It counts from the next request on."""
    wanted = parse_body(await read_body(request), LinkSettings)

    async def work(made: Change) -> Answer:
        check_match(request, settings.shown(await settings.read(made.store, principal.account_id)))
        return "set", settings.shown(await settings.put(made, principal.account_id, wanted))

    return await perform(request, user_actor(request, principal), "link_settings.changed", work, dry_run=dry_run)
